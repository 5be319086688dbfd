"""The main path on three databases."""

from __future__ import annotations

from tests.samples.shop import LATELY, LONG_AGO, Shop, policy

from kept.store.runs import State

PEOPLE = """
account: {key: id, kind: account, on: {account-closed: closed_at}}
person: {is: customer, key: id, of: account, via: account_id, find-by: {email: email}, kind: account}
note: {key: id, of: person, via: person_id, kind: support}
"""
RETENTION = """
account: {from: account-closed, keep: at most 60 days, then: delete}
support: {from: account-closed, keep: at most 60 days, then: delete}
"""


def test_rows_of_closed_accounts_go_and_all_others_stay(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(40), closed_at TIMESTAMP )",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES account (id), email VARCHAR(99))",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person (id), text VARCHAR(99))",
        f"INSERT INTO account VALUES (1, 'a', '{LONG_AGO}'), (2, 'b', '{LATELY}'), (3, 'c', NULL)",
        "INSERT INTO person VALUES (1, 1, 'a@x.example'), (2, 2, 'b@x.example'), (3, 3, 'c@x.example'), (4, NULL, 'd')",
        "INSERT INTO note VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z'), (4, NULL, 'w')",
    )
    shop.write(policy(PEOPLE, retention=RETENTION, kinds=("account", "support")))
    outcome = shop.apply(shop.plan())
    assert outcome.state is State.VERIFIED
    assert shop.ids("account") == [2, 3]
    assert shop.ids("person") == [2, 3, 4]
    assert shop.ids("note") == [3, 4]
    assert shop.plan().plan.steps == ()
