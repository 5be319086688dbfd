"""Since when: an overdue row dates itself, any other violation stands since the first proof that saw it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from kept.app import proving
from kept.law.periods import parse_period
from kept.law.terms import Event, Verdict
from kept.policy.model import Rule
from kept.ports import CountQuery
from kept.prove.controls.since import overdue_since
from kept.prove.verdict import Count, Evidence

QUERY = CountQuery(table="ticket", flags=())
FIRST = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Dated:
    """A port whose clocks are given, hop by hop."""

    def __init__(self, clocks: Mapping[str, datetime | None]) -> None:
        self.clocks = clocks

    def earliest(self, query: CountQuery, hop: str) -> datetime | None:
        assert query is QUERY
        return self.clocks[hop]


def since(keep: str, *clocks: datetime | None, event: Event = Event.ACCOUNT_CLOSED) -> datetime | None:
    names = [f"hop {n}" for n in range(len(clocks))]
    witness: Any = SimpleNamespace(
        port=Dated(dict(zip(names, clocks, strict=True))), map=SimpleNamespace(hops=lambda _table, _event: names)
    )
    return overdue_since(rule(keep, event), QUERY, witness, "Europe/Oslo")


def rule(keep: str, event: Event) -> Rule:
    made: Any = SimpleNamespace(event=event, ceiling=parse_period(keep))
    return made  # type: ignore[no-any-return]


def test_the_oldest_row_is_overdue_from_the_day_after_its_last() -> None:
    closed = datetime(2023, 5, 3, 22, 30, tzinfo=UTC)  # 4 May in Oslo
    assert since("3 years", closed) == datetime(2026, 5, 4, 22, tzinfo=UTC)


def test_of_several_clocks_the_earliest_counts_and_an_empty_one_does_not() -> None:
    early, late = datetime(2020, 1, 1, 12, tzinfo=UTC), datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert since("60 days", late, None, early) == datetime(2020, 3, 1, 23, tzinfo=UTC)
    assert since("60 days", None) is None


def test_a_period_in_hours_ends_at_its_instant() -> None:
    assert since("72 hours", FIRST) == datetime(2026, 3, 4, 9, tzinfo=UTC)


def test_a_years_end_is_counted_from_the_last_day_of_the_year() -> None:
    event = Event.END_OF_CALENDAR_YEAR
    assert since("1 years", FIRST, event=event) == datetime(2027, 12, 31, 23, tzinfo=UTC)


def test_a_system_that_cannot_tell_leaves_the_day_open() -> None:
    assert since("1 years", None, None, event=Event.COLLECTED) is None


@pytest.mark.parametrize(
    ("control", "verdict", "expected"),
    [
        ("sources", Verdict.BROKEN, [FIRST, None]),
        ("retention-count", Verdict.BROKEN, [None, None]),
        ("sources", Verdict.KEPT, [None, None]),
    ],
)
def test_a_violation_that_stood_before_keeps_its_first_day(
    control: str, verdict: Verdict, expected: list[datetime | None]
) -> None:
    counts = (Count(place="a", violations=2, total=9), Count(place="b", violations=1, total=9))
    found = Evidence(control=control, verdict=verdict, reason="r", counts=counts)
    citation: Any = object()
    standing = {("P-1", control, "a"): FIRST, ("P-2", control, "b"): FIRST}
    ((_, dated),) = proving._dated({"P-1": [(citation, found)]}, standing)["P-1"]
    assert [count.since for count in dated.counts] == expected
