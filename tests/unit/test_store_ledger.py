"""The ledger on disk: groups, heads, tampering with the database itself, and writers at the same time."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, text, update

import kept
from kept.policy.findings import Exit, Refused
from kept.records import audit
from kept.records.audit import Audit
from kept.records.ledger import Draft, Kind, commit, opens, witness_of
from kept.store import ledger, tables
from kept.store.open import Store, Tx, open_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = base64.b64encode(b"m" * 32).decode()
TOKEN = b"anna.planted.token@example.org"
ENTRY, HEAD = tables.ledger_entry, tables.ledger_head


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, once on each database."""
    place = tmp_path / "store.db" if request.param == "sqlite" else request.getfixturevalue("postgresql").url
    found = open_store(place, environ={"KEPT_KEY": KEY})
    yield found
    found.close()


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite."""
    found = open_store(tmp_path / "store.db", environ={"KEPT_KEY": KEY})
    yield found
    found.close()


def draft(number: int = 0, payload: bytes = b"") -> Draft:
    return Draft(kind=Kind.BATCH_APPLIED, actor="clock", run="run-1", counts={"shop.t": number}, payload=payload)


def appended(store: Store, *groups: int) -> None:
    for size in groups:
        with store.write() as tx:
            ledger.append(tx, [draft(number) for number in range(size)], at=NOW)


def verified(store: Store, *witnesses: str) -> Audit:
    with store.read() as tx:
        return ledger.verify(tx, at=NOW, witnesses=[witness_of(words) for words in witnesses])


def test_entries_are_numbered_from_zero_and_read_back_in_order(store: Store) -> None:
    with store.write() as tx:
        assert ledger.head(tx) is None
        first = ledger.append(tx, [draft(7), draft(8)], at=NOW)
        second = ledger.append(tx, iter([draft(9)]), at=NOW)
    assert (first.first, first.head.size, second.first, second.head.size) == (0, 2, 2, 3)
    with store.read() as tx:
        entries = list(ledger.entries(tx))
        assert ledger.head(tx) == second.head
        assert [entry.seq for entry in ledger.entries(tx, 1, 2)] == [1]
    assert [(entry.seq, entry.counts["shop.t"], entry.at) for entry in entries] == [
        (0, 7, NOW),
        (1, 8, NOW),
        (2, 9, NOW),
    ]


@pytest.mark.parametrize("groups", [(), (1,), (16, 1), (17,), (1, 1024, 3), (2500,)])
def test_whatever_the_groups_the_ledger_verifies(store: Store, groups: Sequence[int]) -> None:
    appended(store, *groups)
    found = verified(store)
    assert found.problems == ()
    assert found.proven == sum(groups)


def test_a_small_group_has_a_head_per_entry_and_a_large_one_has_marks(light: Store) -> None:
    appended(light, 16, 17, 1025)
    with light.read() as tx:
        heads = tx.connection.execute(select(HEAD.c.size, HEAD.c.marks).order_by(HEAD.c.size)).all()
    assert [row.size for row in heads] == [*range(1, 17), 33, 1057, 1058]
    assert [len(row.marks) for row in heads if row.marks] == [4 * 17, 4 * 1024]


def test_an_append_without_an_entry_is_an_error_of_the_caller(light: Store) -> None:
    with pytest.raises(ValueError, match="at least one"), light.write() as tx:
        ledger.append(tx, [], at=NOW)


def test_entries_of_a_transaction_that_fails_are_not_in_the_ledger(store: Store) -> None:
    appended(store, 3)
    with pytest.raises(ValueError, match="later"):
        _append_and_fail(store)
    appended(store, 2)
    assert verified(store).proven == 5


def _append_and_fail(store: Store) -> None:
    with store.write() as tx:
        ledger.append(tx, [draft()], at=NOW)
        raise ValueError("later")


def test_an_export_verifies_offline_and_against_the_store(store: Store, tmp_path: Path) -> None:
    appended(store, 3, 40)
    copy = tmp_path / "copy.jsonl"
    with store.read() as tx, copy.open("wb") as out:
        key = ledger.public_key(tx)
        out.writelines(ledger.export_lines(tx, at=NOW))
    with copy.open("rb") as lines:
        assert audit.verify(lines, key=key).proven == 43
    appended(store, 1)
    with store.read() as tx, copy.open("rb") as lines:
        assert ledger.verify_copy(tx, lines).holds


def test_an_export_shows_one_state_though_entries_are_appended_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended(store, 3)
    stream = ledger._stream

    def interrupted(tx: Tx, query: Select[Any]) -> Iterator[Row[Any]]:
        rows = stream(tx, query)  # the entries are being read; the heads will be asked for next
        appended(store, 2)
        return rows

    with store.read() as tx:
        monkeypatch.setattr(ledger, "_stream", interrupted)
        found = audit.verify(ledger.export_lines(tx, at=NOW))
    assert (found.problems, found.proven) == ((), 3)


def test_a_copy_that_shows_another_history_than_the_store_is_told_apart(light: Store, tmp_path: Path) -> None:
    appended(light, 2)
    light.close()
    shutil.copy(tmp_path / "store.db", tmp_path / "fork.db")
    fork = open_store(tmp_path / "fork.db", environ={"KEPT_KEY": KEY})
    appended(fork, 1)
    appended(light, 1)
    with fork.read() as tx:
        lines = list(ledger.export_lines(tx, at=NOW))
    with light.read() as tx:
        found = ledger.verify_copy(tx, lines)
    assert [problem.code for problem in found.problems] == ["L111"]


@pytest.mark.parametrize("groups", [(6,), (3, 20, 4)])
@pytest.mark.parametrize("how", ["alter", "delete", "swap", "truncate"])
def test_tampering_with_the_database_is_found_and_the_first_entry_named(
    light: Store, groups: Sequence[int], how: str
) -> None:
    appended(light, *groups)
    size = sum(groups)
    for index in range(size):
        with light.write() as tx, tx.connection.begin_nested() as undo:
            TAMPER[how](tx.connection, index, size)
            found = ledger.verify(tx, at=NOW)
            undo.rollback()
        if how == "swap" and index == size - 1:
            continue  # nothing behind the last entry to change places with
        assert (found.first_bad, found.last_bad) == (index, index), how
    assert verified(light).holds


def _alter(connection: Connection, index: int, _size: int) -> None:
    changed = func.replace(ENTRY.c.leaf, b"clock", b"cloak")
    connection.execute(update(ENTRY).where(ENTRY.c.seq == index).values(leaf=changed))


def _delete(connection: Connection, index: int, _size: int) -> None:
    connection.execute(delete(ENTRY).where(ENTRY.c.seq == index))


def _swap(connection: Connection, index: int, size: int) -> None:
    other = min(index + 1, size - 1)
    for old, new in ((index, -1), (other, index), (-1, other)):
        connection.execute(update(ENTRY).where(ENTRY.c.seq == old).values(seq=new))


def _truncate(connection: Connection, index: int, _size: int) -> None:
    connection.execute(delete(ENTRY).where(ENTRY.c.seq >= index))


TAMPER: Mapping[str, Callable[[Connection, int, int], None]] = {
    "alter": _alter,
    "delete": _delete,
    "swap": _swap,
    "truncate": _truncate,
}


def test_an_entry_slipped_in_behind_the_last_head_is_found(light: Store) -> None:
    appended(light, 3)
    with light.write() as tx:
        tx.connection.execute(insert(ENTRY).values(seq=3, leaf=b"{}"))
    assert (verified(light).first_bad, verified(light).last_bad) == (3, 3)


def test_a_database_rolled_back_as_a_whole_is_found_by_a_head_kept_elsewhere(light: Store, tmp_path: Path) -> None:
    appended(light, 5)
    light.close()
    shutil.copy(tmp_path / "store.db", tmp_path / "backup.db")
    appended(light, 3)
    with light.read() as tx:
        head = ledger.head(tx)
    assert head is not None
    restored = open_store(tmp_path / "backup.db", environ={"KEPT_KEY": KEY})
    assert verified(restored).holds
    found = verified(restored, head.short)
    assert ([problem.code for problem in found.problems], found.first_bad) == (["L106"], 5)
    appended(restored, 9)
    assert [problem.code for problem in verified(restored, head.short).problems] == ["L107"]


@pytest.mark.parametrize(
    "damage",
    [
        update(HEAD).values(root=b"\x00" * 32),
        update(HEAD).values(peaks=b"\x00" * 32),
        update(HEAD).values(peaks=b""),
        update(HEAD).values(signature=b"\x00" * 64),
        update(HEAD).values(signature=b""),
        delete(ENTRY).where(ENTRY.c.seq == 3),
        delete(HEAD).where(HEAD.c.size == 4),
        delete(HEAD),
    ],
    ids=str,
)
def test_nothing_is_built_on_a_damaged_ledger(store: Store, damage: object) -> None:
    appended(store, 4)
    with store.write() as tx:
        tx.connection.execute(damage)  # type: ignore[call-overload]
    store.kept.clear()  # as a new process would see it
    with pytest.raises(Refused) as caught:
        appended(store, 1)
    assert (caught.value.findings[0].code, caught.value.exit_code) == ("K150", Exit.COULD_NOT_RUN)


def test_a_bit_that_turned_on_its_way_to_the_disk_is_never_signed(light: Store) -> None:
    appended(light, 2)
    flip = "UPDATE kept_ledger_entry SET leaf = replace(leaf, X'636c6f636b', X'636c6f636a') WHERE seq = new.seq"
    with light.write() as tx:
        tx.connection.execute(text(f"CREATE TRIGGER bit AFTER INSERT ON kept_ledger_entry BEGIN {flip}; END"))
    for size in (1, 30):
        with pytest.raises(Refused) as caught:
            appended(light, size)
        assert caught.value.findings[0].code == "K150"
    found = verified(light)
    assert (found.holds, found.proven) == (True, 2)


def test_a_payload_is_opened_until_its_key_is_destroyed_and_the_tree_stays(store: Store) -> None:
    other = Draft(kind=Kind.DRILL, actor="clock", payload=b"other")
    with store.write() as tx:
        head = ledger.append(tx, [draft(1, TOKEN), draft(2, TOKEN + b"2"), draft(3), other], at=NOW).head
    with store.read() as tx:
        entries = list(ledger.entries(tx))
        opened = [ledger.open_payload(tx, seq) for seq in range(4)]
    assert [each.payload if each else None for each in opened] == [TOKEN, TOKEN + b"2", None, b"other"]
    assert opened[0] is not None
    assert opens(entries[0], salt=opened[0].salt, payload=TOKEN)
    assert entries[0].commitment != commit(b"\x00" * 32, TOKEN)
    with store.write() as tx:
        assert ledger.destroy_payloads(tx, "run-1") == 2
        assert ledger.destroy_payloads(tx, "run-1") == 0
    with store.read() as tx:
        assert [ledger.open_payload(tx, seq) is None for seq in range(4)] == [True, True, True, False]
        assert ledger.head(tx) == head
    assert verified(store).proven == 4


def test_a_payload_moved_to_another_entry_does_not_open(light: Store) -> None:
    with light.write() as tx:
        ledger.append(tx, [draft(1, b"one"), draft(2, b"two")], at=NOW)
        payload = tables.ledger_payload
        tx.connection.execute(delete(payload).where(payload.c.seq == 1))
        tx.connection.execute(update(payload).values(seq=1))
        with pytest.raises(Refused) as caught:
            ledger.open_payload(tx, 1)
    assert caught.value.findings[0].code == "K151"


def test_no_personal_value_is_in_any_file_of_the_store_or_in_an_export(light: Store, tmp_path: Path) -> None:
    with light.write() as tx:
        ledger.append(tx, [draft(number, TOKEN) for number in range(40)], at=NOW)
    with light.read() as tx:
        copy = b"".join(ledger.export_lines(tx, at=NOW))
    light.close()
    assert TOKEN not in copy + b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_two_processes_that_append_to_one_store_do_not_fork_it(light: Store, tmp_path: Path) -> None:
    program = f"""
