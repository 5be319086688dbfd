"""Shapes in which the product is known to differ. A case of such a shape is counted and not compared.

Each entry goes when its fault is mended: empty `KNOWN` to see them all again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.oracle.end import End
from tests.oracle.world import Case


def half_orphan(case: Case) -> bool:
    """A row with several paths to a clock, one of which leads to no row, under a floor from that event."""
    end = End(case)
    return any(
        rule.mode == "least" and 0 < len(end.counted(ref, rule)) < end.paths(ref[0], rule)
        for ref in end.refs
        for rule in case.rules
    )


def account_open_unmapped(case: Case) -> bool:
    """`while account-open` on a row for which no table maps account-closed."""
    end = End(case)
    return any(rule.state == "account-open" and not end.paths(ref[0], rule) for ref in end.refs for rule in case.rules)


def keep_fate(case: Case) -> bool:
    """A column of fate `keep` in a row whose other cells all go."""
    end = End(case)
    reached = end.erased()
    return any(
        column.fate == "keep" and end.all_go(ref, reached, keep=False)
        for ref in end.refs
        for column in case.table(ref[0]).columns
    )


def other_under_floor(case: Case) -> bool:
    """A rule for `other` beside a kind whose only rules of its own are floors."""
    ceilings = {kind for rule in case.rules if rule.mode in {"most", "none"} or rule.then for kind in rule.data}
    floors = {kind for rule in case.rules for kind in rule.data} - ceilings
    return "other" in ceilings and bool(floors & set(case.kinds))


def last_kept(case: Case) -> bool:
    """A shared row whose every person asks for erasure, and a floor keeps one of them."""
    end = End(case)
    reached = end.erased()
    return any(
        persons <= reached and not all(end.all_go(person, reached) for person in persons)
        for persons in end.shared().values()
    )


def last_far(case: Case) -> bool:
    """A shared row that goes with the last of its persons, who hang on it through another table."""
    end = End(case)
    reached = end.erased()
    near = {ref: {child for _, child in end.down[ref]} for ref in end.shared()}
    return any(ref in reached and not persons <= near[ref] for ref, persons in end.shared().items())


REFUSALS: Final = {"S219"}
"""On SQLite a statement nested deeper than its parser goes; nothing is changed."""
KNOWN: Final[dict[str, Callable[[Case], bool]]] = {
    "other-under-floor": other_under_floor,
    "last-far": last_far,
}


def known(case: Case) -> str | None:
    """Return the name of the first known fault whose shape the case has."""
    return next((name for name, shape in KNOWN.items() if shape(case)), None)
