"""Counting by class, sizes, and what lies outside a closed list: one statement each."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from kept.decide.select import All, Before, Selection
from kept.map.bound import Hop
from kept.map.schema import Schema
from kept.ports import CountQuery
from kept.systems.sql.compile import Compiler
from kept.systems.sql.instants import read_instant

LARGE = 50_000
"""From this many rows on, a table's size is the catalogue's estimate: it is context, never a verdict."""
SMALL = 20_000
"""Up to this many rows a table may be read through for a date that only explains."""


def class_query(compiler: Compiler, query: CountQuery) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """Rows per class: bit i of the class number is flag i (design law 11). Each row is (class, rows).

    With at most one flag open it is a plain count, which a database answers fastest, and one more for the flag.
    """
    table = compiler.table(query.table)
    asked = query.where.parts if isinstance(query.where, All) else (query.where,)
    given = sum(1 << bit for bit, flag in enumerate(query.flags) if flag in asked)
    flags = [
        (bit, compiler.where(flag, query.table, table)) for bit, flag in enumerate(query.flags) if flag not in asked
    ]
    if not flags:
        first, *more = _ranges(compiler, query.where, query.table, table)
        apart = [_count(table, where).correlate(None).scalar_subquery() for where in more]
        return _count(table, first, sa.literal(given), functools.reduce(operator.add, [sa.func.count(), *apart]))
    where = compiler.where(query.where, query.table, table)
    if len(flags) == 1:
        return _by_flag(table, where, given, *flags[0])
    return _count(table, where, _number(flags, given), sa.func.count()).group_by(sa.text("1"))


def _by_flag(
    table: sa.TableClause, where: ColumnElement[bool], given: int, bit: int, flag: ColumnElement[bool]
) -> sa.CompoundSelect[Any]:
    """Two classes from one scan without grouping."""
    held = sa.func.count(sa.case((flag, 1)))
    both = _count(table, where, (sa.func.count() - held).label("free"), held.label("held")).cte("counted")
    return sa.select(sa.literal(given), both.c.free).union_all(sa.select(sa.literal(given | 1 << bit), both.c.held))


def _count(table: sa.TableClause, where: ColumnElement[bool], *columns: ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(*(columns or (sa.func.count(),))).select_from(table).where(where)


def _ranges(compiler: Compiler, where: Selection, name: str, table: sa.TableClause) -> list[ColumnElement[bool]]:
    """Disjoint conditions that make up a selection: an index serves a clock kept as text range by range."""
    parts = where.parts if isinstance(where, All) else (where,)
    indexed = {index[0] for index in compiler.bound.schema.by_name[name].indexes}
    dated = next((part for part in parts if isinstance(part, Before) and part.column in indexed), None)
    if dated is None:
        return [compiler.where(where, name, table)]
    rest = [compiler.where(part, name, table) for part in parts if part is not dated]
    return [sa.and_(piece, *rest) for piece in compiler.before(dated, name, table)]


def by_class(connection: sa.Connection, compiler: Compiler, query: CountQuery) -> dict[int, int]:
    """Run the class query; empty classes are left out."""
    rows = connection.execute(class_query(compiler, query)).all()
    return {int(number): int(count) for number, count in rows if count}


def latest(connection: sa.Connection, compiler: Compiler, query: CountQuery, hop: Hop) -> datetime | None:
    """The latest instant of the clock `hop` leads to, over the selected rows: one statement, whatever the path."""
    return _extreme(sa.func.max, connection, compiler, query, hop)


def earliest(connection: sa.Connection, compiler: Compiler, query: CountQuery, hop: Hop) -> datetime | None:
    """The earliest instant, in the same way; None where a large table would be read through for it."""
    indexed = {index[0] for index in compiler.bound.schema.by_name[query.table].indexes}
    far = hop.links or hop.clock.column not in indexed
    if far and _about(connection, compiler.bound.schema, query.table) > SMALL:
        return None
    return _extreme(sa.func.min, connection, compiler, query, hop)


def _extreme(
    pick: Callable[[Any], Any], connection: sa.Connection, compiler: Compiler, query: CountQuery, hop: Hop
) -> datetime | None:
    table = compiler.table(query.table)
    wheres = _ranges(compiler, query.where, query.table, table)
    for link in hop.links:
        parent = compiler.table(link.parent)
        chosen = sa.select(*(table.c[column] for column in link.via)).where(sa.or_(*wheres))
        ends = zip(link.to, link.via, strict=True)
        keys = [compiler.alike(parent.c[to], link.parent, to, (link.child, via)) for to, via in ends]
        wheres = [(keys[0] if len(keys) == 1 else sa.tuple_(*keys)).in_(chosen)]
        table = parent
    each = [sa.select(pick(table.c[hop.clock.column]).label("at")).where(where) for where in wheres]
    found = connection.execute(sa.select(pick(sa.union_all(*each).subquery().c.at))).scalar()
    return None if found is None else read_instant(compiler.bound, hop.table, hop.clock.column, found, compiler.zone)


def outside(
    connection: sa.Connection, schema: Schema, table: str, column: str, allowed: Sequence[str]
) -> tuple[int, int]:
    """(rows whose value is NULL or not among `allowed`, all rows)."""
    source = sa.table(table, sa.column(column))
    text = sa.cast(source.c[column], sa.Text) if schema.dialect == "postgresql" else source.c[column]
    inside = text.in_(list(allowed)) if allowed else sa.false()
    return _violations(connection, source, sa.or_(source.c[column].is_(None), sa.not_(inside)))


def like(connection: sa.Connection, schema: Schema, table: str, column: str, pattern: str) -> tuple[int, int]:
    """(rows whose text matches the LIKE pattern, all rows)."""
    source = sa.table(table, sa.column(column))
    text = sa.cast(source.c[column], sa.Text) if schema.dialect == "postgresql" else source.c[column]
    return _violations(connection, source, text.like(pattern))


def size(connection: sa.Connection, schema: Schema, table: str) -> tuple[int, bool]:
    """(rows, exact): large tables are estimated from the catalogue, on SQLite from the span of row ids."""
    estimate = schema.by_name[table].rows
    if estimate is not None and estimate > LARGE:
        return estimate, False
    if schema.dialect == "sqlite" and (span := _rowid_span(connection, table)) > LARGE:
        return span, False
    return int(connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one()), True


def _about(connection: sa.Connection, schema: Schema, table: str) -> int:
    """Roughly how many rows, without counting them where that can be had."""
    return schema.by_name[table].rows or _rowid_span(connection, table) or size(connection, schema, table)[0]


def _rowid_span(connection: sa.Connection, table: str) -> int:
    source = sa.table(table, sa.column("rowid"))
    try:
        ends = sa.select(
            sa.select(sa.func.min(source.c.rowid)).scalar_subquery(),
            sa.select(sa.func.max(source.c.rowid)).scalar_subquery(),
        )
        low, high = connection.execute(ends).one()
    except sa.exc.OperationalError:  # WITHOUT ROWID, or a view
        return 0
    return 0 if low is None else int(high) - int(low) + 1


def _violations(connection: sa.Connection, source: sa.TableClause, bad: ColumnElement[bool]) -> tuple[int, int]:
    counted = sa.select(sa.func.coalesce(sa.func.sum(sa.case((bad, 1), else_=0)), 0), sa.func.count())
    violations, total = connection.execute(counted.select_from(source)).one()
    return int(violations), int(total)


def _number(flags: Sequence[tuple[int, ColumnElement[bool]]], given: int) -> ColumnElement[int]:
    """The class number: what every row has, and a bit for each flag that holds."""
    total: ColumnElement[int] = sa.literal_column(str(given), sa.BigInteger())
    for bit, flag in flags:
        total = total + sa.case((flag, sa.literal_column(str(1 << bit))), else_=sa.literal_column("0"))
    return total
