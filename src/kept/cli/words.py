"""Short words for plans on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from kept.decide.outcome import GRANTED
from kept.decide.plan import Cost, Reason

_ACTIONS = {"delete": "deleted", "change": "emptied in place", "keep": "kept"}
_DONE = "done"


def classes_of(action: str) -> str:
    """What becomes of the rows of a class."""
    return _ACTIONS.get(action, action)


def cost_of(cost: Cost) -> str:
    """The cost shape of a step in words."""
    if cost.shape == "delete":
        return "delete"
    if cost.indexes:
        return f"rewrite, about {cost.relative:.0f}× a deletion per row ({cost.indexes} indexes touched)"
    return f"rewrite, about {cost.relative:.0f}× a deletion per row"


def reason_of(reasons: Iterable[Reason], until: str | None = None) -> str:
    """Why, kind by kind: the rule, and for what is kept the ground, the law and the last day."""
    return "; ".join(f"{each.kind}: {_why(each)}" for each in reasons) + (f"; until {until}" if until else "")


def _why(reason: Reason) -> str:
    because = ", ".join(_rule(name) for name in reason.because)
    if reason.outcome != "keep":
        return f"{reason.outcome} ({because})"
    if reason.withheld:
        grounds = ", ".join(reason.grounds) or "no ground: bars clocks only"
        law = f", {reason.law}" if reason.law else ""
        return f"kept by {because} ({grounds}{law}) instead of {reason.withheld}"
    if _DONE in reason.because:
        return "already done"
    return f"not due ({because})" if because else "not due"


def _rule(name: str) -> str:
    return "granted erasure" if name == GRANTED else f"`{name}`"
