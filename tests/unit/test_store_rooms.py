"""Sealed items, plans, runs, evidence, vouches and the clock's mark, on SQLite and on PostgreSQL."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import IntegrityError

from kept.law.terms import Verdict
from kept.policy.findings import Exit, Refused
from kept.prove.verdict import Count, Evidence
from kept.store import clockmark, evidence, runs, sealed, tables
from kept.store.open import Store, open_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = base64.b64encode(b"m" * 32).decode()
SECRET = b'{"email": "anna.planted.token@example.org"}'


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, once on each database."""
    place = tmp_path / "store.db" if request.param == "sqlite" else request.getfixturevalue("postgresql").url
    found = open_store(place, environ={"KEPT_KEY": KEY})
    yield found
    found.close()


def plan_of(text: str = '{"steps":[]}') -> runs.StoredPlan:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return runs.StoredPlan(digest=digest, kind="erasure", text=text, at=NOW, expires_at=NOW + 24 * HOUR)


def test_what_was_sealed_is_read_back_and_nothing_of_it_stands_in_the_row(store: Store) -> None:
    with store.write() as tx:
        sealed_id = sealed.seal(tx, "trigger", SECRET, at=NOW)
    with store.read() as tx:
        assert sealed.unseal(tx, sealed_id) == SECRET
        row = tx.connection.execute(select(tables.sealed)).one()
    assert b"anna" not in bytes(row.ciphertext)


def test_a_destroyed_item_is_refused_and_so_is_one_that_never_was(store: Store) -> None:
    with store.write() as tx:
        sealed_id = sealed.seal(tx, "trigger", SECRET, at=NOW)
        other = sealed.seal(tx, "trigger", b"other", at=NOW)
        assert sealed.destroy(tx, sealed_id)
        assert not sealed.destroy(tx, sealed_id)
    for gone in (sealed_id, "never"):
        with store.read() as tx, pytest.raises(Refused) as caught:
            sealed.unseal(tx, gone)
        assert caught.value.findings[0].code == "K130"
        assert caught.value.exit_code is Exit.COULD_NOT_RUN
    with store.read() as tx:
        assert sealed.unseal(tx, other) == b"other"


def test_a_copy_of_the_ciphertext_is_useless_once_its_key_is_destroyed(store: Store) -> None:
    with store.write() as tx:
        sealed_id = sealed.seal(tx, "trigger", SECRET, at=NOW)
        copy = tx.connection.execute(select(tables.sealed)).one()._mapping
    with store.write() as tx:
        assert sealed.destroy(tx, sealed_id)
        sealed.seal(tx, "trigger", b"later", at=NOW)
    with store.write() as tx:
        tx.keys.data(copy["key_id"], "trigger")  # whoever brings the row back cannot bring the key back
        tx.connection.execute(tables.sealed.insert().values(**copy))
    with store.read() as tx, pytest.raises(Refused) as caught:
        sealed.unseal(tx, sealed_id)
    assert caught.value.findings[0].code == "K131"


def test_a_ciphertext_moved_to_another_item_does_not_open(store: Store) -> None:
    with store.write() as tx:
        one, other = (sealed.seal(tx, "trigger", words, at=NOW) for words in (b"one", b"other"))
        stolen = select(tables.sealed.c.ciphertext).where(tables.sealed.c.id == one).scalar_subquery()
        tx.connection.execute(update(tables.sealed).where(tables.sealed.c.id == other).values(ciphertext=stolen))
    with store.read() as tx, pytest.raises(Refused):
        sealed.unseal(tx, other)


def test_items_go_when_their_time_is_over_and_not_before(store: Store) -> None:
    with store.write() as tx:
        short = sealed.seal(tx, "trigger", b"short", at=NOW, expires_at=NOW + HOUR)
        long = sealed.seal(tx, "trigger", b"long", at=NOW, expires_at=NOW + 2 * HOUR)
        kept = sealed.seal(tx, "trigger", b"kept", at=NOW)
        assert sealed.destroy_expired(tx, NOW) == 0
        assert [item.id for item in sealed.expired(tx, NOW + HOUR)] == [short]
        assert sealed.destroy_expired(tx, NOW + HOUR) == 1
        assert (sealed.unseal(tx, long), sealed.unseal(tx, kept)) == (b"long", b"kept")


