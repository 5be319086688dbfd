"""A link whose two columns are of different types meets the same rows on every database, and no stranger's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.samples.shop import LONG_AGO, Shop, policy

from kept.policy.findings import Refused
from kept.store.runs import State

Fault = Callable[..., None]

BIG = 9007199254740993
"""The first whole number that a floating-point number cannot hold."""
DELETE = "account: {from: collected, keep: at most 60 days, then: delete}"


def linked(shop: Shop, key: str, link: str, *notes: str) -> None:
    """Anna (1) and Bob (the number after BIG's neighbour), and notes that point at what these literals say."""
    quoted = key.startswith(("VARCHAR", "UUID"))
    one, two = (f"'{number}'" if quoted else str(number) for number in (1, BIG - 1))
    moment = "DATETIME" if shop.database.dialect == "mariadb" else "TIMESTAMP"
    shop.make("SELECT 1")
    shop.database.run(
        f"CREATE TABLE person (id {key} PRIMARY KEY, email VARCHAR(99), at {moment})",
        f"CREATE TABLE note (id INTEGER PRIMARY KEY, owner {link})",
        "CREATE INDEX owners ON note (owner)",
        f"INSERT INTO person VALUES ({one}, 'anna@x.example', '{LONG_AGO}'), ({two}, 'bob@x.example', NULL)",
        *(f"INSERT INTO note VALUES ({n}, {note})" for n, note in enumerate(notes, start=1)),
    )
    tables = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}\n"
    shop.write(policy(tables + "note: {key: id, of: person, via: owner, kind: account}", retention=DELETE))


def after(shop: Shop, trigger: str, who: str = "anna") -> list[int]:
    """The notes that are left when Anna is erased, or when her time has come."""
    planned = shop.plan() if trigger == "clock" else shop.erasure(f"email={who}@x.example")
    assert planned is not None
    assert shop.apply(planned).state is State.VERIFIED
    return shop.ids("note")


Triggers = pytest.mark.parametrize("trigger", ["clock", "erasure"])


@Triggers
@pytest.mark.parametrize("key", ["INTEGER", "BIGINT", "NUMERIC(20,0)"])
def test_words_that_begin_with_the_number_of_a_key_are_no_link(shop: Shop, key: str, trigger: str) -> None:
    key = "BIGINT" if key == "INTEGER" and shop.database.dialect != "sqlite" else key
    linked(shop, key, "VARCHAR(30)", "'1'", "'1abc'", "'2'", "'01'", "' 1'", "'1.0'", "NULL")
    assert after(shop, trigger) == [2, 3, 4, 5, 6, 7]


@Triggers
def test_numbers_that_differ_in_the_last_of_many_digits_are_two_keys(shop: Shop, trigger: str) -> None:
    linked(shop, "BIGINT", "VARCHAR(30)", f"'{BIG - 1}'", f"'{BIG}'", "'1'")
    assert after(shop, trigger, "bob" if trigger == "erasure" else "") == ([2, 3] if trigger == "erasure" else [1, 2])


def after_or_refused(shop: Shop, trigger: str) -> list[int]:
    """The notes that are left; all of them where the link is refused."""
    with suppress(Refused):
        after(shop, trigger)
    return shop.ids("note")


@Triggers
def test_a_number_that_points_at_a_text_meets_it(shop: Shop, trigger: str) -> None:
    linked(shop, "VARCHAR(30)", "BIGINT", "1", "2", "NULL")
    assert after(shop, trigger) == [2, 3]


@Triggers
def test_a_text_key_that_is_no_number_meets_no_number(shop: Shop, trigger: str) -> None:
    linked(shop, "VARCHAR(30)", "BIGINT", "0", "1", "NULL")
    shop.run("UPDATE person SET id = 'one' WHERE id = '1'")
    assert after_or_refused(shop, trigger) == [1, 2, 3]


@Triggers
def test_a_text_that_points_at_a_uuid_meets_it(shop: Shop, trigger: str) -> None:
    if shop.database.dialect == "sqlite":
        pytest.skip("SQLite has no type of its own for a UUID")
    anna = "0b9f1c6e-2f1a-4a51-9f5e-1d1f7d7f0001"
    shop.make("SELECT 1")
    moment = "DATETIME" if shop.database.dialect == "mariadb" else "TIMESTAMP"
    shop.database.run(
        f"CREATE TABLE person (id UUID PRIMARY KEY, email VARCHAR(99), at {moment})",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, owner VARCHAR(40))",
        f"INSERT INTO person VALUES ('{anna}', 'anna@x.example', '{LONG_AGO}')",
        f"INSERT INTO note VALUES (1, '{anna}'), (2, '{anna[:-1]}2'), (3, NULL)",
    )
    tables = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}\n"
    shop.write(policy(tables + "note: {key: id, of: person, via: owner, kind: account}", retention=DELETE))
    assert after(shop, trigger) == [2, 3]
