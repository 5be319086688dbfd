"""Carry out a step: whole in one transaction, or batch by batch, each with its marker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from kept.map.bound import Map
from kept.policy.findings import Finding, stopped
from kept.ports import Cursor, Done, Keys, Mark, Task
from kept.systems.sql import marker, ranges
from kept.systems.sql.compile import Compiler, Condition
from kept.systems.sql.fills import value

REHEARSED = 50
"""People, or rows of a step without people, that a rehearsal changes before it rolls back."""
THEIRS = 2_000
"""Rows per step that the rehearsed people may have."""


def rehearse(connection: sa.Connection, bound: Map, zone: str, tasks: Sequence[Task]) -> None:
    """A first slice of every task, in order, in one transaction that is rolled back.

    What a constraint, a type or a missing grant would refuse in the eighth table is refused before the first. The
    slice is the same few people in every task; where none are named, rows that no declared key points at any more.
    """
    for task in tasks:
        few = _few_people(task)
        connection.execute(_statement(bound, zone, few, few.keys, _few(connection, bound, zone, few)))
    connection.rollback()


def _few_people(task: Task) -> Task:
    """The task for the first few of its people; the same ones in every task, for key sets are sorted."""
    name = ranges.sliced(task)
    return task if name is None else replace(task, keys={**task.keys, name: task.keys[name][:REHEARSED]})


def whole(connection: sa.Connection, bound: Map, zone: str, mark: Mark, tasks: Sequence[Task]) -> Done:
    """Every task in one transaction. Each is re-read behind itself, before the rows it hangs on go too."""
    if (done := marker.check(connection, mark)) is not None:
        return done
    total = 0
    for task in tasks:
        touched = connection.execute(_statement(bound, zone, task, task.keys, None)).rowcount
        _within(task, touched, task.rows)
        if left := residual(connection, bound, zone, task):
            raise _left_over(bound, task, left)
        total += touched
    done = Done(rows=total, next=None)
    marker.write(connection, mark, done)
    return done


def batch(  # noqa: PLR0917
    connection: sa.Connection, bound: Map, zone: str, mark: Mark, task: Task, cursor: Cursor, budget: int
) -> Done:
    """One range of one task and its marker, in the caller's transaction."""
    if (done := marker.check(connection, mark)) is not None:
        return done
    began = time.perf_counter()
    keys, inside = ranges.restrict(cursor, task, bound)
    limits = _limited(cursor, inside, bound, zone, task)
    touched = connection.execute(_statement(bound, zone, task, keys, limits, cursor.mode)).rowcount
    _within(task, touched, budget)
    ms = (time.perf_counter() - began) * 1000
    done = Done(rows=touched, next=ranges.after(connection, bound, task, cursor, touched), ms=ms)
    marker.write(connection, mark, done)
    return done


def residual(connection: sa.Connection, bound: Map, zone: str, task: Task) -> int:
    """Rows that still match the task."""
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=task.keys)
    table = compiler.table(task.table)
    where = compiler.where(task.act.selection, task.table, table)
    if connection.dialect.name == "postgresql" and ranges.large_share(connection, bound, task):
        for path in ("indexscan", "indexonlyscan", "bitmapscan"):  # a step leaves dead entries behind in its indexes
            connection.execute(sa.select(sa.func.set_config(f"enable_{path}", "off", True)))  # noqa: FBT003 - SQL's own
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(where)).scalar_one())


def _statement(  # noqa: PLR0917
    bound: Map, zone: str, task: Task, keys: Keys, inside: Any, mode: str = ""
) -> sa.Delete | sa.Update:
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=keys)
    table = compiler.table(task.table)
    if mode == "rowids":
        table = ranges.Unindexed(table.name, *(sa.column(column.name) for column in table.columns))
    where: list[Condition] = [compiler.where(task.act.selection, task.table, table)]
    if inside is not None:
        where.append(inside(table))
    if task.act.action == "delete":
        return sa.delete(table).where(*where)
    described = bound.tables[task.table].table.by_name
    dialect = bound.schema.dialect
    return sa.update(table).where(*where).values({c: value(fill, described[c], dialect) for c, fill in task.act.fills})


def _limited(cursor: Cursor, inside: Any, bound: Map, zone: str, task: Task) -> Any:
    return _some_keys(bound, zone, task, cursor.size) if cursor.mode == "limit" else inside


def _few(connection: sa.Connection, bound: Map, zone: str, task: Task) -> Any:
    """The first free rows of a step by their keys; a table without a key is rehearsed by its whole statement."""
    key = bound.tables[task.table].key
    if not key:
        return None
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=task.keys)
    table = compiler.table(task.table)
    where = compiler.where(task.act.selection, task.table, table)
    free = _unreferenced(bound, compiler, task.table, table) if task.act.action == "delete" else []
    rows = connection.execute(sa.select(*(table.c[c] for c in key)).where(where, *free).limit(REHEARSED)).all()
    return lambda target: (
        sa.tuple_(*(target.c[c] for c in key)).in_([tuple(row) for row in rows]) if rows else sa.false()
    )


def _unreferenced(bound: Map, compiler: Compiler, name: str, table: sa.TableClause) -> list[Condition]:
    """No declared foreign key points at the row: its children may be more than a rehearsal deletes."""
    conditions: list[Condition] = []
    for other in bound.schema.tables:
        for foreign in other.foreign_keys:
            if foreign.table == name and other.name != name:
                child = compiler.table(other.name).alias()
                met = [child.c[via] == table.c[to] for via, to in zip(foreign.columns, foreign.referred, strict=True)]
                conditions.append(sa.not_(sa.exists().where(*met)))
    return conditions


def _some_keys(bound: Map, zone: str, task: Task, size: int) -> Any:
    """A page of matching keys, through a derived table: MariaDB does not read the table it deletes from."""
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=task.keys)
    source = compiler.table(task.table).alias()
    key = bound.tables[task.table].key
    where = compiler.where(task.act.selection, task.table, source)
    page = sa.select(*(source.c[c] for c in key)).where(where).limit(size).subquery()
    chosen = sa.select(*page.c)
    return lambda table: sa.tuple_(*(table.c[c] for c in key)).in_(chosen)


def _within(task: Task, touched: int, budget: int) -> None:
    if touched and touched > budget:
        raise stopped(
            Finding(
                code="S307",
                message=f"more rows match than the plan counted ({touched} where {budget} were left)",
                where=task.table,
                why="a plan touches only what was reviewed; the batch was rolled back",
                help="plan again",
            )
        )


def _left_over(bound: Map, task: Task, left: int) -> Exception:
    return stopped(
        Finding(
            code="S316",
            message=f"{left} rows still match after the step; everything was rolled back",
            where=f"{bound.system.name}.{task.table}",
            help="look for a trigger or a rule that puts rows back, then plan again",
        )
    )
