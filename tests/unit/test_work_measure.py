"""Measuring: one count per table, an end date per class a dated duty holds back, and growth that stops a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import cast

import pytest
from tests.samples.maps import LATELY, LONG_AGO, NOW, Data, Rows, instant, mapped, of, policy, rule, table, world

from kept.decide.draft import RETENTION, Draft, Trigger, draft
from kept.law.terms import Event, Ground
from kept.map.bound import Hop, Map
from kept.policy.model import Policy, Rule
from kept.ports import CountQuery, TargetPort
from kept.work.measure import Counted, grown, measure

USER = mapped(table("user", "id integer!", "email text"), "account", person="customer")
BILL = mapped(
    table("bill", "id integer!", "user_id integer", "made timestamp", "sum text"),
    "invoice",
    of("user", "user_id"),
    on={Event.COLLECTED: "made"},
)
LINE = mapped(table("line", "id integer!", "bill_id integer", "text text"), "invoice", of("bill", "bill_id"))
SHOP = world(USER, BILL)
ERASURE = Trigger(kind="erasure", people=frozenset({"customer"}))
BOOKS = rule("books", "at least 10 years", data=["invoice"], grounds=[Ground.LEGAL_OBLIGATION])
VAT = rule("vat", "at least 8 years", Event.END_OF_CALENDAR_YEAR, data=["invoice"], grounds=[Ground.LEGAL_OBLIGATION])


@dataclass
class Target:
    """A system of rows in memory that counts how often it is asked."""

    bound: Map
    data: Data
    asked: Counter[str] = field(default_factory=Counter)
    zone: str = "UTC"

    def size(self, name: str) -> tuple[int, bool]:
        return len(self.data[name]), True

    def count(self, query: CountQuery) -> dict[int, int]:
        self.asked["count"] += 1
        found = self._rows(query)
        classes = Counter(
            sum(1 << bit for bit, flag in enumerate(query.flags) if found.holds(flag, query.table, row))
            for row in self.data[query.table]
            if found.holds(query.where, query.table, row)
        )
        return dict(classes)

    def latest(self, query: CountQuery, hop: Hop) -> datetime | None:
        self.asked["latest"] += 1
        found = self._rows(query)
        chosen = [row for row in self.data[query.table] if found.holds(query.where, query.table, row)]
        for link in hop.links:
            names = {tuple(row[column] for column in link.via) for row in chosen}
            chosen = [row for row in self.data[link.parent] if tuple(row[column] for column in link.to) in names]
        return max((at for row in chosen if (at := instant(row[hop.clock.column]))), default=None)

    def _rows(self, query: CountQuery) -> Rows:
        return Rows(bound=self.bound, rows=self.data, cuts=query.cuts, keys=query.keys)


def counted(
    *rules: Rule, data: Data, bound: Map = SHOP, trigger: Trigger = ERASURE, zone: str = "UTC"
) -> tuple[Counted, Target, Draft]:
    said: Policy = policy(*rules, zone=zone)
    made = draft(said, bound, trigger, NOW)
    assert made.objections == ()
    target = Target(bound=bound, data=data, zone=zone)
    return measure(cast("TargetPort", target), made, {"user": [1]}), target, made


def bill(number: int, made: object, *, user: int = 1) -> dict[str, object]:
    return {"id": number, "user_id": user, "made": made, "sum": "x"}


PEOPLE = [{"id": 1, "email": "x"}, {"id": 2, "email": "x"}]


def ends(found: Counted, name: str = "bill") -> set[date]:
    return set(found["shop", name].until.values())


def test_every_case_is_counted_by_class_under_its_scope() -> None:
    data: Data = {"user": PEOPLE, "bill": [bill(1, LONG_AGO), bill(2, LATELY), bill(3, LATELY, user=2)]}
    found, _, made = counted(BOOKS, data=data)
    assert set(found) == {("shop", "bill"), ("shop", "user")}
    told = found["shop", "bill"]
    assert (told.system, told.table, told.total, told.exact) == ("shop", "bill", 3, True)
    (case,) = (case for case in made.cases if case.table == "bill")
    by_fate = {case.classes[number].whole: rows for number, rows in told.counts.items()}
    assert by_fate == {True: 1, False: 1}


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_questions_does_not_grow_with_rows(rows: int) -> None:
    data: Data = {"user": PEOPLE, "bill": [bill(n, LATELY) for n in range(rows)]}
    _, target, _ = counted(BOOKS, data=data)
    assert target.asked == {"count": 2, "latest": 1}


def test_where_no_dated_duty_holds_anything_back_no_end_is_asked_for() -> None:
    data: Data = {"user": PEOPLE, "bill": [bill(1, LONG_AGO)]}
    found, target, _ = counted(BOOKS, data=data)
    assert ends(found) == set()
    assert target.asked["latest"] == 0


def test_the_end_of_a_duty_is_the_last_day_of_the_latest_row_it_holds() -> None:
    early, late = datetime(2020, 2, 29, 9, tzinfo=UTC), datetime(2024, 2, 29, 9, tzinfo=UTC)
    found, _, _ = counted(BOOKS, data={"user": PEOPLE, "bill": [bill(1, early), bill(2, late)]})
    assert ends(found) == {date(2034, 3, 1)}  # 29 February 2034 does not exist: a floor ends later


def test_a_stranger_does_not_prolong_the_end() -> None:
    data: Data = {"user": PEOPLE, "bill": [bill(1, datetime(2020, 5, 5, tzinfo=UTC)), bill(2, LATELY, user=2)]}
    found, _, _ = counted(BOOKS, data=data)
    assert ends(found) == {date(2030, 5, 5)}


def test_of_two_duties_the_later_end_is_told() -> None:
    data: Data = {"user": PEOPLE, "bill": [bill(1, datetime(2024, 1, 2, tzinfo=UTC))]}
    assert ends(counted(VAT, data=data)[0]) == {date(2032, 12, 31)}
    assert ends(counted(VAT, BOOKS, data=data)[0]) == {date(2034, 1, 2)}


def test_a_duty_without_a_date_names_no_end() -> None:
    undated = rule("matter", "at least undecided", data=["invoice"], grounds=[Ground.LEGAL_CLAIMS], undecided=["keep"])
    found, target, _ = counted(undated, data={"user": PEOPLE, "bill": [bill(1, LATELY)]})
    assert (ends(found), target.asked["latest"]) == (set(), 0)


def test_rows_whose_event_has_not_happened_name_no_end() -> None:
    found, target, _ = counted(BOOKS, data={"user": PEOPLE, "bill": [bill(1, None)]})
    assert (ends(found), target.asked["latest"]) == (set(), 1)


def test_the_end_counts_days_in_the_controllers_zone() -> None:
    data: Data = {"user": PEOPLE, "bill": [bill(1, datetime(2024, 5, 5, 22, 30, tzinfo=UTC))]}
    assert ends(counted(BOOKS, data=data)[0]) == {date(2034, 5, 5)}
    assert ends(counted(BOOKS, data=data, zone="Europe/Oslo")[0]) == {date(2034, 5, 6)}


def test_the_end_of_an_inherited_duty_is_read_from_the_owners_clock() -> None:
    bound = world(USER, BILL, LINE)
    data: Data = {
        "user": PEOPLE,
        "bill": [bill(1, datetime(2024, 5, 5, tzinfo=UTC)), bill(2, LATELY)],
        "line": [{"id": 1, "bill_id": 1, "text": "x"}],
    }
    found, _, _ = counted(BOOKS, data=data, bound=bound)
    assert ends(found, "line") == {date(2034, 5, 5)}


def test_a_duty_that_bars_only_the_clock_is_dated_on_a_plan_of_the_clock() -> None:
    ceiling, active = rule("invoice", "no longer"), rule("active", "at least 10 years", data=["invoice"])
    data: Data = {"user": PEOPLE, "bill": [bill(1, datetime(2024, 5, 5, tzinfo=UTC))]}
    found, _, _ = counted(ceiling, active, data=data, trigger=RETENTION)
    assert ends(found) == {date(2034, 5, 5)}
    assert ends(counted(ceiling, active, data=data)[0]) == set()


# Growth.


def growth(before: Mapping[int, int], now: Mapping[int, int], *, known: bool = True) -> list[str]:
    _, _, made = counted(BOOKS, data={"user": PEOPLE, "bill": []})
    (case,) = (case for case in made.cases if case.table == "bill")
    assert [row.destroys for row in case.classes] == [True, False]
    only = Draft(system="shop", trigger=made.trigger, as_of=made.as_of, cuts=made.cuts, cases=(case,), objections=())
    again = counted(BOOKS, data={"user": PEOPLE, "bill": []})[0]
    again["shop", "bill"] = type(again["shop", "bill"])(system="shop", table="bill", counts=now, total=99)
    planned = {("shop", "bill"): before} if known else {}
    return grown(planned, again, (only,))


def test_more_rows_to_destroy_than_the_plan_says_are_told() -> None:
    assert growth({0: 2}, {0: 3}) == ["shop.bill: 3 where 2 were planned"]


@pytest.mark.parametrize("now", [{0: 2}, {0: 1}, {}])
def test_as_many_or_fewer_are_not(now: dict[int, int]) -> None:
    assert growth({0: 2}, now) == []


def test_more_rows_that_stay_are_no_matter() -> None:
    assert growth({0: 2, 1: 1}, {0: 2, 1: 500}) == []


def test_a_class_or_a_table_the_plan_did_not_count_had_no_rows() -> None:
    assert growth({1: 5}, {0: 1}) == ["shop.bill: 1 where 0 were planned"]
    assert growth({}, {0: 1}, known=False) == ["shop.bill: 1 where 0 were planned"]
