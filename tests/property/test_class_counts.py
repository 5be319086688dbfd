"""Law: what SQL counts by class is what the selections mean, row by row, NULL by NULL.

Random rows in three tables, random selections over them; the meaning is told in Python by `tests.samples.maps.Rows`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.samples.maps import Data, Row, Rows, of

from kept.decide.flags import Case, Flag, Speaks
from kept.decide.select import (
    All,
    Always,
    Before,
    Down,
    Equals,
    Holds,
    IsNull,
    Named,
    Not,
    Selection,
    Some,
    Up,
    every,
)
from kept.law.terms import Event
from kept.map.bound import Map, bind
from kept.map.system import Clock, System, TableEntry
from kept.ports import CountQuery
from kept.systems.sql.compile import Compiler
from kept.systems.sql.count import by_class
from kept.systems.sql.reflect import describe
from kept.testing import Database

DEEP = bool(os.environ.get("KEPT_DEEP"))

CUTS = {
    "early": datetime(2020, 6, 1, tzinfo=UTC),
    "late": datetime(2024, 1, 1, 12, 0, 0, 1, tzinfo=UTC),
}

TABLES = (
    """CREATE TABLE owner (id INTEGER NOT NULL PRIMARY KEY, code VARCHAR(40) NOT NULL UNIQUE, made {timestamp} NULL,
    epoch BIGINT, said VARCHAR(40), born DATE, name VARCHAR(20), tag VARCHAR(20) NOT NULL, rank_no INTEGER NOT NULL)""",
    "CREATE INDEX owner_made ON owner (made)",
    "CREATE INDEX owner_said ON owner (said)",
    """CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, owner_id INTEGER, ref VARCHAR(20), above INTEGER, a INTEGER,
    b INTEGER, kind VARCHAR(20), grade INTEGER, made {timestamp} NULL, text VARCHAR(20))""",
    """CREATE TABLE pair (id INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, said VARCHAR(40),
    note VARCHAR(20) NOT NULL, PRIMARY KEY (a, b))""",
)
ENTRIES = (
    TableEntry(
        name="owner",
        person="customer",
        kind="account",
        on={
            Event.COLLECTED: Clock(column="made"),
            Event.CASE_CLOSED: Clock(column="epoch", format="epoch"),
            Event.ACCOUNT_CLOSED: Clock(column="said"),
            Event.ACCOUNT_OPENED: Clock(column="born"),
        },
    ),
    TableEntry(
        name="item",
        kind="usage",
        parents=(of("owner", "owner_id"), of("owner", "ref"), of("pair", "a b")),
        on={Event.COLLECTED: Clock(column="made")},
    ),
    TableEntry(name="pair", person="member", kind="account", on={Event.COLLECTED: Clock(column="said")}),
)

MADE = (
    None,
    "1970-01-01 00:00:00",
    "2000-01-01 00:00:00",
    "2020-05-31 23:59:59",
    "2020-06-01 00:00:00",
    "2020-06-01 00:00:01",
    "2024-01-01 12:00:00",
    "2024-01-01 12:00:00.000001",
    "2024-01-01 12:00:01",
    "2199-01-01 00:00:00",
)
SAID = (
    *MADE,
    "",
    "soon",
    "31.12.2019",
    "0000-00-00 00:00:00",
    "2020-05-20T10:00:00+05:00",
    "2020-05-31 23:59:59Z",
    "1999-12-31",
    "2020-05-31",
    "2020-06-02",
)
DAYS = ("2020-05-31", "2020-06-01", "2020-06-02")
EPOCH = (None, 0, 1, 1_590_969_599, 1_590_969_600, 1_704_110_400, 1_704_110_401, 7_000_000_000)
BORN = (None, "1950-02-03", "2020-05-31", "2020-06-01", "2023-12-31", "2024-01-02")
FEW = (None, 1, 2, 3)
WORD = (None, "x", "Owner", "", "1")
FULL = ("x", "removed", "removed-1f")

POOLS: dict[str, dict[str, tuple[Any, ...]]] = {
    "owner": {
        "code": ("x", "removed"),
        "made": MADE,
        "epoch": EPOCH,
        "said": SAID,
        "born": BORN,
        "name": WORD,
        "tag": FULL,
        "rank_no": (0, 1),
    },
    "item": {
        "owner_id": FEW,
        "ref": (None, "1", "2", "01", "x"),
        "above": FEW,
        "a": FEW,
        "b": FEW,
        "kind": WORD,
        "grade": FEW,
        "made": MADE,
        "text": WORD,
    },
    "pair": {"a": (1, 2, 3), "b": (1, 2, 3), "said": SAID, "note": FULL},
}


def _rows(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({column: st.sampled_from(pool) for column, pool in POOLS[name].items()})


def _numbered(rows: list[dict[str, Any]]) -> list[Row]:
    """Rows with an id each, and a code of their own where codes are unique."""
    codes = {"x": "x{:d}", "removed": "removed-{:016x}"}
    return [
        {"id": number, **row} | ({"code": codes[row["code"]].format(number)} if "code" in row else {})
        for number, row in enumerate(rows, start=1)
    ]


def _all_values(name: str, rows: int) -> list[Row]:
    """So many rows that between them hold every value of every pool."""
    pools = POOLS[name]
    return _numbered(
        [
            {
                column: pool[(row + place * (row // len(pool))) % len(pool)]
                for place, (column, pool) in enumerate(pools.items())
            }
            for row in range(rows)
        ]
    )


DATA: st.SearchStrategy[Data] = st.fixed_dictionaries(
    {
        "owner": st.lists(_rows("owner"), max_size=3).map(_numbered),
        "item": st.lists(_rows("item"), max_size=4).map(_numbered),
        "pair": st.lists(_rows("pair"), max_size=3, unique_by=lambda row: (row["a"], row["b"])).map(_numbered),
    }
)
KEYS: st.SearchStrategy[dict[str, list[Any]]] = st.fixed_dictionaries(
    {
        "owner": st.lists(st.integers(1, 4), max_size=3, unique=True),
        "pair": st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=3, unique=True),
    }
)

CLOCKS = {"owner": ("made", "epoch", "said", "born"), "item": ("made",), "pair": ("said",)}
CELLS = {"owner": ("code", "name", "tag", "rank_no"), "item": ("kind", "grade", "text"), "pair": ("note",)}
NULLS = {"owner": ("made", "name", "tag"), "item": ("owner_id", "ref", "a", "kind"), "pair": ("said", "a")}
EQUAL = {
    "owner": (("name", "x"), ("name", ""), ("rank_no", "1")),
    "item": (("kind", "Owner"), ("grade", "1"), ("ref", "01")),
    "pair": (("a", "2"), ("note", "removed")),
}
SETS = {
    "owner": ((("id",), "owner"),),
    "item": ((("owner_id",), "owner"), (("ref",), "owner"), (("a", "b"), "pair")),
    "pair": ((("a", "b"), "pair"), (("a",), "owner")),
}
LINKS = (
    ("item", ("owner_id",), "owner", ("id",)),
    ("item", ("ref",), "owner", ("id",)),
    ("item", ("above",), "item", ("id",)),
    ("item", ("a", "b"), "pair", ("a", "b")),
    ("item", ("b", "a"), "pair", ("b", "a")),
    ("pair", ("a",), "owner", ("id",)),
)


def leaves(name: str) -> list[Selection]:
    """Every selection on one table that needs no other."""
    return [
        Always(),
        Always(value=False),
        *(Before(column=column, cut=cut) for column in CLOCKS[name] for cut in CUTS),
        *(Holds(column=column) for column in CELLS[name]),
        *(IsNull(column=column) for column in NULLS[name]),
        *(Equals(column=column, value=value) for column, value in EQUAL[name]),
        *(Named(columns=columns, keys=keys) for columns, keys in SETS[name]),
    ]


def steps(name: str) -> list[Selection]:
    """Every selection on one table that takes one step, up or down."""
    ups: list[Selection] = [
        Up(via=via, table=parent, to=to, where=leaf)
        for child, via, parent, to in LINKS
        if child == name
        for leaf in leaves(parent)
    ]
    downs: list[Selection] = [
        Down(to=to, table=child, via=via, where=leaf)
        for child, via, parent, to in LINKS
        if parent == name
        for leaf in leaves(child)
    ]
    return ups + downs


@cache
def trees(name: str, depth: int) -> st.SearchStrategy[Selection]:
    """Selections on one table, at most so deep."""
    if depth == 0:
        return st.sampled_from(leaves(name))
    same = trees(name, depth - 1)
    parts = st.lists(same, max_size=3).map(tuple)
    ups = [
        st.builds(Up, via=st.just(via), table=st.just(parent), to=st.just(to), where=trees(parent, depth - 1))
        for child, via, parent, to in LINKS
        if child == name
    ]
    downs = [
        st.builds(Down, to=st.just(to), table=st.just(child), via=st.just(via), where=trees(child, depth - 1))
        for child, via, parent, to in LINKS
        if parent == name
    ]
    return st.one_of(
        st.sampled_from(leaves(name)),
        st.builds(Not, part=same),
        st.builds(All, parts=parts),
        st.builds(Some, parts=parts),
        *ups,
        *downs,
    )


@dataclass(frozen=True)
class Asked:
    """A case over one table, its rows, and the key sets."""

    case: Case
    data: Data
    keys: dict[str, list[Any]]


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    name = draw(st.sampled_from(["owner", "item", "pair"]))
    flags = draw(st.lists(trees(name, 3), max_size=3))
    other = draw(trees(name, 2))
    scopes: list[Selection] = [Always(), other, *flags, Some(parts=(*flags, other))]
    scopes += [every(flag, other) for flag in flags] + [All(parts=tuple(flags))]
    scope = draw(st.sampled_from(scopes))
    return Asked(_case(name, scope, *flags), draw(DATA), draw(KEYS))


def _case(name: str, scope: Selection, *flags: Selection) -> Case:
    made = tuple(Flag(name=f"f{bit}", speaks=Speaks.FLOOR, kinds=(), selection=flag) for bit, flag in enumerate(flags))
    return Case(system="shop", table=name, kinds=(), scope=scope, flags=made, granted=False)


def prepared(database: Database) -> tuple[sa.Engine, Map]:
    """The tables, made and described by the database itself."""
    stamp = {"mariadb": "DATETIME(6)"}.get(database.dialect, "TIMESTAMP")
    database.run(*(statement.format(timestamp=stamp) for statement in TABLES))
    engine = database.engine()
    return engine, bind(System(name="shop", url="env:SHOP", tables=ENTRIES), describe(engine))


def compare(engine: sa.Engine, bound: Map, what: Asked) -> None:
    """The counts by class, then every class as a predicate, row by row."""
    meaning = Rows(bound=bound, rows=what.data, cuts=CUTS, keys=what.keys)
    compiler = Compiler(bound=bound, zone="UTC", cuts=CUTS, keys=what.keys)
    case = what.case
    with engine.connect() as connection:
        _fill(connection, what.data)
        query = CountQuery(table=case.table, flags=case.selections, where=case.scope, cuts=CUTS, keys=what.keys)
        assert by_class(connection, compiler, query) == meaning.counts(case)
        classes = {row["id"]: number for row, number in meaning.sorted_into(case)}
        for number in range(1 << len(case.flags)):
            expected = {row for row, mine in classes.items() if mine == number}
            assert _selected(connection, compiler, case, [number]) == expected
        odd = [number for number in range(1 << len(case.flags)) if number % 2]
        expected = {row for row, mine in classes.items() if mine % 2}
        assert _selected(connection, compiler, case, odd) == expected
        connection.rollback()


def _fill(connection: sa.Connection, data: Data) -> None:
    """Rows as literals: every database reads its own dates from their text."""
    for name, rows in data.items():
        if rows:
            columns = sorted(rows[0])
            values = ", ".join(f"({', '.join(_literal(row[column]) for column in columns)})" for row in rows)
            connection.exec_driver_sql(f"INSERT INTO {name} ({', '.join(columns)}) VALUES {values}")


def _literal(value: object) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


def _selected(connection: sa.Connection, compiler: Compiler, case: Case, numbers: list[int]) -> set[Any]:
    source = compiler.table(case.table)
    where = compiler.where(case.rows_in(numbers), case.table, source)
    found = list(connection.execute(sa.select(source.c.id).where(where)).scalars())
    assert len(found) == len(set(found)), "a row is selected once"
    return set(found)


def every_single(engine: sa.Engine, bound: Map) -> None:
    """Each leaf, each step over each leaf, and the contrary of each, on rows that hold every value there is."""
    data = {"owner": _all_values("owner", 19), "item": _all_values("item", 20), "pair": _all_values("pair", 9)}
    keys: dict[str, list[Any]] = {"owner": [1, 3, 99], "pair": [(1, 2), (2, 1), (9, 9)]}
    meaning = Rows(bound=bound, rows=data, cuts=CUTS, keys=keys)
    compiler = Compiler(bound=bound, zone="UTC", cuts=CUTS, keys=keys)
    with engine.connect() as connection:
        _fill(connection, data)
        for name in POOLS:
            for selection in leaves(name) + steps(name):
                for asked_for in (selection, Not(part=selection)):
                    case = _case(name, Always(), asked_for)
                    assert _selected(connection, compiler, case, [1]) == set(meaning.ids(asked_for, name)), asked_for
        connection.rollback()


def law(engine: sa.Engine, bound: Map, examples: int) -> Callable[[], None]:
    """The law on one database."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(asked())
    def holds(what: Asked) -> None:
        compare(engine, bound, what)

    return holds


