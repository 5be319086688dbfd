"""The crash ring: a planned run on a database, how it ends undisturbed, and what differs when it was killed on its way.

KEPT_CRASHES moments per database (10 by default), drawn from KEPT_SEED.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.crash.yard import PIECE, WITNESS
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
    f"CREATE TABLE {WITNESS} (what VARCHAR(99), how_many INTEGER)",
    "CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(40), closed_at TIMESTAMP )",
    "CREATE TABLE person (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES account (id), email VARCHAR(99))",
    "CREATE TABLE note (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person (id), text VARCHAR(300))",
    "CREATE TABLE visit (id INTEGER PRIMARY KEY, ip VARCHAR(40), page VARCHAR(300), at TIMESTAMP )",
)
PEOPLE = 300
"""Of three, two have a closed account; each has five notes, and there are as many visits as notes."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a command dies: after so many seconds, counted from so many batches on; or at a commit; or at a seam."""

    seconds: float | None = None
    batches: int = 0
    commit: int = 0
    edge: str = ""
    seam: str = ""

    def __str__(self) -> str:
        if self.commit:
            return f"{self.edge} commit {self.commit}"
        if self.seam:
            return f"{self.edge} {self.seam}"
        if self.seconds is None:
            return "never"
        return f"{self.seconds:.3f} s after {f'batch {self.batches}' if self.batches else 'the start'}"


