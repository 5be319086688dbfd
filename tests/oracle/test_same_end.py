"""The product and the oracle end alike, cell for cell, on cases drawn by number.

KEPT_CASES=N runs cases 1 to N (500 by default); KEPT_CASE=N that one; KEPT_DIALECT=sqlite|postgresql|mariadb.
"""

from __future__ import annotations

import ast
import logging
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.oracle import build, cases, dates, desk
from tests.oracle.check import differences
from tests.oracle.end import end
from tests.oracle.known import REFUSALS, known
from tests.oracle.world import Case

DIALECT = os.environ.get("KEPT_DIALECT", "sqlite")
NUMBERS = (
    [int(os.environ["KEPT_CASE"])]
    if "KEPT_CASE" in os.environ
    else list(range(1, int(os.environ.get("KEPT_CASES", "500")) + 1))
)
CLEAR = {"S301", "S302"}
"""Refusals that say what the product cannot do; any other is a difference."""
REFUSED_AT_MOST = 0.02
KNOWN_AT_MOST = 0.20
CHANGED_AT_LEAST = 0.60
"""A share of cases in which something must go, or the comparison proves nothing."""

Fresh = Callable[[Path], str]
Answer = tuple[str, list[str]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Memory in place of a disk, where there is some: thousands of small databases."""
    memory = Path("/dev/shm")  # noqa: S108
    path = Path(tempfile.mkdtemp(prefix="kept-oracle-", dir=memory if memory.is_dir() else None))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Fresh:
    """Return a function that gives the URL of an empty database."""
    if DIALECT == "sqlite":
        return _file
    server = sa.make_url(str(request.getfixturevalue(f"{DIALECT}_url")))
    if DIALECT == "postgresql":
        server = server.set(drivername="postgresql+psycopg")

    def emptied(_folder: Path) -> str:
        _administer(server, "DROP DATABASE IF EXISTS oracle", "CREATE DATABASE oracle")
        return server.set(database="oracle").render_as_string(hide_password=False)

    return emptied


def _file(folder: Path) -> str:
    (folder / "shop.sqlite").touch()
    return f"sqlite:///{folder / 'shop.sqlite'}"


def _administer(server: sa.URL, *statements: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def _compared(case: Case, folder: Path, url: str) -> Answer:
    """Run a case; say how it ended and where it differs."""
    engine = sa.create_engine(url)
    try:
        build.fill(case, engine)
        (folder / "kept.yaml").write_text(build.policy(case), encoding="utf-8")
        trigger = ("retention",) if case.erase is None else ("erasure", f"email={case.erase}")
        said = desk.carried_out(folder, url, *trigger)
        codes = set(re.findall(r"error\[(\w+)\]", said.text))
        if said.code and codes and codes <= CLEAR | REFUSALS:
            touched = differences(case, case.rows, build.read(case, engine))
            return ("differing", touched) if touched else ("refused", sorted(codes))
        if said.code:
            return "differing", [said.text.strip()]
        lines = differences(case, end(case), build.read(case, engine))
        return ("differing" if lines else "same"), lines
    finally:
        engine.dispose()


def test_the_database_ends_as_the_oracle_says(folder: Path, fresh: Fresh, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    ends: Counter[str] = Counter()
    found: list[str] = []
    with desk.clock() as clock:
        for number in NUMBERS:
            case = cases.case(number)
            if shape := known(case):
                ends.update(["known", f"known: {shape}"])
                continue
            here = folder / str(number)
            here.mkdir()
            clock.at = case.now
            how, lines = _compared(case, here, fresh(here))
            ends.update([how, *(["changed"] if end(case) != case.rows else [])])
            ends.update(f"refused: {line}" for line in lines if how == "refused")
            found += [f"case {number}: {line}" for line in lines if how == "differing"]
            shutil.rmtree(here)
    with capsys.disabled():
        print(f"\n{DIALECT}, {len(NUMBERS)} cases: " + ", ".join(f"{n} {end}" for end, n in sorted(ends.items())))  # noqa: T201
    assert not found, "\n".join(found[:40])
    if len(NUMBERS) >= 100:
        ran = len(NUMBERS) - ends["known"]
        assert ends["known"] <= KNOWN_AT_MOST * len(NUMBERS)
        assert ends["refused"] <= REFUSED_AT_MOST * ran
        assert ends["changed"] >= CHANGED_AT_LEAST * ran


@pytest.mark.parametrize(
    ("day", "count", "unit", "ceiling", "floor"),
    [
        (date(2025, 1, 31), 60, "days", date(2025, 4, 1), date(2025, 4, 1)),
        (date(2025, 1, 31), 30, "days", date(2025, 3, 2), date(2025, 3, 2)),
        (date(2024, 2, 29), 7, "years", date(2031, 2, 28), date(2031, 3, 1)),
        (date(2024, 2, 29), 3, "years", date(2027, 2, 28), date(2027, 3, 1)),
        (date(2025, 1, 31), 1, "months", date(2025, 2, 28), date(2025, 3, 1)),
        (date(2025, 1, 31), 2, "months", date(2025, 3, 31), date(2025, 3, 31)),
    ],
)
def test_the_oracle_counts_periods_as_the_vectors_do(
    day: date, count: int, unit: str, ceiling: date, floor: date
) -> None:
    assert dates.later(day, count, unit, floor=False) == ceiling
    assert dates.later(day, count, unit, floor=True) == floor


@pytest.mark.parametrize("day", [date(2025, 1, 2), date(2025, 12, 31)])
def test_a_voucher_may_be_destroyed_from_the_first_of_january(day: date) -> None:
    event = dates.year_end((datetime(2025, 6, 1, tzinfo=UTC), day))
    assert dates.lasts(event, datetime(2033, 12, 31, 22, 59, tzinfo=UTC), "Europe/Berlin", 8, "years")
    assert not dates.lasts(event, datetime(2033, 12, 31, 23, 0, tzinfo=UTC), "Europe/Berlin", 8, "years")


@pytest.mark.parametrize("name", ["world", "dates", "end", "cases", "known", "check"])
def test_the_oracle_shares_no_code_with_the_product(name: str) -> None:
    tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported
    assert not {module for module in imported if module.split(".")[0] in {"kept", "sqlalchemy", "sqlite3"}}
