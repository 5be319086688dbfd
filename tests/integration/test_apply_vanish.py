"""A database that vanishes, locks or fills up in mid-run: one message, whole batches, and applying again ends well."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.acceptance.desk import Said, kept, refused_well
from tests.samples.shop import Shop, days_ago, policy

from kept.app import applying
from kept.app.applying import Outcome
from kept.cli.main import main
from kept.policy.findings import Exit
from kept.store.runs import State
from kept.systems.sql import change, connect, marker, ranges, rehearse

Deed = Callable[[sa.Connection], object]

DUE, STAYS = 40, 5
NOTES = 8
"""Notes of each person: several pages of every database."""
TABLES = """
person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}
note: {key: id, of: person, via: person, kind: account}
"""
DELETE = "account: {from: collected, keep: at most 60 days, then: delete}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite file in a folder of its own, which can be taken away without Kept's store."""
    path = tmp_path / "data" / "shop.sqlite"
    path.parent.mkdir()
    path.touch()
    return f"sqlite:///{path}"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Forty people who are due with eight notes each, and five who stay."""
    now = datetime.now(UTC)
    old, new = days_ago(100, at=now), days_ago(1, at=now)
    people = [(number, old if number <= DUE else new) for number in range(1, DUE + STAYS + 1)]
    notes = [(number * NOTES + each, number) for number, _ in people for each in range(NOTES)]
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person INTEGER, text VARCHAR(999),"
        " FOREIGN KEY (person) REFERENCES person (id))",
        "INSERT INTO person VALUES " + ", ".join(f"({number}, 'p{number}', '{at}')" for number, at in people),
        "INSERT INTO note VALUES " + ", ".join(f"({number}, {person}, '{'x' * 300}')" for number, person in notes),
    )
    shop.now = now
    shop.write(policy(TABLES, retention=DELETE))
    return shop


@pytest.fixture
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches that keep their size."""
    request.getfixturevalue("batches")
    for name, size in (("BLOCKS", 1), ("ROWS", 40), ("ROWIDS", 40)):
        monkeypatch.setattr(ranges, name, size)
    monkeypatch.setattr(ranges, "resized", lambda cursor, _ms: cursor)


def vanishing(shop: Shop) -> Deed:
    """Take the connection, or the file, away from whoever uses it now."""
    return {"postgresql": _terminate, "mariadb": _kill, "sqlite": _move_away}[shop.database.dialect](shop)


def _terminate(shop: Shop) -> Deed:
    def deed(connection: sa.Connection) -> None:
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with shop.database.engine().connect() as other:
            other.execute(sa.select(sa.func.pg_terminate_backend(pid, 10_000)))

    return deed


def _kill(shop: Shop) -> Deed:
    def deed(connection: sa.Connection) -> None:
        thread = connection.connection.driver_connection.thread_id()  # type: ignore[union-attr]
        with shop.database.engine().connect() as other:
            other.exec_driver_sql(f"KILL {int(thread)}")
        time.sleep(0.2)

    return deed


def _move_away(shop: Shop) -> Deed:
    path = _file(shop)
    return lambda _connection: path.parent.rename(path.parent.with_name("away"))


def come_back(shop: Shop) -> None:
    """End the outage."""
    if shop.database.dialect == "sqlite" and not _file(shop).exists():
        _file(shop).parent.with_name("away").rename(_file(shop).parent)


def _file(shop: Shop) -> Path:
    return Path(str(sa.make_url(shop.database.url).database))


MOMENTS = ("a batch", "a commit", "a rehearsal", "a verification")


def interrupted(moment: str, deed: Deed, patch: pytest.MonkeyPatch, *, at: int = 3) -> None:
    """Do the deed once, at the third time the moment comes."""
    room, name = {
        "a batch": (marker, "write"),
        "a commit": (marker, "write"),
        "a rehearsal": (change, "rows_left"),
        "a verification": (change, "residual"),
    }[moment]
    real, times = getattr(room, name), iter(range(1, 10_000))
    wanted = at if moment in {"a batch", "a commit"} else 1

    def once(connection: sa.Connection, *words: Any) -> Any:
        now = next(times) == wanted
        if now and moment != "a commit":
            deed(connection)
        result = real(connection, *words)
        if now and moment == "a commit":
            deed(connection)
        return result

    patch.setattr(room, name, once)


