"""The positive control of a plan: a canary that is lost refuses, and no plan deletes its own."""

from __future__ import annotations

from tests.samples.shop import LATELY, LONG_AGO, Shop, policy, refused

TABLE = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
DUE = "account: {from: collected, keep: at most 60 days, then: delete}"


def stocked(shop: Shop, canary: str) -> Shop:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )",
        f"INSERT INTO person VALUES (1, 'anna@x.example', '{LONG_AGO}'), (2, 'ben@x.example', '{LATELY}')",
    )
    shop.write(policy(TABLE, retention=DUE, canary=canary))
    return shop


def test_a_plan_by_the_clock_does_not_delete_its_own_canary(shop: Shop) -> None:
    stocked(shop, "{table: person, key: 1}")
    with refused("S327"):
        shop.plan()
    assert shop.ids("person") == [1, 2]


def test_an_erasure_does_not_delete_its_own_canary(shop: Shop) -> None:
    stocked(shop, "{table: person, key: 2}")
    with refused("S327"):
        shop.erasure("email=ben@x.example")
    assert [rows.action for rows in shop.explain("email=ben@x.example").rows] == ["delete"]


def test_a_canary_that_stays_is_no_reason_to_refuse(shop: Shop) -> None:
    stocked(shop, "{table: person, key: 2}")
    shop.apply(shop.plan())
    assert shop.ids("person") == [2]


def test_nothing_is_due_only_where_the_canary_is_found(shop: Shop) -> None:
    stocked(shop, "{table: person, key: 9}")
    with refused("S315"):
        shop.plan()
