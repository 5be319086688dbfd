"""Which account carries which planted fault, and how long a closed account's data was really kept.

Promises decide what should be there; a fault is a firm for which the company forgot. Every planted row is counted
where it is written, so that `Built.planted` is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, IntEnum, auto
from random import Random

from examples.video.words import Language

DAY = timedelta(days=1)


class Stage(IntEnum):
    """How long ago the account was closed, in the steps of the policy: 60 days, 3 years, 7 years."""

    OPEN = 0
    LEAVING = 1
    GONE = 2
    OLD = 3
    ANCIENT = 4


CLOSED_DAYS_AGO = {Stage.LEAVING: (2, 55), Stage.GONE: (66, 1080), Stage.OLD: (1110, 2540), Stage.ANCIENT: (2575, 3430)}
"""Closing days keep clear of the borders, so that a leap day or an hour decides nothing."""


class Fault(Enum):
    """What was planted."""

    CRM_OVERDUE = auto()
    SUPPORT_OVERDUE = auto()
    ACCOUNT_OVERDUE = auto()
    LEAD_UNSOURCED = auto()
    CRM_UNSOURCED = auto()
    SUPPORT_UNSOURCED = auto()
    CARD_IN_SUPPORT = auto()
    CITY_IN_LOG = auto()
    GUEST_MAIL = auto()
    GUEST_PHONE = auto()
    KEY_IN_SUPPORT = auto()
    KEY_IN_PRODUCT = auto()
    MINOR_US = auto()
    MINOR_EEA = auto()
    OLD_ENOUGH = auto()  # a near miss: 14 in the United States, 16 today in Germany


BREAKS = {
    Fault.CRM_OVERDUE: ("VCL-65",),
    Fault.SUPPORT_OVERDUE: ("VCL-67",),
    Fault.ACCOUNT_OVERDUE: ("VCL-68",),
    Fault.LEAD_UNSOURCED: ("VCL-9", "VCL-20", "VCL-22"),
    Fault.CRM_UNSOURCED: ("VCL-10", "VCL-27", "VCL-28", "VCL-29"),
    Fault.SUPPORT_UNSOURCED: ("VCL-34",),
    Fault.CARD_IN_SUPPORT: ("VCL-37",),
    Fault.CITY_IN_LOG: ("VCL-57",),
    Fault.GUEST_MAIL: ("VCL-87",),
    Fault.GUEST_PHONE: ("VCL-87",),
    Fault.KEY_IN_SUPPORT: ("VCL-37", "VCL-138"),
    Fault.KEY_IN_PRODUCT: ("VCL-138",),
    Fault.MINOR_US: ("VCL-142",),
    Fault.MINOR_EEA: ("VCL-143",),
}
"""The promises each fault breaks."""

FEW = {
    Fault.LEAD_UNSOURCED: 5,
    Fault.CRM_UNSOURCED: 4,
    Fault.SUPPORT_UNSOURCED: 3,
    Fault.CARD_IN_SUPPORT: 3,
    Fault.CITY_IN_LOG: 6,
    Fault.GUEST_MAIL: 2,
    Fault.GUEST_PHONE: 1,
    Fault.KEY_IN_SUPPORT: 2,
    Fault.KEY_IN_PRODUCT: 1,
    Fault.MINOR_US: 2,
    Fault.MINOR_EEA: 3,
    Fault.OLD_ENOUGH: 2,
}
"""Firms per fault, at the least."""
GROWS = frozenset({Fault.CITY_IN_LOG, Fault.GUEST_MAIL, Fault.CARD_IN_SUPPORT, Fault.KEY_IN_SUPPORT})
"""Faults in free values grow with the company, or a sample of a large table would miss them by luck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """One account before its rows are written."""

    id: int
    language: Language
    country: str
    company: str
    domain: str
    address: str
    opened: datetime
    closed: datetime | None
    stage: Stage
    faults: frozenset[Fault] = field(default=frozenset())

    def keeps(self, last: Stage, overdue: Fault) -> bool:
        """Whether data that may stay up to `last` is still there."""
        return self.stage <= last or overdue in self.faults

    def forgot(self, last: Stage) -> bool:
        """Whether what is still there is past its date."""
        return self.stage > last


def stages(rng: Random, accounts: int) -> dict[int, Stage]:
    """A stage for every account number; the first account is open, about 12 % are closed."""
    closed = max(8, round(accounts * 0.12))
    numbers = rng.sample(range(2, accounts + 1), closed)
    quota = {Stage.LEAVING: 0.1, Stage.OLD: 0.35, Stage.ANCIENT: 0.15}
    result = dict.fromkeys(range(1, accounts + 1), Stage.OPEN)
    result |= dict.fromkeys(numbers, Stage.GONE)
    for stage, share in quota.items():
        size = max(2, round(closed * share))
        result |= dict.fromkeys(numbers[:size], stage)
        numbers = numbers[size:]
    return result


def assign(accounts: dict[int, Stage]) -> dict[int, frozenset[Fault]]:
    """Faults by account number: overdue ones grow with the company (about 1 %), the others stay few."""
    many = max(2, len(accounts) // 100)
    at = {stage: [number for number, here in accounts.items() if here is stage] for stage in Stage}
    result: dict[int, set[Fault]] = {number: set() for number in accounts}
    for fault, stage in (
        (Fault.CRM_OVERDUE, Stage.ANCIENT),
        (Fault.SUPPORT_OVERDUE, Stage.OLD),
        (Fault.ACCOUNT_OVERDUE, Stage.GONE),
    ):
        for number in at[stage][:many]:
            result[number].add(fault)
    firms = at[Stage.OPEN][1:]
    for place, fault in enumerate(_few(many)):
        result[firms[place % len(firms)]].add(fault)
    return {number: frozenset(faults) for number, faults in result.items()}


def _few(many: int) -> Iterator[Fault]:
    """Each fault of an open account, as often as there are firms for it."""
    for fault, few in FEW.items():
        yield from [fault] * (max(few, many) if fault in GROWS else few)


def lifetime(rng: Random, stage: Stage, now: datetime) -> tuple[datetime, datetime | None]:
    """When an account was opened and closed, within ten years before `now`."""
    if stage is Stage.OPEN:
        return now - _seconds(rng, 40, 3640), None
    closed = now - _seconds(rng, *CLOSED_DAYS_AGO[stage])
    most = 3645 - (now - closed).days
    return closed - _seconds(rng, 60, max(61, most)), closed


def _seconds(rng: Random, least: int, most: int) -> timedelta:
    return timedelta(seconds=rng.randrange(least * 86400, most * 86400))