@pytest.fixture
def captured(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """What is printed; the durable engine's logger lets go of the standard error of this test."""
    logging.getLogger("dbos").handlers.clear()
    yield capsys
    logging.getLogger("dbos").handlers.clear()


def command(shop: Shop, plan: Path, captured: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> Said:
    """`kept apply` in this process."""
    patch.chdir(shop.folder)
    patch.setenv("SHOP", shop.database.url)
    patch.setenv("COLUMNS", "200")
    captured.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["apply", str(plan)])
    said = captured.readouterr()
    return Said(code=int(str(left.value.code)), out=said.out, err=said.err)


def touched(shop: Shop) -> int:
    """Rows that are gone by the markers of the target."""
    return int(sum(row[0] for row in shop.rows("kept_marker", "touched")))


def undisturbed(shop: Shop, outcome: Outcome) -> bool:
    """The state in which a run without any trouble ends."""
    assert outcome.state is State.VERIFIED
    stay = list(range(DUE + 1, DUE + STAYS + 1))
    assert shop.ids("person") == stay
    assert [row[0] for row in shop.rows("note", "person")] == [each for each in stay for _ in range(NOTES)]
    return shop.rows("kept_marker") == []


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_database_that_vanishes_leaves_whole_batches_and_applying_again_ends_well(
    stocked: Shop, moment: str, captured: pytest.CaptureFixture[str]
) -> None:
    plan = stocked.written(stocked.plan())
    with pytest.MonkeyPatch.context() as patch:
        interrupted(moment, vanishing(stocked), patch)
        said = command(stocked, plan, captured, patch)
    come_back(stocked)
    refused_well(said, codes=["S204" if stocked.database.dialect == "sqlite" else "S213"])
    assert said.code == 2
    assert "kept resume" in said.out
    left = len(stocked.ids("note")) + len(stocked.ids("person"))
    assert touched(stocked) == (DUE + STAYS) * (NOTES + 1) - left
    assert undisturbed(stocked, stocked.apply(plan))


def test_a_database_that_vanishes_in_the_one_transaction_of_a_small_plan_has_changed_nothing(
    stocked: Shop, captured: pytest.CaptureFixture[str]
) -> None:
    plan = stocked.written(stocked.plan())
    before = stocked.picture()
    with pytest.MonkeyPatch.context() as patch:
        interrupted("a batch", vanishing(stocked), patch, at=1)
        said = command(stocked, plan, captured, patch)
    come_back(stocked)
    refused_well(said, codes=["S204" if stocked.database.dialect == "sqlite" else "S213"])
    assert stocked.picture() == before
    assert undisturbed(stocked, stocked.apply(plan))


# Locks.


def locked(shop: Shop, holding: list[sa.Connection]) -> Deed:
    """Hold the rows of `person`, as an application with an open transaction does."""
    words = {
        "postgresql": "LOCK TABLE person IN EXCLUSIVE MODE",
        "mariadb": "SELECT id FROM person FOR UPDATE",
        "sqlite": "UPDATE canary SET id = id",
    }

    def deed(_connection: sa.Connection) -> None:
        other = shop.database.engine(name="application").connect()
        other.exec_driver_sql(words[shop.database.dialect])
        holding.append(other)

    return deed


@pytest.mark.usefixtures("pieces")
def test_a_lock_that_is_not_had_ends_the_run_between_two_tables_and_says_so(
    stocked: Shop, captured: pytest.CaptureFixture[str]
) -> None:
    plan = stocked.written(stocked.plan())
    holding: list[sa.Connection] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connect, "LOCK_SECONDS", 1)
        interrupted("a verification", locked(stocked, holding), patch)
        said = command(stocked, plan, captured, patch)
    holding[0].close()
    refused_well(said, codes=["S215"])
    assert "in whole batches: done shop.note; not begun shop.person" in said.err
    assert (len(stocked.ids("note")), len(stocked.ids("person"))) == (STAYS * NOTES, DUE + STAYS)
    assert undisturbed(stocked, stocked.apply(plan))


# A writer that was paused or refused.


@pytest.mark.usefixtures("pieces")
def test_a_paused_run_lets_go_of_the_file(stocked: Shop) -> None:
    if stocked.database.dialect != "sqlite":
        pytest.skip("servers keep their own files")
    plan = stocked.written(stocked.plan())
    asked = iter([False, False, True])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applying, "_pause_asked", lambda _context, _run: next(asked))
        assert stocked.apply(plan).state is State.PAUSED
    assert opened(_file(stocked)) == 0
    assert undisturbed(stocked, stocked.apply(plan))
    assert opened(_file(stocked)) == 0


@pytest.mark.usefixtures("pieces")
def test_a_refused_run_lets_go_of_the_file(stocked: Shop) -> None:
    if stocked.database.dialect != "sqlite":
        pytest.skip("servers keep their own files")
    plan = stocked.written(stocked.plan())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(change, "residual", lambda *_words: 1)
        assert stocked.apply(plan).state is State.STOPPED
    assert opened(_file(stocked)) == 0


