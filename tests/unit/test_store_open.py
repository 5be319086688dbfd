"""Opening Kept's own store: modes, versions, keys, and one clear answer for what cannot be opened."""

from __future__ import annotations

import base64
import errno
import os
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.engine import Connection

from kept.policy.findings import Exit, Refused, Severity
from kept.store import tables
from kept.store.open import Store, open_store

KEY = base64.b64encode(b"m" * 32).decode()


def refusal(place: str | Path, environ: dict[str, str] | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        open_store(place, environ=environ or {})
    assert caught.value.exit_code is Exit.COULD_NOT_RUN
    assert all(found.help for found in caught.value.findings)
    return caught.value


def codes(refused: Refused) -> list[str]:
    return [found.code for found in refused.findings]


def opened(place: Path) -> Store:
    return open_store(place, environ={"KEPT_KEY": KEY})


def test_file_directory_and_key_are_closed_to_everybody_else(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        store = open_store(tmp_path / "new" / "store.db", environ={})
        with store.write() as tx:
            tx.connection.execute(insert(tables.about).values(name="x", value="y"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new").iterdir()}
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert set(modes) >= {"store.db", "store.db.key", "store.db-wal"}
    assert set(modes.values()) == {0o600}


def test_an_existing_file_that_others_may_read_is_closed(tmp_path: Path) -> None:
    opened(tmp_path / "store.db").close()
    (tmp_path / "store.db").chmod(0o644)
    opened(tmp_path / "store.db").close()
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o600


def test_sqlite_is_durable_overwrites_what_it_deletes_and_waits_for_its_turn(tmp_path: Path) -> None:
    with opened(tmp_path / "store.db").read() as tx:
        values = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "busy_timeout", "foreign_keys")
        }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "busy_timeout": 30_000,
        "foreign_keys": 1,
    }


def test_the_first_opening_makes_a_key_file_and_says_what_that_means(tmp_path: Path) -> None:
    first = open_store(tmp_path / "store.db", environ={})
    assert [(found.code, found.severity) for found in first.warnings] == [("K121", Severity.WARNING)]
    assert open_store(tmp_path / "store.db", environ={}).warnings == ()


def test_a_key_in_the_environment_leaves_no_key_file(tmp_path: Path) -> None:
    assert opened(tmp_path / "store.db").warnings == ()
    assert not (tmp_path / "store.db.key").exists()


def test_another_key_than_the_one_it_was_made_with_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "store.db").close()
    other = base64.b64encode(b"o" * 32).decode()
    assert codes(refusal(tmp_path / "store.db", {"KEPT_KEY": other})) == ["K123"]


def test_a_lost_key_file_is_said_to_be_lost_and_not_made_anew(tmp_path: Path) -> None:
    open_store(tmp_path / "store.db", environ={}).close()
    (tmp_path / "store.db.key").unlink()
    assert codes(refusal(tmp_path / "store.db")) == ["K124"]
    assert not (tmp_path / "store.db.key").exists()


@pytest.mark.parametrize("wrong", ["short", "", "ö", base64.b64encode(b"m" * 31).decode()])
def test_a_key_file_with_something_else_in_it_is_refused_without_showing_it(tmp_path: Path, wrong: str) -> None:
    open_store(tmp_path / "store.db", environ={}).close()
    (tmp_path / "store.db.key").write_text(wrong)
    refused = refusal(tmp_path / "store.db")
    assert codes(refused) == ["K122"]
    assert not wrong or wrong not in repr(refused.findings)


