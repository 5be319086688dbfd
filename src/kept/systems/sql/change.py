"""Carry out a step: whole in one transaction, or batch by batch, each with its marker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from kept.map.bound import Map
from kept.map.schema import ForeignKey, Shape
from kept.policy.findings import Finding, Refused, stopped
from kept.ports import Cursor, Done, Keys, Mark, Task
from kept.systems.sql import marker, ranges
from kept.systems.sql.codes import finding
from kept.systems.sql.compile import Compiler, Condition
from kept.systems.sql.fills import value

ROOTS: Final = 50
"""Rows of a step that a rehearsal picks, each with all rows that point at it."""
FAMILY: Final = 2_000
"""Rows of one step that may point at picked rows of another."""
ENTIRE, SHARE = 10_000, 50
"""Steps that a single row can stop are tried whole: up to so many rows in all, or one in so many of the plan."""
PEOPLE: Final = 1_000
"""Named people among whose rows a rehearsal picks."""

Limit = Callable[[sa.TableClause], Condition]
"""Narrows a step to some of its rows, given its table."""

_KEEPS_NO_TRANSACTIONS: Final = sa.text("""
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name IN :names AND UPPER(engine) NOT IN ('INNODB', 'ROCKSDB')
""").bindparams(sa.bindparam("names", expanding=True))
_DEFERRED: Final = sa.text("SET CONSTRAINTS ALL IMMEDIATE")


def rehearse(connection: sa.Connection, bound: Map, zone: str, tasks: Sequence[Task]) -> None:
    """Try every task, in order, in one transaction that is rolled back: what would be refused late is refused now.

    Steps in which one row can be refused where another passes are tried whole while they are few; of the others a few
    rows are tried, each with all rows that point at it. The number of statements grows with the tables, not the rows.
    """
    _can_roll_back(connection, tasks)
    for task in tasks:
        _closed(connection, bound, zone, task)
    fewer = _fewer(bound, tasks)
    try:
        _tried(connection, bound, zone, tasks, fewer)
    except (Refused, sa.exc.DBAPIError) as error:
        if fewer is tasks or getattr(error, "connection_invalidated", False):
            raise
        connection.rollback()  # rows of people left out may point at what was tried: only all of them can tell
        _tried(connection, bound, zone, tasks, tasks)


def _fewer(bound: Map, tasks: Sequence[Task]) -> Sequence[Task]:
    """The tasks of the first few of their people, where all hang on the same people."""
    names = {ranges.sliced(task) for task in tasks}
    whole = _entire(bound, tasks)
    if len(names) != 1 or (name := next(iter(names))) is None:
        return tasks
    return [
        task if number in whole else replace(task, keys={**task.keys, name: task.keys[name][:PEOPLE]})
        for number, task in enumerate(tasks)
    ]


def _tried(connection: sa.Connection, bound: Map, zone: str, planned: Sequence[Task], tasks: Sequence[Task]) -> None:
    """One rehearsal; `planned` says which steps are tried whole, `tasks` whose rows are picked."""
    for task, inside in zip(tasks, _slices(connection, bound, zone, planned, tasks), strict=True):
        _within(task, _carried_out(connection, bound, zone, task, task.keys, inside), task.rows)
        if left := _count(connection, bound, zone, task, inside):
            raise _left_over(bound, task, left)
    if connection.dialect.name == "postgresql":
        connection.execute(_DEFERRED)  # a roll-back would never ask a constraint that waits for the commit
    connection.rollback()


def _slices(
    connection: sa.Connection, bound: Map, zone: str, planned: Sequence[Task], tasks: Sequence[Task]
) -> list[Limit | None]:
    """What a rehearsal tries of every task; None where that is all of it."""
    whole = _entire(bound, planned)
    picks = _Picks(connection, bound, zone, tasks)
    for number in reversed(range(len(tasks))):  # parents first: their children must be picked with them
        if number not in whole:
            picks.pick(number)
    return [None if number in whole else picks.limit(number) for number in range(len(tasks))]


def _closed(connection: sa.Connection, bound: Map, zone: str, task: Task) -> None:
    """Where a table points at itself: no row that stays may point at one that goes."""
    keys = [each for each in bound.tables[task.table].table.foreign_keys if each.table == task.table]
    if task.act.action != "delete":
        return
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=task.keys)
    for key in keys:
        stays, goes = (compiler.table(task.table).alias() for _ in range(2))
        met = [stays.c[via] == goes.c[to] for via, to in zip(key.columns, key.referred, strict=True)]
        pointed = sa.exists().where(*met, compiler.where(task.act.selection, task.table, goes))
        kept = compiler.where(task.act.selection, task.table, stays).is_not(sa.true())
        if connection.execute(sa.select(sa.literal(1)).select_from(stays).where(kept, pointed).limit(1)).first():
            raise stopped(finding("S217", where=bound.system.name, subject=task.table, doing="rehearsing the plan"))


def _can_roll_back(connection: sa.Connection, tasks: Sequence[Task]) -> None:
    """MariaDB has tables without transactions: a rehearsal, or a batch that fails, would stay in them."""
    if connection.dialect.name != "mariadb":
        return
    names = sorted({task.table for task in tasks} | {marker.MARKER.name})
    if found := connection.execute(_KEEPS_NO_TRANSACTIONS, {"names": names}).scalars().all():
        raise stopped(*(finding("S239", where=name, subject=name) for name in found))


def _points_at_itself(bound: Map, name: str) -> bool:
    """Whether a declared key of the table points at the table."""
    return any(key.table == name for key in bound.schema.by_name[name].foreign_keys)


def _entire(bound: Map, tasks: Sequence[Task]) -> frozenset[int]:
    """Tasks to be tried whole: those a single row can stop, with the tasks below them, smallest first."""
    room = max(ENTIRE, sum(task.rows for task in tasks) // SHARE)
    chosen: frozenset[int] = frozenset()
    for number in sorted(range(len(tasks)), key=lambda each: tasks[each].rows):
        more = _below(bound, tasks, number) - chosen
        cost = sum(tasks[each].rows for each in more)
        if _stoppable(bound, tasks[number]) and cost <= room:
            chosen, room = chosen | more, room - cost
    return chosen


def _below(bound: Map, tasks: Sequence[Task], number: int, seen: frozenset[int] = frozenset()) -> frozenset[int]:
    """A task and every deletion from tables whose keys point, directly or not, at its table."""
    seen |= {number}
    if tasks[number].act.action == "delete":
        for other, task in enumerate(tasks):
            keys = bound.schema.by_name[task.table].foreign_keys
            if other not in seen and task.act.action == "delete" and tasks[number].table in {key.table for key in keys}:
                seen |= _below(bound, tasks, other, seen)
    return seen


def _stoppable(bound: Map, task: Task) -> bool:
    """Whether one row may be refused where another passes: by a check, a trigger, or a row that points at it."""
    named = [each for each in bound.schema.tables if each.name == task.table or each.shape is Shape.PARTITION]
    loose = task.act.action == "delete" and not _pointed_at(bound, task.table)
    return not loose or any(table.triggers for table in named)


def _pointed_at(bound: Map, name: str) -> list[ForeignKey]:
    """Declared keys that point at a table."""
    return [key for other in bound.schema.tables for key in other.foreign_keys if key.table == name]


@dataclass(frozen=True, kw_only=True)
class _Pick:
    """A row to be tried: its values, and the picks for whose sake it is there (a pick of its own is one of them)."""

    values: Mapping[str, Any]
    roots: frozenset[int]


class _Picks:
    """Rows of every task such that nothing points at them that is not among them.

    A pick with more rows below it than a rehearsal may try is dropped, and its whole family with it.
    """

    def __init__(self, connection: sa.Connection, bound: Map, zone: str, tasks: Sequence[Task]) -> None:
        self._connection, self._bound, self._zone, self._tasks = connection, bound, zone, tasks
        self._rows: dict[int, dict[tuple[Any, ...], _Pick]] = {}
        self._dropped: set[int] = set()
        self._roots = count()

    def pick(self, number: int) -> None:
        """Rows of a task: what points at rows picked before, and some of its own. Parents must be picked before."""
        self._rows[number] = {}
        if self._tasks[number].act.action == "delete":
            for key, parent in self._upwards(number):
                self._follow(number, key, parent)
        if self._single(number):
            few = self._tasks[number]
            if (name := ranges.sliced(few)) is not None:
                few = replace(few, keys={**few.keys, name: few.keys[name][:PEOPLE]})
            for values in self._read(number, few, lambda _: sa.true(), ROOTS):
                self._add(number, values, frozenset({next(self._roots)}))

    def limit(self, number: int) -> Limit:
        """The picked rows of a task that were not dropped."""
        key = self._bound.tables[self._tasks[number].table].key
        return _among(key, [kept for kept, pick in self._rows[number].items() if pick.roots - self._dropped])

    def _upwards(self, number: int) -> list[tuple[ForeignKey, int]]:
        """Declared keys of a task's table that point at rows picked before."""
        table = self._bound.schema.by_name[self._tasks[number].table]
        return [
            (key, other)
            for key in table.foreign_keys
            for other in self._rows
            if other != number and self._tasks[other].table == key.table and self._tasks[other].act.action == "delete"
        ]

    def _follow(self, number: int, key: ForeignKey, parent: int) -> None:
        """Pick every row that points at a picked parent; drop the parents with too many."""
        if not (owners := self._owners(key, parent)):
            return
        self._drop(self._totals(number, key, owners), FAMILY if self._single(number) else 0)
        owners = self._owners(key, parent)
        for values in self._read(number, self._tasks[number], _among(key.columns, list(owners)), None):
            self._add(number, values, self._owner(owners, tuple(values[column] for column in key.columns)))

    def _owners(self, key: ForeignKey, parent: int) -> dict[tuple[Any, ...], frozenset[int]]:
        """The values a foreign key meets in picked parents, and the picks they stand for."""
        found: dict[tuple[Any, ...], frozenset[int]] = {}
        for pick in self._rows[parent].values():
            met = tuple(pick.values[column] for column in key.referred)
            if roots := pick.roots - self._dropped:
                found[met] = found.get(met, frozenset()) | roots
        return found

    @staticmethod
    def _owner(owners: Mapping[tuple[Any, ...], frozenset[int]], met: tuple[Any, ...]) -> frozenset[int]:
        """For whose sake a row is there: of all, where the database calls two spellings one and Python does not."""
        return owners.get(met) or frozenset[int]().union(*owners.values())

    def _totals(
        self, number: int, key: ForeignKey, owners: Mapping[tuple[Any, ...], frozenset[int]]
    ) -> Mapping[int, int]:
        table, where = self._selected(self._tasks[number])
        columns = [table.c[column] for column in key.columns]
        met = _among(key.columns, list(owners))(table)
        counted = sa.select(*columns, sa.func.count()).where(where, met).group_by(*columns)
        totals: Counter[int] = Counter()
        for *values, rows in self._connection.execute(counted):
            totals.update(dict.fromkeys(self._owner(owners, tuple(values)), rows))
        return totals

    def _drop(self, totals: Mapping[int, int], room: int) -> None:
        """Keep the small families, as many as there is room for."""
        spent = 0
        for root, rows in sorted(totals.items(), key=itemgetter(1)):
            spent += rows
            if spent > room:
                self._dropped.add(root)

    def _read(self, number: int, task: Task, inside: Limit, most: int | None) -> list[Mapping[str, Any]]:
        table, where = self._selected(task)
        rows = self._connection.execute(
            sa.select(*(table.c[column] for column in self._columns(number))).where(where, inside(table)).limit(most)
        )
        return [dict(row) for row in rows.mappings()]

    def _columns(self, number: int) -> list[str]:
        """Key, what keys elsewhere point at, and what points upwards."""
        name = self._tasks[number].table
        pointing = [column for key in _pointed_at(self._bound, name) for column in key.referred]
        upwards = [column for key, _ in self._upwards(number) for column in key.columns]
        return list(dict.fromkeys([*self._bound.tables[name].key, *pointing, *upwards]))

    def _selected(self, task: Task) -> tuple[sa.TableClause, Condition]:
        compiler = Compiler(bound=self._bound, zone=self._zone, cuts=task.cuts, keys=task.keys)
        table = compiler.table(task.table)
        return table, compiler.where(task.act.selection, task.table, table)

    def _add(self, number: int, values: Mapping[str, Any], roots: frozenset[int]) -> None:
        key = tuple(values[column] for column in self._bound.tables[self._tasks[number].table].key)
        known = self._rows[number].get(key)
        self._rows[number][key] = _Pick(values=values, roots=roots | known.roots if known else roots)

    def _single(self, number: int) -> bool:
        """Whether rows of the table can be picked one by one."""
        name, key = self._tasks[number].table, self._bound.tables[self._tasks[number].table].key
        table = self._bound.schema.by_name[name]
        sure = key in {table.key, *table.unique} or not _pointed_at(self._bound, name)
        return bool(key) and sure and not _points_at_itself(self._bound, name)