def opened(file: Path) -> int:
    """How often this process holds the file open."""
    held = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            held += descriptor.readlink() == file
    return held


# A full disk: SQLite writes with the process's own hands, so a limit of the process is a full disk to it.


@pytest.fixture
def filed(tmp_path: Path) -> Path:
    """A folder with a policy, a SQLite file of four megabytes, and a plan that empties it in batches."""
    now, file = datetime.now(UTC), tmp_path / "shop.sqlite"
    old = days_ago(100, at=now)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE canary (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO canary VALUES (1)")
        connection.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT, at TIMESTAMP)")
        connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, person INTEGER, text TEXT)")
        connection.executemany("INSERT INTO person VALUES (?, ?, ?)", [(each, f"p{each}", old) for each in range(100)])
        notes = [(each, each % 100, "x" * 300) for each in range(12_000)]
        connection.executemany("INSERT INTO note VALUES (?, ?, ?)", notes)
    (tmp_path / "kept.yaml").write_text(policy(TABLES, retention=DELETE), encoding="utf-8")
    assert limited(tmp_path, "plan", "retention", "--out", "plan.json").code == Exit.PENDING
    return tmp_path


def limited(folder: Path, *words: str, most: int | None = None) -> Said:
    """The real command, which can make no file larger than `most` bytes."""
    url = f"sqlite:///{folder / 'shop.sqlite'}"
    before = ("prlimit", f"--fsize={most}") if most is not None else ()
    return kept(folder, url, *words, before=before)


def rows_of(folder: Path) -> tuple[int, int]:
    """Notes and people that are there; the file is sound."""
    with closing(sqlite3.connect(folder / "shop.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        notes, people = (connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("note", "person"))
    return notes[0], people[0]


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit not installed: not run")
@pytest.mark.parametrize(
    ("most", "code"),
    [
        pytest.param(2_000_000, "S214", id="the database's disk"),
        pytest.param(300_000, "K117", id="the journal's disk, in mid-run"),
        pytest.param(60_000, "K117", id="the journal's disk, from the start"),
    ],
)
def test_a_full_disk_is_one_message_and_applying_again_ends_well(filed: Path, most: int, code: str) -> None:
    refused_well(limited(filed, "apply", "plan.json", most=most), codes=[code])
    assert rows_of(filed) == (12_000, 100)
    assert limited(filed, "status").out.count("verified") == 0
    again = limited(filed, "apply", "plan.json")
    assert again.code == 0, again.all
    assert rows_of(filed) == (0, 0)


@pytest.mark.usefixtures("pieces")
def test_a_file_that_may_not_grow_stops_in_whole_batches(
    shop: Shop, captured: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if shop.database.dialect != "sqlite":
        pytest.skip("a limit of SQLite")
    monkeypatch.setattr(rehearse, "ENTIRE", 0)
    shop.now = datetime.now(UTC)
    rows = ", ".join(f"({each}, 'x', '{days_ago(100, at=shop.now)}')" for each in range(1_000))
    shop.make(
        "CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at TIMESTAMP )",
        f"INSERT INTO word VALUES {rows}",
    )
    table = "word: {key: id, kind: account, on: {collected: at}}"
    shop.write(policy(table, retention=DELETE.replace("delete", "anonymise")))
    plan = shop.written(shop.plan())
    with pytest.MonkeyPatch.context() as patch, narrow(_file(shop), 3):
        said = command(shop, plan, captured, patch)
    refused_well(said, codes=["S214"])
    done = sum(text == "removed" for _, text, _ in shop.rows("word"))
    assert 0 < done < 1_000
    assert done == touched(shop)
    assert f"in part shop.word ({done} of 1,000 rows)" in said.err
    assert shop.apply(plan).state is State.VERIFIED
    assert {text for _, text, _ in shop.rows("word")} == {"removed"}


@contextmanager
def narrow(file: Path, pages: int) -> Iterator[None]:
    """Let a SQLite file grow by so many pages and no further."""
    with closing(sqlite3.connect(file)) as connection:
        most = connection.execute("PRAGMA page_count").fetchone()[0] + pages

    def limit(connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            place = connection.execute("PRAGMA database_list").fetchone()[2]
            if Path(place) == file:
                connection.execute(f"PRAGMA max_page_count = {most}")

    sa.event.listen(sa.pool.Pool, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(sa.pool.Pool, "connect", limit)