from datetime import UTC, datetime
from kept.records.ledger import Draft, Kind
from kept.store import ledger
from kept.store.open import open_store
store = open_store({str(tmp_path / "store.db")!r})
for number in range(40):
    with store.write() as tx:
        ledger.append(tx, [Draft(kind=Kind.DRILL, actor="clock")] * (1 + number % 3 * 10), at=datetime.now(UTC))
"""
    environ = {**os.environ, "KEPT_KEY": KEY, "PYTHONPATH": str(Path(kept.__path__[0]).parent)}
    writers = [subprocess.Popen([sys.executable, "-c", program], env=environ) for _ in range(2)]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    found = verified(light)
    assert (found.problems, found.proven) == ((), 2 * sum(1 + number % 3 * 10 for number in range(40)))


@pytest.mark.crash
def test_a_process_killed_at_any_moment_leaves_a_ledger_that_verifies_and_goes_on(light: Store, tmp_path: Path) -> None:
    program = f"""
from datetime import UTC, datetime
from kept.records.ledger import Draft, Kind
from kept.store import ledger
from kept.store.open import open_store
store = open_store({str(tmp_path / "store.db")!r})
print("ready", flush=True)
while True:
    with store.write() as tx:
        ledger.append(tx, [Draft(kind=Kind.DRILL, actor="clock", payload=b"x")] * 40, at=datetime.now(UTC))