NEVER = Moment()


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one command ended, after how long, and how many batches and commits it had begun."""

    code: int
    seconds: float
    batches: int
    commits: int
    said: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Yard:
    """The process that forks commands for us."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process, self._url = process, url

    def kept(self, folder: Path, *words: str, dies: Moment = NEVER, fault: str = "") -> Ended:
        """Run one verb, and kill it with signal 9 at its moment, if it still runs."""
        begun = time.monotonic()
        command = {"folder": str(folder), "env": {"SHOP": self._url}, "words": words, "tables": TABLES, "fault": fault}
        code = int(self._asked(json.dumps({**command, **vars(dies)})).split()[1])
        texts = [folder / "out", folder / "err"]
        return Ended(
            code=code,
            seconds=time.monotonic() - begun,
            batches=_size(folder / "batches"),
            commits=_size(folder / "commits"),
            said="".join(text.read_text() for text in texts if text.exists()),
        )

    def _asked(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def yard(url: str) -> Iterator[Yard]:
    command = [sys.executable, "-m", "tests.crash.yard", str(SEED)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as process:
        yield Yard(process, url)
        assert process.stdin is not None
        process.stdin.close()


def fill(shop: Shop, people: int) -> None:
    """Drop what a run left and write the same rows again."""
    gone = ("kept_marker", WITNESS, *reversed(TABLES))
    shop.database.run(*(f"DROP TABLE IF EXISTS {table}" for table in gone))
    closed = {0: f"'{LONG_AGO}'", 1: f"'{LONG_AGO}'", 2: "NULL"}
    ids = range(1, people + 1)
    accounts = ", ".join(f"({n}, 'firm {n}', {closed[n % 3]})" for n in ids)
    persons = ", ".join(f"({n}, {n}, 'p{n}@x.example')" for n in ids)
    notes = ", ".join(f"({n}, {n % people + 1}, '{'words ' * 20}')" for n in range(1, 5 * people))
    visits = ", ".join(
        f"({n}, '10.0.0.{n % 250}', '{'page ' * 20}', '{LONG_AGO if n % 2 else LATELY}')" for n in range(1, 5 * people)
    )
    shop.run(
        *CREATE,
        f"INSERT INTO account VALUES {accounts}",
        f"INSERT INTO person VALUES {persons}",
        f"INSERT INTO note VALUES {notes}",
        f"INSERT INTO visit VALUES {visits}",
    )


@dataclass(frozen=True, kw_only=True)
class After:
    """What a run leaves behind: every cell, every change as witnessed, every marker, and what the ledger says."""

    cells: dict[str, list[tuple[Any, ...]]]
    changes: Counter[tuple[Any, ...]]
    markers: int
    verified: list[dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A planned run on one database, and how it ends when nobody disturbs it."""

    shop: Shop
    ready: Path
    people: int
    yards: Yard
    whole: Ended
    undisturbed: After

    def died(self, moment: Moment, fault: str = "", before: str = "") -> tuple[Ended, list[str]]:
        """Kill a run at a moment, apply again, and say what differs from the undisturbed one.

        `before` names a disturbance under which the run was begun, and stopped.
        """
        fill(self.shop, self.people)
        place = self.ready.with_name("crash")
        shutil.copytree(self.ready, place)
        if before:
            stopped = self.yards.kept(place, "apply", "plan.json", fault=before)
            assert stopped.code == 1, stopped.said
        killed = self.yards.kept(place, "apply", "plan.json", dies=moment, fault=fault)
        again = self.yards.kept(place, "apply", "plan.json", fault=fault)
        found = self._ended_badly(again)
        # A run that was stopped is cut into other batches when it is taken up: only their sum is the same.
        found += differs(after(self.shop, place, self.yards), self.undisturbed, summed=bool(before))
        audited = self.yards.kept(place, "audit", "verify")
        found += [f"the ledger does not verify: {audited.said[-300:]}"] if audited.code else []
        shutil.rmtree(place)
        return killed, [f"killed {moment} ({killed.batches} batches): {words}" for words in found]

    def _ended_badly(self, again: Ended) -> list[str]:
        well = again.code == 0 or (again.code == 3 and CARRIED_OUT in again.said)
        return [] if well else [f"applying again ended with {again.code}: {again.said[-600:]}"]


def differs(seen: After, calm: After, *, summed: bool) -> list[str]:
    """What a run left otherwise than the undisturbed one."""
    made, due = (total(seen.changes), total(calm.changes)) if summed else (seen.changes, calm.changes)
    found = [f"{table} differs" for table in TABLES if seen.cells[table] != calm.cells[table]]
    found += [f"made again: {change}" for change in (made - due)]
    found += [f"not made: {change}" for change in (due - made)]
    found += [f"{seen.markers} markers are left"] if seen.markers else []
    return found + ([] if seen.verified == calm.verified else [f"the ledger says {seen.verified}"])


def total(changes: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    """Rows per kind of change."""
    summed: Counter[tuple[Any, ...]] = Counter()
    for (what, rows), times in changes.items():
        summed[what,] += rows * times
    return summed


def after(shop: Shop, place: Path, yards: Yard) -> After:
    """Look at everything a run can have left."""
    exported = yards.kept(place, "audit", "export", "ledger.jsonl")
    assert exported.code == 0, exported.said
    entries = [json.loads(line) for line in (place / "ledger.jsonl").read_text().splitlines()]
    return After(
        cells={table: shop.rows(table) for table in TABLES},
        changes=Counter(shop.rows(WITNESS)),
        markers=markers(shop),
        verified=[entry["counts"] for entry in entries if entry.get("kind") == "run-verified"],
    )


def markers(shop: Shop) -> int:
    """Rows Kept left in the database."""
    engine = shop.database.engine()
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "kept_marker"):
            return 0
        return int(connection.exec_driver_sql("SELECT count(*) FROM kept_marker").scalar_one())


@contextmanager
def ring(database: Database, folder: Path, people: int = PEOPLE) -> Iterator[Ring]:
    """Plan on a fresh shop, and let one run end undisturbed."""
    ready, calm = folder / "ready", folder / "calm"
    ready.mkdir()
    # One engine for all we do ourselves: hundreds would take the server's last connection.
    shop = Shop(database=replace(database, open=cache(database.open)), folder=ready)
    shop.make("SELECT 1")
    fill(shop, people)
    shop.write(policy(MAPPED, retention=RETENTION, kinds=("account", "support", "log")))
    with yard(database.url) as yards:
        planned = yards.kept(ready, "plan", "retention", "--out", "plan.json")
        assert planned.code == 4, planned.said
        shutil.copytree(ready, calm)
        whole = yards.kept(calm, "apply", "plan.json")
        assert whole.code == 0, whole.said
        undisturbed = after(shop, calm, yards)
        assert 0 < len(undisturbed.cells["note"]) < people * 5 - 1
        assert undisturbed.changes.total() == whole.batches > 3 * people // PIECE
        assert undisturbed.markers == 0
        yield Ring(shop=shop, ready=ready, people=people, yards=yards, whole=whole, undisturbed=undisturbed)


@dataclass(kw_only=True)
class Report:
    """What became of a series of moments."""

    name: str
    lines: list[str] = field(default_factory=list)
    landed: int = 0
    inside: int = 0
    """Kills after the first batch had begun and before the last one had."""
    bad: list[str] = field(default_factory=list)

    def add(self, moment: Moment, killed: Ended, whole: Ended, found: Sequence[str]) -> None:
        self.landed += killed.killed
        self.inside += killed.killed and 0 < killed.batches < whole.batches
        self.lines.append(f"{moment}: ended with {killed.code}, {killed.batches} of {whole.batches} batches begun")
        self.bad += found

    def told(self) -> str:
        figures = f"{len(self.lines)} moments, {self.landed} kills landed, {self.inside} inside batches"
        return f"{self.name}, seed {SEED}: {figures}, {len(self.bad)} violations"


def died_at(made: Ring, name: str, moments: Sequence[Moment]) -> Report:
    """Die at every moment; a line for each, figures for all, and an assertion that nothing differs."""
    told = Report(name=name)
    for moment in moments:
        killed, found = made.died(moment)
        told.add(moment, killed, made.whole, found)
        print(f"  {told.lines[-1]}", *found, sep="\n    ", flush=True)  # noqa: T201
    print(told.told(), flush=True)  # noqa: T201
    assert told.bad == []
    assert told.landed > 0
    return told