def whole(connection: sa.Connection, bound: Map, zone: str, mark: Mark, tasks: Sequence[Task]) -> Done:
    """Every task in one transaction. Each is re-read behind itself, before the rows it hangs on go too."""
    if (done := marker.check(connection, mark)) is not None:
        return done
    _can_roll_back(connection, tasks)
    total = 0
    for task in tasks:
        touched = _carried_out(connection, bound, zone, task, task.keys, None)
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
    if task.act.action == "delete" and _points_at_itself(bound, task.table):
        # A range could hold a row and not the one that points at it: such a table is changed by one statement.
        cursor = replace(cursor, mode="whole")
    keys, inside = ranges.restrict(cursor, task, bound)
    limits = _limited(cursor, inside, bound, zone, task)
    touched = _carried_out(connection, bound, zone, task, keys, limits, cursor.mode)
    _within(task, touched, budget)
    ms = (time.perf_counter() - began) * 1000
    done = Done(rows=touched, next=ranges.after(connection, bound, task, cursor, touched), ms=ms)
    marker.write(connection, mark, done)
    return done


def residual(connection: sa.Connection, bound: Map, zone: str, task: Task) -> int:
    """Rows that still match the task."""
    if connection.dialect.name == "postgresql" and ranges.large_share(connection, bound, task):
        for path in ("indexscan", "indexonlyscan", "bitmapscan"):  # a step leaves dead entries behind in its indexes
            connection.execute(sa.select(sa.func.set_config(f"enable_{path}", "off", True)))  # noqa: FBT003 - SQL's own
    return _count(connection, bound, zone, task, None)


def _count(connection: sa.Connection, bound: Map, zone: str, task: Task, inside: Limit | None) -> int:
    compiler = Compiler(bound=bound, zone=zone, cuts=task.cuts, keys=task.keys)
    table = compiler.table(task.table)
    where = [compiler.where(task.act.selection, task.table, table), *([inside(table)] if inside else [])]
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())


def _carried_out(  # noqa: PLR0917
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


def _among(columns: Sequence[str], found: Sequence[tuple[Any, ...]]) -> Limit:
    """The columns hold one of these rows of values."""
    if len(columns) == 1:
        return lambda table: table.c[columns[0]].in_([met for (met,) in found])
    return lambda table: sa.tuple_(*(table.c[column] for column in columns)).in_(found) if found else sa.false()


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