def test_every_single_selection_means_the_same_in_sql(sqlite: Database) -> None:
    every_single(*prepared(sqlite))


def test_the_classes_a_database_counts_are_those_the_selections_mean(sqlite: Database) -> None:
    engine, bound = prepared(sqlite)
    assert bound.gaps == ()
    law(engine, bound, 40)()


@pytest.mark.deep
@pytest.mark.skipif(not DEEP, reason="KEPT_DEEP is unset")
def test_every_selection_means_the_same_on_every_database(database: Database) -> None:
    engine, bound = prepared(database)
    every_single(engine, bound)
    law(engine, bound, 5000 if database.dialect == "sqlite" else 1500)()


@pytest.mark.parametrize("column", ["said", "made"])
def test_a_day_written_without_a_time_is_not_before_its_own_midnight(sqlite: Database, column: str) -> None:
    """A floor that is over, or a ceiling that is due, one day early falls on the unsafe side."""
    engine, bound = prepared(sqlite)
    row = _all_values("owner", 1)[0]
    data = {"owner": [{**row, "id": number, "code": f"c{number}", column: text} for number, text in enumerate(DAYS)]}
    compiler = Compiler(bound=bound, zone="UTC", cuts=CUTS)
    with engine.connect() as connection:
        _fill(connection, data)
        case = _case("owner", Always(), Before(column=column, cut="early"))
        assert _selected(connection, compiler, case, [1]) == {0}
        connection.rollback()


@pytest.mark.parametrize("code", ["Removed-Bob", "removed-bob", "REMOVED-0123456789abcdef"])
def test_a_value_that_only_resembles_a_fill_still_holds_data(sqlite: Database, code: str) -> None:
    engine, bound = prepared(sqlite)
    row = _all_values("owner", 1)[0]
    data = {"owner": [{**row, "code": "removed-0123456789abcdef"}, {**row, "id": 2, "code": code}]}
    with engine.connect() as connection:
        _fill(connection, data)
        case = _case("owner", Always(), Holds(column="code"))
        assert _selected(connection, Compiler(bound=bound, zone="UTC"), case, [1]) == {2}
        connection.rollback()