"""
    environ = {**os.environ, "KEPT_KEY": KEY, "PYTHONPATH": str(Path(kept.__path__[0]).parent)}
    proven = 0
    for delay in (0.0, 0.013, 0.05, 0.081, 0.2):
        with subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(delay)
            writer.kill()
        found = verified(light)
        assert found.problems == ()
        assert found.proven % 40 == 0
        assert found.proven >= proven
        proven = found.proven
    appended(light, 1)
    assert (verified(light).holds, verified(light).proven) == (True, proven + 1)


def test_two_processes_that_open_a_new_store_at_once_share_one_key(tmp_path: Path) -> None:
    place = tmp_path / "fresh" / "store.db"
    program = f"from kept.store.open import open_store; open_store({str(place)!r})"
    environ = {**os.environ, "PYTHONPATH": str(Path(kept.__path__[0]).parent)}
    environ.pop("KEPT_KEY", None)
    openers = [subprocess.Popen([sys.executable, "-c", program], env=environ) for _ in range(3)]
    assert [opener.wait(120) for opener in openers] == [0, 0, 0]
    appended(open_store(place, environ={}), 1)


def test_threads_that_append_to_one_store_do_not_fork_it(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: appended(store, 1, 20), range(8)))
    assert (verified(store).problems, verified(store).proven) == ((), 8 * 21)


def test_a_second_ledger_row_with_the_same_number_is_refused_by_the_database(light: Store) -> None:
    appended(light, 1)
    with pytest.raises(Exception, match="UNIQUE"), light.write() as tx:
        tx.connection.execute(insert(ENTRY).values(seq=0, leaf=b"{}"))
