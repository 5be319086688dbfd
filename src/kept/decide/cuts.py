"""Cut-off instants of every rule at one instant: dates are computed here, once, and compared in SQL (design §6)."""

from __future__ import annotations

from datetime import datetime

from kept.law.periods import ceiling, floor_over
from kept.law.terms import Event
from kept.policy.model import Policy, Rule

DUE = "due"
OVERDUE = "overdue"
OVER = "over"


def cut_name(rule: Rule, edge: str) -> str:
    """`crm.due`: may go; `crm.overdue`: should be gone; `invoice.over`: the floor is over."""
    return f"{rule.name}.{edge}"


def cutoffs(policy: Policy, as_of: datetime) -> dict[str, datetime]:
    """All cut-offs of the rules that run, as aware UTC instants, by `cut_name`."""
    cuts: dict[str, datetime] = {}
    for rule in policy.retention:
        if rule.runs:
            cuts |= _cuts_of(rule, as_of, policy.controller.timezone)
    return cuts


def _cuts_of(rule: Rule, as_of: datetime, zone: str) -> dict[str, datetime]:
    year_end = rule.event is Event.END_OF_CALENDAR_YEAR
    cuts: dict[str, datetime] = {}
    if rule.ceiling is not None:
        both = ceiling(rule.ceiling, as_of, zone, year_end=year_end)
        cuts[cut_name(rule, DUE)] = both.due
        cuts[cut_name(rule, OVERDUE)] = both.overdue
    if rule.floor is not None:
        cuts[cut_name(rule, OVER)] = floor_over(rule.floor, as_of, zone, year_end=year_end)
    return cuts
