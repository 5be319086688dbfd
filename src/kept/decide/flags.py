"""The flags of a table: what SQL sorts its rows by, so that the decision is asked once per class (law 11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from kept.decide.cuts import DUE, OVER, cut_name
from kept.decide.fill import stays
from kept.decide.formula import predicate
from kept.decide.outcome import Ceiling, Decision, Floor, RowDecision, decide, decide_row
from kept.decide.select import Always, Before, Equals, Holds, IsNull, Not, Selection, Up, every, some
from kept.law.periods import Period
from kept.law.terms import Event, Outcome, State
from kept.map.bound import BoundTable, Hop, Map
from kept.policy.model import Policy, Rule


class Speaks(StrEnum):
    """What a set flag means to the decision."""

    CEILING = "ceiling"  # a promise has come due
    FLOOR = "floor"  # a duty still binds
    NEEDED = "needed"  # a row that stays points here
    LEFT = "left"  # cells of the kind still hold data


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One bit of a class number."""

    name: str
    speaks: Speaks
    kinds: tuple[str, ...]
    selection: Selection
    ceiling: Ceiling | None = None
    floor: Floor | None = None
    lasting: Lasting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """How long a floor lasts: its period, counted from the clocks `hops` lead to."""

    period: Period
    year_end: bool
    hops: tuple[Hop, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One table under one trigger: which rows are looked at, by which flags, and what each class becomes."""

    system: str
    table: str
    kinds: tuple[str, ...]
    scope: Selection
    flags: tuple[Flag, ...]
    granted: bool
    keeps: bool = False
    """Some column stays for a reason on file, so the row stays with it, emptied of the rest."""

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The flags' selections, bit 0 first."""
        return tuple(flag.selection for flag in self.flags)

    @cached_property
    def classes(self) -> tuple[RowDecision, ...]:
        """The decision of every class number."""
        return tuple(self._decide(number) for number in range(1 << len(self.flags)))

    def set_in(self, number: int) -> tuple[Flag, ...]:
        """The flags that hold in a class."""
        return tuple(flag for bit, flag in enumerate(self.flags) if number >> bit & 1)

    def rows_in(self, numbers: Iterable[int]) -> Selection:
        """The rows of these classes."""
        return predicate(numbers, self.selections, within=self.scope)

    def _decide(self, number: int) -> RowDecision:
        held = self.set_in(number)
        cells = tuple((kind, self._cells(kind, held)) for kind in self.kinds)
        row = decide_row(cells, needed=self.keeps or any(flag.speaks is Speaks.NEEDED for flag in held))
        if row.whole:
            return row
        done = {k for f in self.flags if f.speaks is Speaks.LEFT and f not in held for k in f.kinds}
        left = tuple((kind, _settled(decision) if kind in done else decision) for kind, decision in cells)
        return RowDecision(whole=False, cells=left, shell=row.shell)

    def _cells(self, kind: str, held: tuple[Flag, ...]) -> Decision:
        spoken = [flag for flag in held if kind in flag.kinds]
        return decide(
            ceilings=tuple(flag.ceiling for flag in spoken if flag.ceiling is not None),
            floors=tuple(flag.floor for flag in spoken if flag.floor is not None),
            granted=self.granted,
        )


def _settled(decision: Decision) -> Decision:
    """Nothing is left of the kind in this row: what was due has been done."""
    return Decision(outcome=Outcome.KEEP, because=("done",)) if decision.destroys else decision


def ceilings(policy: Policy, bound: Map, table: BoundTable, edge: str = DUE) -> tuple[Flag, ...]:
    """Promises that can come due in this table by a clock. `edge` is `due` for plans, `overdue` for proofs."""
    flags = []
    for rule in _rules(policy, table):
        if rule.ceiling is None and not (rule.floor is not None and rule.then is not None):
            continue
        cut = edge if rule.ceiling is not None else OVER
        passed = _passed(rule, bound, table.name, cut)
        if passed is not None:
            then = rule.then or Outcome.DELETE
            name = cut_name(rule, cut)
            flags.append(
                Flag(
                    name=name,
                    speaks=Speaks.CEILING,
                    kinds=_kinds(rule, table),
                    selection=passed,
                    ceiling=Ceiling(rule=rule.name, then=then),
                )
            )
    return tuple(flags)


def floors(policy: Policy, bound: Map, table: BoundTable, *, grounded: bool) -> tuple[Flag, ...]:
    """Duties that can bind rows of this table; `grounded` leaves out those that bar clocks only."""
    flags = []
    for rule in (rule for rule in policy.retention if _kinds(rule, table)):
        active = _active(rule, bound, table.name)
        if active is None or (grounded and not rule.grounds):
            continue
        floor = Floor(rule=rule.name, grounds=rule.grounds, law=rule.law)
        flags.append(
            Flag(
                name=rule.name,
                speaks=Speaks.FLOOR,
                kinds=_kinds(rule, table),
                selection=active,
                floor=floor,
                lasting=_lasting(rule, bound, table.name),
            )
        )
    return tuple(flags)


def left(table: BoundTable) -> tuple[Flag, ...]:
    """One flag per kind: some cell still holds data. Without it a masked row would be due for ever."""
    return tuple(
        Flag(
            name=f"left.{kind}",
            speaks=Speaks.LEFT,
            kinds=(kind,),
            selection=some(*(Holds(column=cell.column.name) for cell in table.cells_of(kind) if not stays(cell))),
        )
        for kind in table.kinds
    )


def along(hop: Hop, where: Selection) -> Selection:
    """Carry a selection on the clock's table down to the table that inherits it."""
    for link in reversed(hop.links):
        up = Up(via=link.via, table=link.parent, to=link.to, where=where)
        where = every(*(Equals(column=column, value=value) for column, value in link.when), up)
    return where


def clock_event(rule: Rule) -> Event | None:
    """The event whose column a rule reads; the year's end is derived from `collected`."""
    return Event.COLLECTED if rule.event is Event.END_OF_CALENDAR_YEAR else rule.event


def _lasting(rule: Rule, bound: Map, table: str) -> Lasting | None:
    event = clock_event(rule)
    if rule.floor is None or event is None:
        return None
    year_end = rule.event is Event.END_OF_CALENDAR_YEAR
    return Lasting(period=rule.floor, year_end=year_end, hops=bound.hops(table, event))


def _rules(policy: Policy, table: BoundTable) -> list[Rule]:
    return [rule for rule in policy.retention if rule.runs and _kinds(rule, table)]


def _kinds(rule: Rule, table: BoundTable) -> tuple[str, ...]:
    return tuple(kind for kind in table.kinds if kind in rule.data)


def _passed(rule: Rule, bound: Map, table: str, edge: str) -> Selection | None:
    event = clock_event(rule)
    hops = bound.hops(table, event) if event else ()
    if not hops:
        return None
    cut = cut_name(rule, edge)
    return some(*(along(hop, Before(column=hop.clock.column, cut=cut)) for hop in hops))


def _active(rule: Rule, bound: Map, table: str) -> Selection | None:
    """A floor binds until it is known to be over: an event that has not happened keeps it (NULL, no clock at all)."""
    if rule.state is State.ACCOUNT_OPEN:
        hops = bound.hops(table, Event.ACCOUNT_CLOSED)
        return some(*(along(hop, IsNull(column=hop.clock.column)) for hop in hops)) if hops else None
    if rule.state is not None or rule.bound != "at least":
        return None  # hold, needed and in-backup are false until recorded
    event = clock_event(rule)
    hops = bound.hops(table, event) if event else ()
    if rule.floor is None or not hops:
        return Always()  # no number, or no clock: nobody knows that the duty is over
    passed = {hop: Before(column=hop.clock.column, cut=cut_name(rule, OVER)) for hop in hops}
    if len(hops) == 1:
        return Not(part=along(hops[0], passed[hops[0]]))
    # A path that leads to no row has no clock; where none leads to one, nobody knows that the duty is over.
    lost = Not(part=some(*(along(hop, Always()) for hop in hops)))
    return some(*(along(hop, Not(part=before)) for hop, before in passed.items()), lost)
