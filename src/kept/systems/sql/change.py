"""Carry out a step: whole in one transaction, or batch by batch, each with its marker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from kept.map.bound import Map
from kept.policy.findings import Finding, stopped
from kept.ports import Cursor, Done, Keys, Mark, Task
from kept.systems.sql import marker, ranges
from kept.systems.sql.codes import finding
from kept.systems.sql.compile import Compiler, Condition
from kept.systems.sql.fills import value

Limit = Callable[[sa.TableClause], Condition]
"""Narrows a step to some of its rows, given its table."""

_KEEPS_NO_TRANSACTIONS: Final = sa.text("""
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name IN :names AND UPPER(engine) NOT IN ('INNODB', 'ROCKSDB')
""").bindparams(sa.bindparam("names", expanding=True))


def can_roll_back(connection: sa.Connection, tasks: Sequence[Task]) -> None:
    """MariaDB has tables without transactions: a rehearsal, or a batch that fails, would stay in them."""
    if connection.dialect.name != "mariadb":
        return
    names = sorted({task.table for task in tasks} | {marker.MARKER.name})
    if found := connection.execute(_KEEPS_NO_TRANSACTIONS, {"names": names}).scalars().all():
        raise stopped(*(finding("S239", where=name, subject=name) for name in found))


def points_at_itself(bound: Map, name: str) -> bool:
    """Whether a declared key of the table points at the table."""
    return any(key.table == name for key in bound.schema.by_name[name].foreign_keys)


def whole(connection: sa.Connection, bound: Map, zone: str, mark: Mark, tasks: Sequence[Task]) -> Done:
    """Every task in one transaction. Each is re-read behind itself, before the rows it hangs on go too."""
    if (done := marker.check(connection, mark)) is not None:
        return done
    can_roll_back(connection, tasks)
    total = 0
    for task in tasks:
        touched = carried_out(connection, bound, zone, task, task.keys, None)
        within(task, touched, task.rows)
        if left := residual(connection, bound, zone, task):
            raise left_over(bound, task, left)
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
    if task.act.action == "delete" and points_at_itself(bound, task.table):
        # A range could hold a row and not the one that points at it: such a table is changed by one statement.
        cursor = replace(cursor, mode="whole")
    keys, inside = ranges.restrict(cursor, task, bound)
    limits = _limited(cursor, inside, bound, zone, task)
    touched = carried_out(connection, bound, zone, task, keys, limits, cursor.mode)
    within(task, touched, budget)
    ms = (time.perf_counter() - began) * 1000
    done = Done(rows=touched, next=ranges.after(connection, bound, task, cursor, touched), ms=ms)
    marker.write(connection, mark, done)
    return done


def residual(connection: sa.Connection, bound: Map, zone: str, task: Task) -> int:
    """Rows that still match the task."""
    if connection.dialect.name == "postgresql" and ranges.large_share(connection, bound, task):
        for path in ("indexscan", "indexonlyscan", "bitmapscan"):  # a step leaves dead entries behind in its indexes
            connection.execute(sa.select(sa.func.set_config(f"enable_{path}", "off", True)))  # noqa: FBT003 - SQL's own
    return rows_left(connection, bound, zone, task, None)


def rows_left(connection: sa.Connection, bound: Map, zone: str, task: Task, inside: Limit | None) -> int:
    """Rows that match the task, within a limit."""
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=task.keys)
    table = compiler.table(task.table)
    where = [compiler.where(task.act.selection, task.table, table), *([inside(table)] if inside else [])]
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())


def carried_out(  # noqa: PLR0917
    connection: sa.Connection, bound: Map, zone: str, task: Task, keys: Keys, inside: Any, mode: str = ""
) -> int:
    """Rows touched by the statement of a task."""
    if loose := _loosened(bound, task):
        connection.execute(_statement(bound, zone, task, keys, inside, mode, loose))
    return connection.execute(_statement(bound, zone, task, keys, inside, mode)).rowcount


def _loosened(bound: Map, task: Task) -> dict[str, Any]:
    """MariaDB asks a key after every row: rows that go let go of each other before the first of them goes."""
    if bound.schema.dialect != "mariadb" or task.act.action != "delete":
        return {}
    table = bound.schema.by_name[task.table]
    keys = [key for key in table.foreign_keys if key.table == task.table]
    return {column: sa.null() for key in keys for column in key.columns if table.by_name[column].nullable}


def _statement(  # noqa: PLR0917
    bound: Map, zone: str, task: Task, keys: Keys, inside: Any, mode: str = "", loose: Mapping[str, Any] | None = None
) -> sa.Delete | sa.Update:
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=keys)
    table = compiler.table(task.table)
    if mode == "rowids":
        table = ranges.Unindexed(table.name, *(sa.column(column.name) for column in table.columns))
    where: list[Condition] = [compiler.where(task.act.selection, task.table, table)]
    if inside is not None:
        where.append(inside(table))
    if loose:
        return sa.update(table).where(*where).values(loose)
    if task.act.action == "delete":
        return sa.delete(table).where(*where)
    described = bound.tables[task.table].table.by_name
    dialect = bound.schema.dialect
    filled = {c: value(fill, described[c], dialect) for c, fill in task.act.fills}
    return sa.update(table).where(*where).values({**_clocks_as_they_are(bound, task.table, table), **filled})


def _clocks_as_they_are(bound: Map, name: str, table: sa.TableClause) -> dict[str, Any]:
    """MariaDB sets `ON UPDATE CURRENT_TIMESTAMP` unless the column is named: emptying a row must not make it young."""
    if bound.schema.dialect != "mariadb":
        return {}
    columns = {clock.column for clock in bound.tables[name].entry.on.values()}
    return {column: table.c[column] for column in columns if not bound.tables[name].table.by_name[column].generated}


def _limited(cursor: Cursor, inside: Any, bound: Map, zone: str, task: Task) -> Any:
    return _some_keys(bound, zone, task, cursor.size) if cursor.mode == "limit" else inside


def _some_keys(bound: Map, zone: str, task: Task, size: int) -> Any:
    """A page of matching keys, through a derived table: MariaDB does not read the table it deletes from."""
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=task.keys)
    source = compiler.table(task.table).alias()
    key = bound.tables[task.table].key
    where = compiler.where(task.act.selection, task.table, source)
    page = sa.select(*(source.c[c] for c in key)).where(where).limit(size).subquery()
    chosen = sa.select(*page.c)
    return lambda table: sa.tuple_(*(table.c[c] for c in key)).in_(chosen)


def within(task: Task, touched: int, budget: int) -> None:
    """Refuse a statement that touched more rows than the plan counted."""
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


def left_over(bound: Map, task: Task, left: int) -> Exception:
    """The refusal when rows match a step that has been carried out."""
    return stopped(
        Finding(
            code="S316",
            message=f"{left} rows still match after the step; everything was rolled back",
            where=f"{bound.system.name}.{task.table}",
            help="look for a trigger or a rule that puts rows back, then plan again",
        )
    )
