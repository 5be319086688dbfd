"""Clocks as databases really hold them: what nobody can read is never due, never a traceback, and is said."""

from __future__ import annotations

import pytest
from tests.samples.shop import LONG_AGO, Shop, policy

from kept.store.runs import State

PERSON = "person: {{is: customer, key: id, find-by: {{email: email}}, kind: account, on: {{collected: {}}}}}"
BOOKS = (
    "books: {data: [account], from: collected, keep: at least 10 years, then: delete, ground: legal-obligation,"
    ' law: "§ 147 AO"}'
)
DUE = "account: {from: collected, keep: at most 60 days, then: delete}"


def stored(shop: Shop, kind: str, *values: str) -> None:
    """People whose clock holds these literals, numbered from 1."""
    shop.make("SELECT 1")
    lenient = ("SET SESSION sql_mode = ''",) if shop.database.dialect == "mariadb" else ()
    rows = [f"INSERT INTO person VALUES ({n}, {value}, 'anna@x.example')" for n, value in enumerate(values, start=1)]
    shop.database.run(f"CREATE TABLE person (id INTEGER PRIMARY KEY, at {kind}, email VARCHAR(99))", *lenient, *rows)


NEVER = [
    pytest.param("postgresql", "TIMESTAMP", "timestamp", "'infinity'", id="infinity"),
    pytest.param("postgresql", "TIMESTAMPTZ", "timestamp", "'infinity'", id="infinity with a zone"),
    pytest.param("postgresql", "DATE", "date", "'infinity'", id="infinite day"),
    pytest.param("postgresql", "TIMESTAMP", "timestamp", "'12026-01-01'", id="a year of five digits"),
    pytest.param("postgresql", "NUMERIC", "epoch", "'NaN'", id="not a number"),
    pytest.param("mariadb", "DATETIME", "timestamp", "'0000-00-00'", id="zeros"),
    pytest.param("sqlite", "TIMESTAMP", "timestamp", "x'00ff'", id="bytes"),
    pytest.param("sqlite", "INTEGER", "epoch", "9e300", id="a number beyond all years"),
    *(
        pytest.param(dialect, kind, form, value, id=f"{dialect} {value}")
        for dialect in ("postgresql", "mariadb", "sqlite")
        for kind, form, value in (
            ("DATE", "date", "'9999-12-31'"),
            ("VARCHAR(40)", "iso", "'yesterday'"),
            ("VARCHAR(40)", "iso", "'9999-12-31T23:59:59'"),
            ("BIGINT", "epoch-ms", "253402300799000"),
            ("BIGINT", "epoch", "9223372036854775807"),
        )
    ),
]


@pytest.mark.parametrize(("where", "kind", "form", "value"), NEVER)
def test_a_duty_from_a_clock_without_a_readable_day_binds_without_an_end(
    shop: Shop, where: str, kind: str, form: str, value: str
) -> None:
    if shop.database.dialect != where:
        pytest.skip(f"a value of {where}")
    stored(shop, kind, value)
    shop.write(policy(PERSON.format(f"{{column: at, format: {form}}}"), retention=BOOKS))
    planned = shop.erasure("email=anna@x.example")
    assert planned is not None
    assert planned.plan.rows == 0
    (kept,) = shop.explain("email=anna@x.example").rows
    assert (kept.rows, kept.action) == (1, "keep")
    assert [reason.because for reason in kept.reasons] == [("books",)]
    assert shop.apply(planned).state is State.VERIFIED
    assert shop.ids("person") == [1]


@pytest.mark.parametrize(("where", "kind", "form", "value"), NEVER)
def test_a_clock_without_a_readable_day_is_never_due(shop: Shop, where: str, kind: str, form: str, value: str) -> None:
    if shop.database.dialect != where:
        pytest.skip(f"a value of {where}")
    stored(shop, kind, value)
    shop.write(policy(PERSON.format(f"{{column: at, format: {form}}}"), retention=DUE))
    assert shop.apply(shop.plan()).state is State.VERIFIED
    assert shop.ids("person") == [1]


@pytest.mark.parametrize("form", ["iso", "timestamp"])
def test_readable_text_beside_unreadable_text_is_still_due(shop: Shop, form: str) -> None:
    at = LONG_AGO.replace(" ", "T") if form == "iso" else LONG_AGO
    stored(shop, "VARCHAR(40)", f"'{at}'", "'yesterday'", "''", "NULL")
    shop.write(policy(PERSON.format(f"{{column: at, format: {form}}}"), retention=DUE))
    assert shop.apply(shop.plan()).state is State.VERIFIED
    assert shop.ids("person") == [2, 3, 4]


def test_milliseconds_stored_as_text_are_read_as_the_policy_says(shop: Shop) -> None:
    if shop.database.dialect != "sqlite":
        pytest.skip("servers do not compare a text with a number")
    stored(shop, "TEXT", "'1512011051234'")
    shop.write(policy(PERSON.format("{column: at, format: epoch-ms}"), retention=BOOKS))
    assert [rows.until for rows in shop.explain("email=anna@x.example").rows] == ["2027-11-30"]


@pytest.mark.parametrize("value", ["01.02.2026", "15/03/2026", "1 March 2026", "(unknown)", "2"])
def test_a_day_written_in_another_order_is_never_due(shop: Shop, value: str) -> None:
    stored(shop, "VARCHAR(40)", f"'{value}'")
    shop.write(policy(PERSON.format("{column: at, format: iso}"), retention=DUE))
    assert shop.plan().plan.rows == 0


def test_a_year_with_words_behind_it_is_never_due_in_that_year(shop: Shop) -> None:
    stored(shop, "VARCHAR(40)", "'2026 in spring'")
    shop.write(policy(PERSON.format("{column: at, format: iso}"), retention=DUE))
    assert shop.plan().plan.rows == 0


@pytest.mark.parametrize("value", ["2026-00-00", "2026-03-00"])
def test_a_year_without_a_day_is_never_due_in_that_year(shop: Shop, value: str) -> None:
    if shop.database.dialect != "mariadb":
        pytest.skip("no other database has a day 0")
    stored(shop, "DATE", f"'{value}'")
    shop.write(policy(PERSON.format("{column: at, format: date}"), retention=DUE))
    assert shop.plan().plan.rows == 0
