"""Maps, rules and policies made by hand in a few words, and an evaluator of selections over rows in memory.

The evaluator is written from the meaning of each selection alone; it knows no SQL and shares no code with the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kept.decide.flags import Case
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
)
from kept.law.periods import AT_ONCE, Period, Unit, parse_period
from kept.law.terms import Edge, Event, Fate, Ground, Outcome, State
from kept.map.bound import Map, bind
from kept.map.schema import Column, Family, ForeignKey, Schema, Shape, Table, Trigger
from kept.map.system import Clock, ColumnEntry, Parent, System, TableEntry
from kept.policy.findings import Span
from kept.policy.model import Controller, Policy, Rule, Safety

Row = Mapping[str, Any]
Data = Mapping[str, Sequence[Row]]
Mapped = tuple[Table, TableEntry]

_TOKEN = re.compile("removed-[0-9a-f]{16}")

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)
LATELY = datetime(2026, 6, 1, tzinfo=UTC)


def column(words: str) -> Column:
    """A column in words: `id integer!` is NOT NULL, `email text(40)` has a length, `sum decimal generated`."""
    name, kind, *rest = words.split()
    family, _, length = kind.rstrip("!").rstrip(")").partition("(")
    return Column(
        name=name,
        type=kind.rstrip("!"),
        family=Family(family),
        nullable=not kind.endswith("!"),
        length=int(length) if length else None,
        generated="generated" in rest,
    )


def table(
    name: str,
    *columns: str,
    key: Sequence[str] = ("id",),
    unique: Sequence[tuple[str, ...]] = (),
    indexes: Sequence[tuple[str, ...]] = (),
    foreign: Sequence[ForeignKey] = (),
    triggers: Sequence[str] = (),
    shape: Shape = Shape.TABLE,
) -> Table:
    """A table as a catalogue would describe it; without columns it has an `id`."""
    return Table(
        name=name,
        shape=shape,
        columns=tuple(column(words) for words in columns or ("id integer!",)),
        key=tuple(key),
        unique=tuple(unique),
        indexes=tuple(indexes),
        foreign_keys=tuple(foreign),
        triggers=tuple(Trigger(name=trigger, digest=trigger) for trigger in triggers),
    )


def foreign(columns: str, to: str, *, referred: str = "id", on_delete: str = "NO ACTION") -> ForeignKey:
    """A declared foreign key."""
    return ForeignKey(columns=tuple(columns.split()), table=to, referred=tuple(referred.split()), on_delete=on_delete)


def of(
    to: str, via: str, *, when: Mapping[str, str] | None = None, edge: Edge = Edge.OWN, key: str | None = None
) -> Parent:
    """A path upwards: `of("account", "account_id")`."""
    return Parent(
        table=to,
        via=tuple(via.split()),
        when=tuple((when or {}).items()),
        edge=edge,
        to=tuple(key.split()) if key else None,
    )


def mapped(
    stored: Table,
    kind: str | None = None,
    *parents: Parent,
    person: str | None = None,
    on: Mapping[Event, str] | None = None,
    columns: Mapping[str, ColumnEntry] | None = None,
    key: Sequence[str] = (),
    triggers: Sequence[str] = (),
) -> Mapped:
    """A table and what the policy says of it."""
    entry = TableEntry(
        name=stored.name,
        person=person,
        parents=parents,
        key=tuple(key),
        kind=kind,
        columns=dict(columns or {}),
        on={event: Clock(column=name) for event, name in (on or {}).items()},
        triggers=tuple(triggers),
    )
    return stored, entry


def world(*tables: Mapped, beside: Sequence[Table] = (), dialect: str = "sqlite", name: str = "shop") -> Map:
    """The map of a system with these mapped tables, and others `beside` that the policy does not map."""
    system = System(name=name, url="env:SHOP", tables=tuple(entry for _, entry in tables))
    schema = Schema(dialect=dialect, tables=(*(stored for stored, _ in tables), *beside))
    return bind(system, schema)


def fate(what: Fate, kind: str | None = None) -> ColumnEntry:
    """What becomes of one column."""
    return ColumnEntry(fate=what, kind=kind, reason="said so" if what is Fate.KEEP else None)


def rule(
    name: str,
    keep: str,
    event: Event | None = Event.COLLECTED,
    *,
    then: Outcome | None = None,
    data: Sequence[str] = (),
    grounds: Sequence[Ground] = (),
    law: str | None = None,
    undecided: Sequence[str] = (),
) -> Rule:
    """A retention rule with `keep` as the policy file words it; a ceiling deletes unless `then` says otherwise."""
    bound, period, state = _keep(keep)
    ceiling = bound in {"at most", "no longer"}
    return Rule(
        name=name,
        data=tuple(data) or (name,),
        event=None if bound == "while" else event,
        ceiling=period if ceiling else None,
        floor=period if bound == "at least" else None,
        state=state,
        bound=bound,
        then=then or (Outcome.DELETE if ceiling else None),
        grounds=tuple(grounds),
        law=law,
        undecided=tuple(undecided),
        span=Span(file="kept.yaml", line=1, column=1),
    )


def _keep(words: str) -> tuple[str, Period | None, State | None]:
    if words == "no longer":
        return words, AT_ONCE, None
    if words.startswith("while "):
        return "while", None, State(words.removeprefix("while "))
    bound, period = words[:8].strip(), words[8:].strip()
    return bound, None if period in {"undecided", "customer-set"} else parse_period(period), None


def policy(
    *rules: Rule, digest: str = "p" * 64, zone: str = "UTC", stop_above: float = 0.05, approve: Sequence[str] = ()
) -> Policy:
    """A policy of nothing but retention rules and belts."""
    return Policy(
        path="kept.yaml",
        digest=digest,
        controller=Controller(name="Test AS", country="NO", timezone=zone, languages=("de",), contact=None),
        people={},
        data={},
        retention=rules,
        systems=(),
        safety=Safety(stop_above=stop_above, approve=tuple(approve), fresh_within=Period(count=24, unit=Unit.HOURS)),
        citations=(),
    )


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows in memory, the cut-offs and key sets of one evaluation, and which rows a selection means."""

    bound: Map
    rows: Mapping[str, Sequence[Row]]
    cuts: Mapping[str, datetime] = field(default_factory=dict)
    keys: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def ids(self, selection: Selection, name: str, column: str = "id") -> list[Any]:
        """One column of the rows that satisfy a selection, in order."""
        return [row[column] for row in self.rows.get(name, ()) if self.holds(selection, name, row)]

    def sorted_into(self, case: Case) -> list[tuple[Row, int]]:
        """Every row of the case's scope with its class number."""
        return [
            (row, sum(1 << bit for bit, flag in enumerate(case.selections) if self.holds(flag, case.table, row)))
            for row in self.rows.get(case.table, ())
            if self.holds(case.scope, case.table, row)
        ]

    def counts(self, case: Case) -> dict[int, int]:
        """Rows per class number."""
        numbers = [number for _, number in self.sorted_into(case)]
        return {number: numbers.count(number) for number in sorted(set(numbers))}

    def fates(self, case: Case, column: str = "id") -> dict[Any, str]:
        """Per row of the scope what the decision makes of it: `gone`, `shell`, `changed` or `kept`."""
        found = {}
        for row, number in self.sorted_into(case):
            decided = case.classes[number]
            changed = "changed" if decided.destroys else "kept"
            found[row[column]] = "gone" if decided.whole else "shell" if decided.shell else changed
        return found

    def holds(self, selection: Selection, name: str, row: Row) -> bool:
        """Whether a row satisfies a selection; what cannot be known does not hold."""
        match selection:
            case Always(value=value):
                return value
            case All(parts=parts):
                return all(self.holds(part, name, row) for part in parts)
            case Some(parts=parts):
                return any(self.holds(part, name, row) for part in parts)
            case Not(part=part):
                return not self.holds(part, name, row)
            case Up(via=via, table=other, to=to, where=where):
                return any(
                    _same([row[a] for a in via], [above[b] for b in to]) and self.holds(where, other, above)
                    for above in self.rows.get(other, ())
                )
            case Down(to=to, table=other, via=via, where=where):
                return any(
                    _same([below[a] for a in via], [row[b] for b in to]) and self.holds(where, other, below)
                    for below in self.rows.get(other, ())
                )
            case _:
                return self._leaf(selection, name, row)

    def _leaf(self, selection: Before | IsNull | Equals | Named | Holds, name: str, row: Row) -> bool:
        match selection:
            case Before(column=column, cut=cut):
                at = instant(row[column])
                return at is not None and at < self.cuts[cut]
            case IsNull(column=column):
                return row[column] is None
            case Equals(column=column, value=value):
                return row[column] is not None and str(row[column]) == value
            case Named(columns=columns, keys=keys):
                mine = [row[column] for column in columns]
                return any(_same(mine, key if len(columns) > 1 else [key]) for key in self.keys[keys])
            case Holds(column=column):
                return self._unfilled(name, column, row[column])

    def _unfilled(self, name: str, column: str, value: Any) -> bool:
        cell = next(cell for cell in self.bound.tables[name].cells if cell.column.name == column)
        if cell.column.nullable:
            return value is not None
        if cell.column.family is Family.INTEGER:
            return bool(value != 0)
        return not _TOKEN.fullmatch(str(value)) if cell.unique else bool(value != "removed")


def _same(mine: Sequence[Any], theirs: Sequence[Any]) -> bool:
    pairs = list(zip(mine, theirs, strict=True))
    return all(a is not None and b is not None and str(a) == str(b) for a, b in pairs)


def instant(value: object) -> datetime | None:
    """When an event happened by what its column holds; None where it has not, or nobody can say."""
    match value:
        case datetime():
            return value
        case int():
            return datetime.fromtimestamp(value, UTC) if value > 0 else None
        case str():
            return _read(value)
        case _:
            return None


def _read(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
