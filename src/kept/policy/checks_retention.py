"""Retention rules among themselves: complete, grounded, one date per kind and event, no floor beyond a ceiling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kept.law.periods import Period, Unit
from kept.law.terms import FACT_EVENTS, Event, Ground, State
from kept.policy.findings import Span
from kept.policy.keys import RESERVED
from kept.policy.model import Entry, Policy, Rule
from kept.policy.walk import Reading

_HOURS: Final = {Unit.HOURS: 1.0, Unit.DAYS: 24.0, Unit.MONTHS: 30.436875 * 24, Unit.YEARS: 365.2425 * 24}


def check_retention(policy: Policy, reading: Reading) -> None:
    """Report everything that is wrong between and within retention rules."""
    entries = policy.sections["retention"]
    for rule in policy.retention:
        entry = entries[rule.name]
        _shape(reading, rule, entry)
        _grounds(reading, rule, entry)
    _same_event(policy, reading, entries)
    _never_due(policy, reading)


def _shape(reading: Reading, rule: Rule, entry: Entry) -> None:
    floor = rule.bound in {"at least", "while"}
    if rule.bound == "while" and "then" in entry.spans:
        reading.report("T301", f"`while {rule.state}` takes no `then`", entry.spans["then"])
    if rule.bound != "while" and "from" not in entry.spans:
        reading.report("T302", f"the rule `{rule.name}` counts a period from no event", entry.span)
    if not floor and "then" not in entry.spans:
        reading.report("T303", f"the rule `{rule.name}` says when, and not what happens then", entry.span)
    if rule.state is State.NEEDED and "review" not in entry.spans:
        reading.report("R203", f"`{rule.name}` lasts while needed, and nobody looks at it again", entry.spans["keep"])


def _grounds(reading: Reading, rule: Rule, entry: Entry) -> None:
    if "ground" not in entry.spans:
        return
    if rule.bound not in {"at least", "while"}:
        reading.report("R204", "a ceiling has no ground", entry.spans["ground"], beside=entry.spans["keep"])
    if Ground.LEGAL_OBLIGATION in rule.grounds and "law" not in entry.spans:
        reading.report("R201", "a legal obligation is claimed, and no law is named", entry.spans["ground"])
    if Ground.OVERRIDING_INTEREST in rule.grounds and "interest" not in entry.spans:
        reading.report("R202", "an overriding interest is claimed, and no test is named", entry.spans["ground"])


def _same_event(policy: Policy, reading: Reading, entries: dict[str, Entry]) -> None:
    by_place: dict[tuple[str, Event], list[Rule]] = {}
    for rule in policy.retention:
        if rule.event is not None and not _general(entries[rule.name]):
            for kind in rule.data:
                by_place.setdefault((kind, rule.event), []).append(rule)
    told: set[tuple[str, str]] = set()
    for (kind, _), rules in by_place.items():
        ceilings = [rule for rule in rules if rule.bound in _CEILINGS]
        for second in ceilings[1:]:
            if (ceilings[0].name, second.name) not in told:
                _two_ceilings(reading, ceilings[0], second, kind, entries)
            told.add((ceilings[0].name, second.name))
    _outlasting(policy, reading, entries)


def _general(entry: Entry) -> bool:
    """A rule for all kinds, or for those without one: it gives way to none and stands beside any."""
    return "all" in entry.items("data") or entry.name in RESERVED


def _two_ceilings(reading: Reading, first: Rule, second: Rule, kind: str, entries: dict[str, Entry]) -> None:
    message = f"a second ceiling on `{kind}` from `{first.event}`"
    beside = _noted(entries[first.name].spans["keep"], f"`{first.name}` has one")
    reading.report("T304", message, entries[second.name].spans["keep"], beside=beside)


def _outlasting(policy: Policy, reading: Reading, entries: dict[str, Entry]) -> None:
    """The longest groundless floor against the ceilings of the same kind and event."""
    floors = [rule for rule in policy.retention if rule.floor is not None and not rule.grounds]
    for floor in floors:
        for ceiling in policy.retention:
            if ceiling.event == floor.event and set(ceiling.data) & set(floor.data):
                _floor_beyond(reading, ceiling, floor, entries)


_CEILINGS: Final = frozenset({"at most", "no longer"})


def _floor_beyond(reading: Reading, ceiling: Rule, floor: Rule, entries: dict[str, Entry]) -> None:
    if ceiling.ceiling is None or floor.floor is None or floor.grounds:
        return
    if _hours(floor.floor) > _hours(ceiling.ceiling):
        beside = _noted(entries[ceiling.name].spans["keep"], f"`{ceiling.name}` promises it gone")
        message = f"the floor `{floor.name}` outlasts the ceiling `{ceiling.name}`"
        reading.report("T305", message, entries[floor.name].spans["keep"], beside=beside)


def _never_due(policy: Policy, reading: Reading) -> None:
    due = set(_kinds_with_an_end(policy))
    for kind in policy.data:
        entry = policy.entry("data", kind)
        if kind not in due and entry is not None:
            reading.report("T307", f"no rule says when `{kind}` must be gone", entry.span)


def _kinds_with_an_end(policy: Policy) -> Iterator[str]:
    for rule in policy.retention:
        if (rule.bound in _CEILINGS and rule.event not in FACT_EVENTS) or (rule.then is not None and rule.floor):
            yield from rule.data


def _hours(period: Period) -> float:
    return period.count * _HOURS[period.unit]


def _noted(span: Span, note: str) -> Span:
    return replace(span, note=note)