def test_a_newer_store_is_not_touched(tmp_path: Path) -> None:
    with opened(tmp_path / "store.db").write() as tx:
        tx.connection.execute(update(tables.about).where(tables.about.c.name == "version").values(value="99"))
    refused = refusal(tmp_path / "store.db", {"KEPT_KEY": KEY})
    assert codes(refused) == ["K103"]
    assert "99" in refused.findings[0].message


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    opened(tmp_path / "store.db").close()
    before = (tmp_path / "store.db").read_bytes()
    opened(tmp_path / "store.db").close()
    assert (tmp_path / "store.db").read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("these are notes of the privacy officer, not a database\n" * 50)
    assert codes(refusal(file)) == ["K112"]
    assert file.read_text().startswith("these are notes")
    assert not (tmp_path / "notes.txt.key").exists()


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert codes(refusal(tmp_path)) == ["K114"]


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert codes(refusal(tmp_path / "file" / "store.db")) == ["K114"]


def test_a_read_only_store_is_refused_and_says_so(tmp_path: Path) -> None:
    store = opened(tmp_path / "store.db")

    @event.listens_for(store.engine, "begin")
    def _readonly(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only=ON")

    with pytest.raises(Refused) as caught, store.write() as tx:
        tx.connection.execute(insert(tables.about).values(name="x", value="y"))
    assert codes(caught.value) == ["K111"]


def test_a_full_disk_is_said_to_be_full_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = opened(tmp_path / "store.db")
    with store.read() as tx:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
    event.listen(store.engine, "checkout", lambda raw, *_: raw.execute(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(Refused) as caught:
        _write(store, first="y", x="y" * 500_000)
    assert codes(caught.value) == ["K110"]
    with sqlite3.connect(tmp_path / "store.db") as raw:
        assert raw.execute("SELECT count(*) FROM kept_about WHERE name IN ('first', 'x')").fetchone() == (0,)


def test_a_store_that_another_process_holds_is_said_to_be_held(tmp_path: Path) -> None:
    store = opened(tmp_path / "store.db")
    event.listen(store.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=1"))
    holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Refused) as caught, store.write():
        pass
    holder.execute("ROLLBACK")
    assert codes(caught.value) == ["K113"]


def test_an_error_of_the_caller_rolls_back_and_stays_the_callers(tmp_path: Path) -> None:
    store = opened(tmp_path / "store.db")
    with pytest.raises(OSError, match="theirs"):
        _write_and_fail(store)
    with store.read() as tx:
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM kept_about WHERE name = 'x'").scalar() == 0


def test_a_key_that_cannot_be_written_leaves_no_half_key_and_no_half_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("kept.store.keys.os.fsync", full)
        assert codes(refusal(tmp_path / "store.db")) == ["K110"]
    assert not (tmp_path / "store.db.key").exists()
    assert open_store(tmp_path / "store.db", environ={}).warnings


@pytest.mark.parametrize(
    "address", ["", "sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/d", "oracle://u:secret@h/d", "://secret"]
)
def test_an_address_that_is_no_store_is_refused_without_its_secret(address: str) -> None:
    refused = refusal(address)
    assert codes(refused) == ["K102"]
    assert "secret" not in repr(refused.findings)


def test_a_server_that_does_not_answer_is_refused_without_the_password() -> None:
    refused = refusal("postgresql://kept:s3cret@127.0.0.1:1/kept?connect_timeout=2", {"KEPT_KEY": KEY})
    assert codes(refused) == ["K116"]
    assert "s3cret" not in repr(refused.findings)
    assert "127.0.0.1" in refused.findings[0].where


def test_no_key_shows_in_the_representation_of_a_store(tmp_path: Path) -> None:
    store = opened(tmp_path / "store.db")
    with store.read() as tx:
        shown = repr(store) + repr(tx) + repr(tx.keys)
    assert "mmmm" not in shown
    assert KEY not in shown


def _write(store: Store, **values: str) -> None:
    with store.write() as tx:
        for name, value in values.items():
            tx.connection.execute(insert(tables.about).values(name=name, value=value))


def _write_and_fail(store: Store) -> None:
    with store.write() as tx:
        tx.connection.execute(insert(tables.about).values(name="x", value="y"))
        raise OSError("theirs")
