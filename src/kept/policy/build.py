"""From checked entries to the values the planner reads: controller, people, data, rules, prose, safety."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from kept.law.periods import Period, Unit
from kept.law.terms import FACT_EVENTS, UNDECIDED, Defect, Event, Ground, Outcome, Role
from kept.policy.keys import RESERVED
from kept.policy.model import Controller, DataKind, Entry, Keep, KindOfPeople, Prose, Rule, Safety
from kept.policy.walk import Reading
from kept.policy.words import nearest

FRESH: Final = Period(count=24, unit=Unit.HOURS)
"""How old a proof may be when the policy does not say."""

STOP_ABOVE: Final = 0.05
"""Share of a kind's rows per table that stops a plan when the policy does not say."""

Section = dict[str, Entry]


def controller(entry: Entry | None) -> Controller:
    """Who answers; what is missing stands empty, and the missing key is an error of its own."""
    return Controller(
        name=one(entry, "name") or "",
        country=one(entry, "country") or "",
        timezone=one(entry, "timezone") or "UTC",
        languages=entry.items("languages") if entry else (),
        contact=one(entry, "contact"),
    )


def people(section: Section) -> dict[str, KindOfPeople]:
    """Kinds of people; what `all` says holds for each that does not say it."""
    return {name: _kind_of_people(entry, section.get("all")) for name, entry in own(section)}


def _kind_of_people(entry: Entry, general: Entry | None) -> KindOfPeople:
    role = one(entry, "role", general)
    ages = {**pairs(general, "minimum-age"), **pairs(entry, "minimum-age")}
    exceptions = pairs(entry, "except")
    return KindOfPeople(
        name=entry.name,
        role=Role(role) if role else None,
        for_=one(entry, "for", general),
        except_=tuple((purpose, Role(str(role))) for purpose, role in exceptions.items()),
        refer_to=one(entry, "refer-to", general),
        minimum_age=tuple((place, age) for place, age in ages.items() if isinstance(age, int)),
    )


def data(section: Section) -> dict[str, DataKind]:
    """Kinds of data; `all` lends `fields: declared` and its `never` to each."""
    return {name: _data_kind(entry, section.get("all")) for name, entry in own(section)}


def _data_kind(entry: Entry, general: Entry | None) -> DataKind:
    never = (*(general.items("never") if general else ()), *entry.items("never"))
    return DataKind(
        name=entry.name,
        people=entry.items("people"),
        categories=entry.items("categories"),
        fields=_listed(entry, "fields"),
        sources=_listed(entry, "sources"),
        optional=_listed(entry, "optional"),
        never=tuple(dict.fromkeys(never)),
        precision={field: str(how) for field, how in pairs(entry, "precision").items() if how != UNDECIDED},
        checked_before=entry.items("checked-before"),
        only_for=entry.items("only-for"),
    )


def _listed(entry: Entry, key: str) -> tuple[str, ...] | None:
    value = entry.values.get(key)
    return tuple(str(item) for item in value) if isinstance(value, tuple) else None


def rules(section: Section, kinds: tuple[str, ...], reading: Reading) -> tuple[Rule, ...]:
    """Retention rules with `all` and `other` resolved into names of kinds."""
    elsewhere = _with_own_ceiling(section, kinds)
    found = ((entry, _kinds_of(entry, kinds, elsewhere, reading)) for entry in section.values() if entry.name)
    return tuple(_rule(entry, names) for entry, names in found if "keep" in entry.values)


def _kinds_of(entry: Entry, kinds: tuple[str, ...], elsewhere: frozenset[str], reading: Reading) -> tuple[str, ...]:
    named = entry.items("data") or (entry.name,)
    if "all" in named:
        return kinds
    if "other" in named:
        return tuple(kind for kind in kinds if kind not in elsewhere or kind in named)
    if "data" not in entry.values and entry.name not in kinds:
        close = nearest(entry.name, kinds)
        note = f"did you mean `{close}`?" if close else ""
        reading.report("T306", f"the rule `{entry.name}` names no kind of data", entry.span, note=note)
        return ()
    return named


def _with_own_ceiling(section: Section, kinds: tuple[str, ...]) -> frozenset[str]:
    """Kinds with a clock ceiling of their own: no fact rule, no floor, nothing said of `all`."""
    own_rules = (entry for entry in section.values() if _clock_ceiling(entry))
    named = {kind for entry in own_rules for kind in entry.items("data") or (entry.name,)}
    return frozenset(named) & frozenset(kinds)


def _clock_ceiling(entry: Entry) -> bool:
    keep, event = entry.values.get("keep"), entry.values.get("from")
    return isinstance(keep, Keep) and keep.bound in {"at most", "no longer"} and event not in set(FACT_EVENTS)


def _rule(entry: Entry, names: tuple[str, ...]) -> Rule:
    keep = entry.values["keep"]
    if not isinstance(keep, Keep):
        raise TypeError(keep)
    event, then, review = one(entry, "from"), one(entry, "then"), entry.values.get("review")
    return Rule(
        name=entry.name,
        data=names,
        event=Event(event) if event else None,
        ceiling=keep.period if keep.bound in {"at most", "no longer"} else None,
        floor=keep.period if keep.bound == "at least" else None,
        state=keep.state,
        bound=keep.bound,
        then=Outcome(then) if then else None,
        law=one(entry, "law"),
        grounds=tuple(Ground(ground) for ground in entry.items("ground")),
        interest=one(entry, "interest"),
        purposes=entry.items("purposes"),
        review=review if isinstance(review, Period) else None,
        set_by=one(entry, "set-by"),
        customer_set=keep.customer_set,
        undecided=entry.undecided(),
        span=entry.span,
    )


def prose(entry: Entry | None, defects: Iterable[tuple[str, str]]) -> Prose:
    """What the policy says of the published text."""
    if entry is None:
        return Prose()
    review = entry.values.get("review")
    return Prose(
        file=one(entry, "file"),
        promises=one(entry, "promises"),
        version=one(entry, "version"),
        address=one(entry, "address"),
        scope=entry.items("scope"),
        review=review if isinstance(review, Period) else None,
        statements=entry.items("statements"),
        defects={promise: Defect(why) for promise, why in defects},
    )


def version(text: Prose) -> date | str | None:
    """The text's version as a date where it is one."""
    try:
        return date.fromisoformat(text.version) if text.version else None
    except ValueError:
        return text.version


def safety(entry: Entry | None) -> Safety:
    """The belts, with their defaults."""
    values = entry.values if entry else {}
    share, fresh = values.get("stop-above"), values.get("fresh-within")
    return Safety(
        stop_above=share if isinstance(share, float) else STOP_ABOVE,
        approve=entry.items("approve") if entry else (),
        fresh_within=fresh if isinstance(fresh, Period) else FRESH,
    )


def own(section: Section) -> Iterable[tuple[str, Entry]]:
    """The entries that stand for themselves: neither the section's own keys nor a reserved name."""
    return ((name, entry) for name, entry in section.items() if name and name not in RESERVED)


def one(entry: Entry | None, key: str, general: Entry | None = None) -> str | None:
    """The word of a key, or what `all` says; None when it is missing or undecided."""
    value = next((e.values[key] for e in (entry, general) if e and key in e.values), None)
    return None if value is None or value == UNDECIDED else str(value)


def pairs(entry: Entry | None, key: str) -> dict[str, object]:
    """The map of a key; empty when there is none."""
    value = entry.values.get(key) if entry else None
    return value if isinstance(value, dict) else {}