def test_after_destruction_no_byte_of_it_is_in_any_file_of_an_sqlite_store(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db", environ={"KEPT_KEY": KEY})
    with store.write() as tx:
        sealed_ids = [sealed.seal(tx, "trigger", SECRET * (n + 1) * 40, at=NOW) for n in range(5)]
        planted = [bytes(row) for (row,) in tx.connection.execute(select(tables.sealed.c.ciphertext))]
        planted += [bytes(row) for (row,) in tx.connection.execute(select(tables.data_key.c.wrapped)) if row][2:]
    needles = [secret[12:44] for secret in planted]
    assert any(needle in everything(tmp_path) for needle in needles)
    with store.write() as tx:
        assert all(sealed.destroy(tx, sealed_id) for sealed_id in sealed_ids)
    assert len(needles) == 10
    assert [needle for needle in needles if needle in everything(tmp_path)] == []
    assert SECRET not in everything(tmp_path)


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def test_what_a_reader_kept_in_the_journal_goes_with_the_next_write(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store.db", environ={"KEPT_KEY": KEY})
    with store.write() as tx:
        sealed_id = sealed.seal(tx, "trigger", SECRET, at=NOW)
        needle = bytes(tx.connection.execute(select(tables.sealed.c.ciphertext)).scalar_one())[12:44]
    event.listen(store.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=1"))
    with store.read() as reader:
        reader.connection.execute(select(tables.about)).all()
        with store.write() as tx:
            sealed.destroy(tx, sealed_id)
        assert not store.reclaim(wait_ms=1)
        assert needle in everything(tmp_path)
    with store.write() as tx:
        clockmark.advance(tx, NOW)
    assert needle not in everything(tmp_path)


def test_another_master_key_opens_everything_after_rotation_and_the_old_one_nothing(store: Store) -> None:
    with store.write() as tx:
        sealed_id = sealed.seal(tx, "trigger", SECRET, at=NOW)
        digest_key, signing_key = tx.keys.digest, tx.keys.signing.private_bytes_raw()
        assert tx.keys.rotate(b"n" * 32) == 3
    with store.read() as tx, pytest.raises(Refused) as caught:
        sealed.unseal(tx, sealed_id)
    assert caught.value.findings[0].code == "K123"
    rotated = replace(store, master=replace(store.master, key=b"n" * 32))
    with rotated.read() as tx:
        assert sealed.unseal(tx, sealed_id) == SECRET
        assert (tx.keys.digest, tx.keys.signing.private_bytes_raw()) == (digest_key, signing_key)


def test_a_plan_is_saved_once_under_the_digest_of_its_text(store: Store) -> None:
    saved = plan_of()
    with store.write() as tx:
        assert runs.save_plan(tx, saved)
        assert not runs.save_plan(tx, saved)
        assert runs.load_plan(tx, saved.digest) == saved
        with pytest.raises(ValueError, match="SHA-256"):
            runs.save_plan(tx, replace(saved, text="{}"))


def test_a_plan_whose_stored_text_was_changed_is_refused(store: Store) -> None:
    saved = plan_of('{"rows":1}')
    with store.write() as tx:
        runs.save_plan(tx, saved)
        tx.connection.execute(update(tables.plan).values(text='{"rows":2}'))
    with store.read() as tx, pytest.raises(Refused) as caught:
        runs.load_plan(tx, saved.digest)
    assert (caught.value.findings[0].code, caught.value.exit_code) == ("K141", Exit.STOPPED)


def test_an_instant_edited_by_hand_is_refused_without_showing_it(store: Store) -> None:
    saved = plan_of()
    with store.write() as tx:
        runs.save_plan(tx, saved)
        tx.connection.execute(text("UPDATE kept_plan SET at = 'anna'"))
    with store.read() as tx, pytest.raises(Refused) as caught:
        runs.load_plan(tx, saved.digest)
    assert caught.value.findings[0].code == "K112"
    assert "anna" not in repr(caught.value.findings)


def test_an_unknown_plan_is_refused(store: Store) -> None:
    with store.read() as tx, pytest.raises(Refused) as caught:
        runs.load_plan(tx, "0" * 64)
    assert caught.value.findings[0].code == "K140"


def test_each_role_approves_a_plan_once_and_only_a_plan_that_is_there(store: Store) -> None:
    saved = plan_of()
    officer = runs.Approval(plan=saved.digest, role="privacy-officer", at=NOW)
    with store.write() as tx:
        runs.save_plan(tx, saved)
        assert runs.approve(tx, officer)
        assert not runs.approve(tx, replace(officer, at=NOW + HOUR))
        assert runs.approve(tx, replace(officer, role="engineer", at=NOW + HOUR))
        assert [given.role for given in runs.approvals(tx, saved.digest)] == ["privacy-officer", "engineer"]
        assert runs.approvals(tx, saved.digest)[0].at == NOW
    with pytest.raises(IntegrityError), store.write() as tx:
        runs.approve(tx, replace(officer, plan="0" * 64))


def test_a_run_is_taken_up_where_it_was_and_a_verified_one_is_over(store: Store) -> None:
    saved = plan_of()
    with store.write() as tx:
        runs.save_plan(tx, saved)
        first = runs.start_run(tx, "r1", saved.digest, at=NOW)
        assert runs.start_run(tx, "r1", saved.digest, at=NOW + HOUR) == first
        assert runs.ask_pause(tx, "r1")
        assert runs.pause_asked(tx, "r1")
        assert runs.move(tx, "r1", runs.State.PAUSED, at=NOW + HOUR, reason="asked").reason == "asked"
        resumed = runs.move(tx, "r1", runs.State.STARTED, at=NOW + HOUR)
        assert (resumed.state, resumed.pause_asked, resumed.started_at) == (runs.State.STARTED, False, NOW)
        runs.move(tx, "r1", runs.State.VERIFIED, at=NOW + 2 * HOUR)
        assert not runs.ask_pause(tx, "r1")
        with pytest.raises(Refused) as caught:
            runs.move(tx, "r1", runs.State.STARTED, at=NOW)
    assert caught.value.findings[0].code == "K142"


def test_runs_are_listed_latest_first(store: Store) -> None:
    one, other = plan_of("1"), plan_of("2")
    with store.write() as tx:
        for number, saved in enumerate((one, other, one)):
            runs.save_plan(tx, saved)
            runs.start_run(tx, f"r{number}", saved.digest, at=NOW + number * HOUR)
        assert [run.id for run in runs.runs(tx)] == ["r2", "r1", "r0"]
        assert [run.id for run in runs.runs(tx, digest=one.digest)] == ["r2", "r0"]
        assert runs.find_run(tx, "r9") is None
        with pytest.raises(ValueError, match="one plan"):
            runs.start_run(tx, "r0", other.digest, at=NOW)


def test_a_batch_that_is_reported_again_after_a_crash_counts_once(store: Store) -> None:
    saved = plan_of()
    done = runs.Batch(run="r1", step=0, batch=0, rows=10, at=NOW, ms=8)
    with store.write() as tx:
        runs.save_plan(tx, saved)
        runs.start_run(tx, "r1", saved.digest, at=NOW)
        assert runs.record_batch(tx, done)
        assert not runs.record_batch(tx, replace(done, rows=99))
        assert runs.record_batch(tx, replace(done, batch=1, rows=5))
        assert runs.record_batch(tx, replace(done, step=1, rows=7))
        assert runs.rows_done(tx, "r1") == {0: 15, 1: 7}
        assert [each.rows for each in runs.batches(tx, "r1")] == [10, 5, 7]


def test_the_newest_evidence_of_each_citation_is_read_back_whole(store: Store) -> None:
    old = Evidence(control="retention-count", verdict=Verdict.BROKEN, reason="past-date")
    new = Evidence(
        control="retention-count",
        verdict=Verdict.KEPT,
        reason="none-past-date",
        facts=(("period", "3 years"), ("ünï", "«x»")),
        counts=(Count(place="shop.tickets", violations=0, total=41_203, since=NOW - HOUR),),
        query="SELECT count(*) FROM tickets",
        positive="canary shop.accounts",
        at=NOW + HOUR,
        entry=5,
    )
    with store.write() as tx:
        for each in (old, new):
            evidence.save(tx, [evidence.Seen(promise="VCL-65", bound="retention.crm.keep", evidence=each)], at=NOW)
        other = evidence.Seen(promise="VCL-66", bound="data.crm.fields", evidence=old)
        assert evidence.save(tx, [other], at=NOW, entry=9) == 1
        assert evidence.save(tx, [], at=NOW) == 0
        assert [seen.evidence for seen in evidence.latest(tx, "VCL-65")] == [new]
        assert {seen.promise for seen in evidence.latest(tx)} == {"VCL-65", "VCL-66"}
        assert evidence.latest(tx, "VCL-66")[0].evidence == replace(old, at=NOW, entry=9)
        assert [seen.evidence.verdict for seen in evidence.history(tx, "VCL-65")] == [Verdict.KEPT, Verdict.BROKEN]
        assert evidence.forget_before(tx, NOW + HOUR) == 2
        assert len(evidence.latest(tx)) == 1


def test_the_newest_vouch_of_a_promise_stands(store: Store) -> None:
    first = evidence.Vouch(promise="VCL-1", role="cto", at=NOW, valid_until=NOW + HOUR, note="annual training")
    later = replace(first, at=NOW + HOUR, valid_until=NOW + 9 * HOUR)
    with store.write() as tx:
        evidence.vouch_for(tx, first)
        evidence.vouch_for(tx, later)
        assert evidence.vouches(tx) == {"VCL-1": later}


def test_only_a_clock_that_goes_back_freezes_and_the_mark_never_follows_it(store: Store) -> None:
    with store.write() as tx:
        assert clockmark.advance(tx, NOW).mark is None
        assert not clockmark.advance(tx, NOW + 100 * 24 * HOUR).frozen
        back = clockmark.advance(tx, NOW)
        assert back.frozen
        assert back.moved == -100 * 24 * HOUR
        assert clockmark.look(tx, NOW).mark == NOW + 100 * 24 * HOUR
        assert not clockmark.look(tx, NOW + 100 * 24 * HOUR - timedelta(seconds=5)).frozen
        assert clockmark.look(tx, NOW + 100 * 24 * HOUR - timedelta(seconds=6)).frozen
        clockmark.accept(tx, NOW)
        assert not clockmark.advance(tx, NOW).frozen


def test_what_one_verb_writes_is_written_whole_or_not_at_all(store: Store) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        _half_a_verb(store)
    with store.read() as tx:
        assert tx.connection.execute(select(tables.sealed)).all() == []
        assert clockmark.look(tx, NOW).mark is None


def _half_a_verb(store: Store) -> None:
    with store.write() as tx:
        clockmark.advance(tx, NOW)
        sealed.seal(tx, "trigger", SECRET, at=NOW)
        runs.save_plan(tx, replace(plan_of(), text="changed"))
