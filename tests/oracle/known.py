"""Shapes in which the product is known to differ. A case of such a shape is counted and not compared.

Each entry goes when its fault is mended: empty `KNOWN` to see them all again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.oracle.world import Case


def other_under_floor(case: Case) -> bool:
    """A rule for `other` beside a kind whose only rules of its own are floors."""
    ceilings = {kind for rule in case.rules if rule.mode in {"most", "none"} or rule.then for kind in rule.data}
    floors = {kind for rule in case.rules for kind in rule.data} - ceilings
    return "other" in ceilings and bool(floors & set(case.kinds))


REFUSALS: Final = {"S219"}
"""On SQLite a statement nested deeper than its parser goes; nothing is changed."""
KNOWN: Final[dict[str, Callable[[Case], bool]]] = {
    "other-under-floor": other_under_floor,
}


def known(case: Case) -> str | None:
    """Return the name of the first known fault whose shape the case has."""
    return next((name for name, shape in KNOWN.items() if shape(case)), None)
