"""`kill -9` at random moments, on each database: applying again ends in the undisturbed state.

KEPT_CRASHES moments per database (10 by default), drawn from KEPT_SEED over the whole life of the command.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.samples.shop import LATELY, LONG_AGO, Shop, policy

from kept.testing import Database

CRASHES = int(os.environ.get("KEPT_CRASHES", "10"))
SEED = int(os.environ.get("KEPT_SEED", "1"))
CARRIED_OUT = "S319"
TABLES = ("account", "person", "note", "visit")
MAPPED = """
account: {key: id, kind: account, on: {account-closed: closed_at}}
person: {is: customer, key: id, of: account, via: account_id, find-by: {email: email}, kind: account}
note: {key: id, of: person, via: person_id, kind: support}
visit: {key: id, kind: log, on: {collected: at}}
"""
RETENTION = """
account: {from: account-closed, keep: at most 60 days, then: delete}
support: {from: account-closed, keep: at most 60 days, then: delete}
log: {from: collected, keep: at most 60 days, then: anonymise}
"""
CREATE = (
    "CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(40), closed_at TIMESTAMP )",
    "CREATE TABLE person (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES account (id), email VARCHAR(99))",
    "CREATE TABLE note (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person (id), text VARCHAR(300))",
    "CREATE TABLE visit (id INTEGER PRIMARY KEY, ip VARCHAR(40), page VARCHAR(300), at TIMESTAMP )",
)
PEOPLE = 300
"""Of three, two have a closed account; each has five notes, and there are as many visits as notes."""

pytestmark = pytest.mark.crash


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one command ended, after how long, and how many batches it had begun."""

    code: int
    seconds: float
    batches: int
    said: str


class Yard:
    """The process that forks commands for us."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kept(self, folder: Path, url: str, *words: str, kill_after: float | None = None) -> Ended:
        """Run one verb; kill it with signal 9 after so many seconds, if it still runs."""
        begun = time.monotonic()
        command = {"folder": str(folder), "env": {"SHOP": url}, "words": words, "kill_after": kill_after}
        code = int(self._asked(json.dumps(command)).split()[1])
        said = (folder / "out").read_text() + (folder / "err").read_text() if (folder / "err").exists() else ""
        tally = folder / "batches"
        batches = tally.stat().st_size if tally.exists() else 0
        return Ended(code=code, seconds=time.monotonic() - begun, batches=batches, said=said)

    def _asked(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def yard() -> Iterator[Yard]:
    script = Path(__file__).with_name("yard.py")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, str(script), str(SEED)], text=True, **pipes) as process:  # type: ignore[call-overload]
        yield Yard(process)
        assert process.stdin is not None
        process.stdin.close()


def fill(shop: Shop) -> None:
    """Drop what a run left and write the same rows again."""
    shop.database.run(*(f"DROP TABLE IF EXISTS {table}" for table in ("kept_marker", *reversed(TABLES))))
    closed = {0: f"'{LONG_AGO}'", 1: f"'{LONG_AGO}'", 2: "NULL"}
    ids = range(1, PEOPLE + 1)
    accounts = ", ".join(f"({n}, 'firm {n}', {closed[n % 3]})" for n in ids)
    people = ", ".join(f"({n}, {n}, 'p{n}@x.example')" for n in ids)
    notes = ", ".join(f"({n}, {n % PEOPLE + 1}, '{'words ' * 20}')" for n in range(1, 5 * PEOPLE))
    visits = ", ".join(
        f"({n}, '10.0.0.{n % 250}', '{'page ' * 20}', '{LONG_AGO if n % 2 else LATELY}')" for n in range(1, 5 * PEOPLE)
    )
    shop.run(
        *CREATE,
        f"INSERT INTO account VALUES {accounts}",
        f"INSERT INTO person VALUES {people}",
        f"INSERT INTO note VALUES {notes}",
        f"INSERT INTO visit VALUES {visits}",
    )


def cells(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    return {table: shop.rows(table) for table in TABLES}


def markers(shop: Shop) -> int:
    """Rows Kept left in the database."""
    engine = shop.database.engine()
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "kept_marker"):
            return 0
        return int(connection.exec_driver_sql("SELECT count(*) FROM kept_marker").scalar_one())


def violations(shop: Shop, place: Path, again: Ended, undisturbed: dict[str, Any], yards: Yard) -> list[str]:
    """What differs from a run nobody disturbed."""
    found = []
    if again.code != 0 and not (again.code == 3 and CARRIED_OUT in again.said):
        found.append(f"applying again ended with {again.code}: {again.said[-600:]}")
    after = cells(shop)
    found += [f"{table} differs" for table in TABLES if after[table] != undisturbed[table]]
    if left := markers(shop):
        found.append(f"{left} markers are left in the database")
    audited = yards.kept(place, shop.database.url, "audit", "verify")
    if audited.code != 0:
        found.append(f"the ledger does not verify: {audited.said[-300:]}")
    return found


def test_a_killed_run_ends_in_the_undisturbed_state(database: Database, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.mkdir()
    shop = Shop(database=database, folder=ready)
    shop.make("SELECT 1")
    fill(shop)
    shop.write(policy(MAPPED, retention=RETENTION, kinds=("account", "support", "log")))
    with yard() as yards:
        planned = yards.kept(ready, database.url, "plan", "retention", "--out", "plan.json")
        assert planned.code == 4, planned.said
        calm = tmp_path / "calm"
        shutil.copytree(ready, calm)
        whole = yards.kept(calm, database.url, "apply", "plan.json")
        assert whole.code == 0, whole.said
        undisturbed = cells(shop)
        assert 0 < len(undisturbed["note"]) < PEOPLE * 5 - 1
        report(database.dialect, *crashes(shop, ready, undisturbed, whole, yards))


def crashes(
    shop: Shop, ready: Path, undisturbed: dict[str, Any], whole: Ended, yards: Yard
) -> tuple[list[str], list[str]]:
    """Kill at every moment; a line per moment, and what was violated."""
    rng = Random(f"{SEED} {shop.database.dialect}")  # noqa: S311 - moments to repeat, no secret
    lines, bad = [], []
    for number in range(CRASHES):
        fill(shop)
        place = ready.with_name(f"crash-{number}")
        shutil.copytree(ready, place)
        moment = rng.uniform(0, whole.seconds)
        killed = yards.kept(place, shop.database.url, "apply", "plan.json", kill_after=moment)
        again = yards.kept(place, shop.database.url, "apply", "plan.json")
        found = violations(shop, place, again, undisturbed, yards)
        landed = "killed" if killed.code == -signal.SIGKILL else f"had ended with {killed.code}"
        lines.append(f"{moment:.3f} s, {landed}, {killed.batches} of {whole.batches} batches begun")
        bad += [f"at {moment:.3f} s ({killed.batches} batches): {words}" for words in found]
        shutil.rmtree(place)
    return lines, bad


def report(dialect: str, lines: list[str], bad: list[str]) -> None:
    landed = sum("killed" in line for line in lines)
    inside = sum("killed" in line and " 0 of " not in line for line in lines)
    print(f"\n{dialect}, seed {SEED}:", *lines, sep="\n  ")  # noqa: T201
    print(f"{dialect}: {len(lines)} moments, {landed} kills landed, {inside} in batches, {len(bad)} violations")  # noqa: T201
    assert bad == []
    assert landed > 0
