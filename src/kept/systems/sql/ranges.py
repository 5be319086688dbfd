"""How a step is cut into batches: block ranges, row-id ranges, key ranges or slices of the named people.

A batch is the step's own predicate over a range, never a list of addresses: a stale address deletes a stranger (§6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import UserDefinedType

from kept.decide.select import All, Down, Named, Not, Selection, Some, Up
from kept.map.bound import BoundTable, Map
from kept.map.schema import Family, Shape
from kept.ports import Cursor, Keys, Task

AIM_MS, AIM_FILE_MS = 60.0, 1000.0
"""A batch should take about this long, commit included: under 100 ms on a server, longer where no one else writes."""
SMALL = 10_000
"""Up to this many rows a step is one statement, by index where there is one."""
BLOCKS, ROWS, ROWIDS, PEOPLE = 512, 20_000, 250_000, 250
"""First sizes: 4 MB of blocks, 20,000 key values, 250,000 row ids, 250 people."""
MOST = 1 << 20
LEAST = 16
"""A slow database shrinks a batch down to this part of its first size."""
BIGGEST = (1 << 63) - 1
"""What a marker can remember."""
SHARE = 50
"""From one row in so many on, reading the table through is cheaper than finding its rows by an index."""


class Unindexed(sa.TableClause):
    """A SQLite table read in the order of its row ids, which NOT INDEXED still allows."""

    inherit_cache = True


@compiles(Unindexed)
def _unindexed(element: Unindexed, compiler: Any, **words: Any) -> str:
    named: str = compiler.visit_table(element, **words)
    return f"{named} NOT INDEXED" if words.get("asfrom") or words.get("iscrud") else named


class _Tid(UserDefinedType[Any]):
    """PostgreSQL's physical row address."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return "TID"


def sliced(task: Task) -> str | None:
    """The key set a step can be sliced by: the one every row of the step must be in; None when there is none.

    INVARIANT: a key set that is also asked «not in» or «other than» must stay whole.
    """
    if isinstance(task.act.selection, All):
        names = {name for part in task.act.selection.parts for name in _anchor(part)}
    else:
        names = set(_anchor(task.act.selection))
    free = [name for name in names if name not in _negated(task.act.selection, inside=False)]
    return max(free, key=lambda name: len(task.keys[name]), default=None)


def first(connection: sa.Connection, bound: Map, task: Task) -> Cursor:
    """Where a step begins."""
    people = sliced(task)
    few = bound.schema.dialect == "mariadb" or not large_share(connection, bound, task)
    if people is not None and few and len(task.keys[people]) > PEOPLE:
        return Cursor(mode="people", at=0, end=len(task.keys[people]), size=PEOPLE)
    if task.rows <= SMALL:
        return Cursor(mode="whole")
    return _swept(connection, bound, bound.tables[task.table])


def restrict(cursor: Cursor, task: Task, bound: Map) -> tuple[Mapping[str, Any], Any]:
    """The key sets and the extra condition (a function of the table) that keep a statement inside its range."""
    low, high = cursor.at, cursor.at + cursor.size
    match cursor.mode:
        case "people":
            return _slice(task, low, high), None
        case "blocks":
            return task.keys, lambda _: _between(sa.column("ctid"), low, high)
        case "rowids":
            return task.keys, lambda _: _range(sa.column("rowid"), low, high)
        case "ids":
            key = bound.tables[task.table].key[0]
            return task.keys, lambda table: _range(table.c[key], low, high)
        case _:
            return task.keys, None


def after(connection: sa.Connection, bound: Map, task: Task, cursor: Cursor, touched: int) -> Cursor | None:
    """The next range; behind a range without a row, from the next number that exists."""
    if cursor.mode == "limit":
        return cursor if touched else None
    at: int | None = cursor.at + cursor.size
    if cursor.mode in {"rowids", "ids"} and not touched:
        column: sa.ColumnClause[Any] = sa.column(
            "rowid" if cursor.mode == "rowids" else bound.tables[task.table].key[0]
        )
        source = sa.table(task.table, column)
        at = connection.execute(sa.select(sa.func.min(column)).select_from(source).where(column >= at)).scalar()
    if cursor.mode == "whole" or at is None or at >= cursor.end:
        return None
    return replace(cursor, at=at)


