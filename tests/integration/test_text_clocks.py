"""Clocks kept as text: what is surely before a cut is due, what is no date of this century or the last never is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.samples.shop import NOW, Shop, policy

RULE = "account: {from: account-closed, keep: at most 60 days, then: delete}"
TABLE = "account: {key: id, kind: account, on: {account-closed: closed_at}}"
CUT = NOW - timedelta(days=60)


def planned(shop: Shop, *texts: str, table: str = TABLE) -> int:
    rows = ", ".join(f"({number}, '{text}')" for number, text in enumerate(texts, start=1))
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at VARCHAR(60))",
        "CREATE INDEX account_closed ON account (closed_at)",
        f"INSERT INTO account VALUES {rows}",
    )
    shop.write(policy(table, retention=RULE))
    return shop.plan().plan.rows


@pytest.mark.parametrize(
    "text",
    ["2026-01-02 10:00:00", "2026-01-02T10:00:00+05:00", "2026-01-02T10:00:00Z", "1999-12-31 00:00:00", "1970-01-01"],
)
def test_a_text_days_before_the_cut_is_due_whatever_its_offset(shop: Shop, text: str) -> None:
    assert planned(shop, text) == 1


@pytest.mark.parametrize(
    "text",
    ["", "soon", "12/05/2020", "2.5.2020", "20/05/2020", "5", "0000-00-00 00:00:00", "0001-01-01", "2"],
)
def test_a_text_that_is_no_date_is_never_due(shop: Shop, text: str) -> None:
    assert planned(shop, text, "2020-01-01 00:00:00") == 1


def test_within_two_days_of_the_cut_a_text_with_another_offset_waits(shop: Shop) -> None:
    near = CUT - timedelta(hours=20)
    assert planned(shop, f"{near:%Y-%m-%d %H:%M:%S}", f"{near:%Y-%m-%dT%H:%M:%S}-05:00") == 1


def test_every_row_before_the_cut_is_in_one_range_only(shop: Shop) -> None:
    """The plan counts range by range; the run deletes by one condition and refuses when the two differ."""
    planned(shop, "2020-01-01 00:00:00")
    cut = datetime.fromisoformat(shop.plan().plan.cuts["account.due"])
    before = [cut - timedelta(hours=hours) for hours in (2000, 72, 50, 49, 48, 47, 1)]
    after = [cut + timedelta(hours=hours) for hours in (0, 1, 47, 48, 49)]
    texts = [f"{at:%Y-%m-%d %H:%M:%S}" for at in (*before, *after)] + ["1999-12-31 23:59:59", "2000-01-01 00:00:00"]
    rows = ", ".join(f"({number}, '{text}')" for number, text in enumerate(texts, start=2))
    shop.run(f"INSERT INTO account VALUES {rows}")
    plan = shop.plan()
    assert plan.plan.rows == 1 + len(before) + 2
    shop.apply(plan)
    assert shop.ids("account") == [9, 10, 11, 12, 13]
