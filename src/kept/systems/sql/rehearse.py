"""Rehearse a plan: try its steps in one transaction that is rolled back, so that a late refusal comes early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from kept.map.bound import Map
from kept.map.schema import ForeignKey, Shape
from kept.policy.findings import Refused, stopped
from kept.ports import Task
from kept.systems.sql import change, ranges
from kept.systems.sql.change import Limit
from kept.systems.sql.codes import finding
from kept.systems.sql.compile import Compiler, Condition

ROOTS: Final = 50
"""Rows of a step that a rehearsal picks, each with all rows that point at it."""
FAMILY: Final = 2_000
"""Rows of one step that may point at picked rows of another."""
ENTIRE, SHARE = 10_000, 50
"""Steps that a single row can stop are tried whole: up to so many rows in all, or one in so many of the plan."""
PEOPLE: Final = 1_000
"""Named people among whose rows a rehearsal picks."""

_DEFERRED: Final = sa.text("SET CONSTRAINTS ALL IMMEDIATE")


def rehearse(connection: sa.Connection, bound: Map, zone: str, tasks: Sequence[Task]) -> None:
    """Try every task, in order, in one transaction that is rolled back: what would be refused late is refused now.

    Steps in which one row can be refused where another passes are tried whole while they are few; of the others a few
    rows are tried, each with all rows that point at it. The number of statements grows with the tables, not the rows.
    """
    change.can_roll_back(connection, tasks)
    for task in tasks:
        _closed(connection, bound, zone, task)
    whole = _entire(bound, tasks)
    fewer = _fewer(tasks, whole)
    try:
        _tried(connection, bound, zone, fewer, whole)
    except (Refused, sa.exc.DBAPIError) as error:
        if fewer is tasks or getattr(error, "connection_invalidated", False):
            raise
        connection.rollback()  # rows of people left out may point at what was tried: only all of them can tell
        _tried(connection, bound, zone, tasks, whole)


def _fewer(tasks: Sequence[Task], whole: frozenset[int]) -> Sequence[Task]:
    """The tasks of the first few of their people, where all hang on the same people."""
    names = {ranges.sliced(task) for task in tasks}
    if len(names) != 1 or (name := next(iter(names))) is None:
        return tasks
    return [
        task if number in whole else replace(task, keys={**task.keys, name: task.keys[name][:PEOPLE]})
        for number, task in enumerate(tasks)
    ]


def _tried(connection: sa.Connection, bound: Map, zone: str, tasks: Sequence[Task], whole: frozenset[int]) -> None:
    """One try of every task: of those in `whole` all rows, of the others what `_Picks` picks."""
    picks = _Picks(connection, bound, zone, tasks)
    for number in reversed(range(len(tasks))):  # parents first: their children must be picked with them
        if number not in whole:
            picks.pick(number)
    for number, task in enumerate(tasks):
        inside = None if number in whole else picks.limit(number)
        change.within(task, change.carried_out(connection, bound, zone, task, task.keys, inside), task.rows)
        if left := change.rows_left(connection, bound, zone, task, inside):
            raise change.left_over(bound, task, left)
    if connection.dialect.name == "postgresql":
        connection.execute(_DEFERRED)  # a roll-back would never ask a constraint that waits for the commit
    connection.rollback()


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
        return bool(key) and sure and not change.points_at_itself(self._bound, name)


def _among(columns: Sequence[str], found: Sequence[tuple[Any, ...]]) -> Limit:
    """The columns hold one of these rows of values."""
    if len(columns) == 1:
        return lambda table: table.c[columns[0]].in_([met for (met,) in found])
    return lambda table: sa.tuple_(*(table.c[column] for column in columns)).in_(found) if found else sa.false()