def resized(cursor: Cursor, ms: float) -> Cursor:
    """The range with its size adapted to the time the last one took, commit included."""
    aim = AIM_FILE_MS if cursor.mode == "rowids" else AIM_MS
    factor = min(1.5, max(0.25, aim / max(ms, 1.0)))
    first = {"blocks": BLOCKS, "rowids": ROWIDS, "ids": ROWS, "people": PEOPLE}.get(cursor.mode, 1)
    least = max(1, first // LEAST)  # every batch also pays for its keys and its commit
    return replace(cursor, size=max(least, min(MOST, int(cursor.size * factor))))


def large_share(connection: sa.Connection, bound: Map, task: Task) -> bool:
    """Whether the step touches so much of its table that the table is better read through."""
    rows = bound.schema.by_name[task.table].rows
    if bound.schema.dialect == "sqlite":
        span = _spanned(connection, "rowids", sa.table(task.table, sa.column("rowid")), "rowid")
        rows = span.end - span.at if span.mode == "rowids" else None
    return rows is not None and task.rows * SHARE > max(rows, SMALL)


def _swept(connection: sa.Connection, bound: Map, table: BoundTable) -> Cursor:
    if bound.schema.dialect == "postgresql" and table.table.shape in {Shape.TABLE, Shape.PARTITIONED}:
        return Cursor(mode="blocks", at=0, end=_blocks(connection, table.name), size=BLOCKS)
    if bound.schema.dialect == "sqlite":
        return _spanned(connection, "rowids", sa.table(table.name, sa.column("rowid")), "rowid")
    if len(table.key) == 1 and table.table.by_name[table.key[0]].family is Family.INTEGER:
        span = _spanned(connection, "ids", sa.table(table.name, sa.column(table.key[0])), table.key[0])
        return span if span.end < BIGGEST else Cursor(mode="limit", size=ROWS)
    return Cursor(mode="limit", size=ROWS) if table.key else Cursor(mode="whole")


def _blocks(connection: sa.Connection, table: str) -> int:
    """Pages of the table, or of its largest partition: a block range holds in every partition at once."""
    named = sa.func.to_regclass(sa.func.quote_ident(table))
    leaves = sa.func.pg_partition_tree(named).table_valued("relid")
    pages = sa.func.pg_relation_size(leaves.c.relid) / sa.cast(sa.func.current_setting("block_size"), sa.BigInteger)
    biggest = connection.execute(sa.select(sa.func.max(pages))).scalar()
    if biggest is None:  # not partitioned, on servers whose tree of a plain table is empty
        size = sa.func.pg_relation_size(named)
        biggest = connection.execute(sa.select(size)).scalar_one() // 8192
    return int(biggest) + 1


def _spanned(connection: sa.Connection, mode: str, source: sa.TableClause, column: str) -> Cursor:
    ends = sa.select(
        sa.select(sa.func.min(source.c[column])).scalar_subquery(),
        sa.select(sa.func.max(source.c[column])).scalar_subquery(),
    )
    try:
        low, high = connection.execute(ends).one()
    except sa.exc.OperationalError:  # a table without row ids
        return Cursor(mode="whole")
    return Cursor(
        mode=mode, at=int(low or 0), end=int(high or 0) + 1, size=min(MOST, ROWIDS if mode == "rowids" else ROWS)
    )


def _range(column: ColumnElement[Any], low: int, high: int) -> ColumnElement[bool]:
    return sa.and_(column >= low, column < high)


def _between(ctid: ColumnElement[Any], low: int, high: int) -> ColumnElement[bool]:
    return sa.and_(ctid >= _tid(low), ctid < _tid(high))


def _tid(block: int) -> ColumnElement[Any]:
    return sa.cast(sa.literal(f"({block},0)"), _Tid())


def _slice(task: Task, low: int, high: int) -> Keys:
    name = sliced(task)
    return {**task.keys, name: task.keys[name][low:high]} if name is not None else task.keys


def _anchor(selection: Selection) -> frozenset[str]:
    """Key sets of which every selected row has a member."""
    match selection:
        case Named(keys=keys):
            return frozenset({keys})
        case Up(where=where):
            return _anchor(where)
        case All(parts=parts):
            return frozenset().union(*(_anchor(part) for part in parts))
        case Some(parts=parts) if parts:
            return frozenset.intersection(*(_anchor(part) for part in parts))
        case _:
            return frozenset()


def _negated(selection: Selection, *, inside: bool) -> frozenset[str]:
    """Key sets that are asked for under a negation or of other rows."""
    match selection:
        case Named(keys=keys):
            return frozenset({keys}) if inside else frozenset()
        case Not(part=part):
            return _negated(part, inside=True)
        case Down(where=where):
            return _negated(where, inside=True)
        case Up(where=where):
            return _negated(where, inside=inside)
        case All(parts=parts) | Some(parts=parts):
            return frozenset().union(*(_negated(part, inside=inside) for part in parts))
        case _:
            return frozenset()
