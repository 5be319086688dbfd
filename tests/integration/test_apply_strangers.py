"""Rows outside the plan stay, whatever the database would do on its own (V2). Each case once lost somebody's rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.samples.shop import LATELY, LONG_AGO, Shop, policy, refused

from kept.app import applying
from kept.policy.findings import Refused
from kept.store.runs import State
from kept.systems.sql.system import SqlSystem

Fault = Callable[..., None]

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account}"
PEOPLE = (
    "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99))",
    "INSERT INTO person VALUES (1, 'anna@x.example'), (2, 'bob@x.example')",
)
BOOKS = 'books: {{data: [account], {}, ground: legal-obligation, law: "§ 147 AO"}}'


def tried(shop: Shop, *words: str) -> None:
    """Erase, or be refused: both are right where only the rows of others are asked about."""
    with suppress(Refused):
        shop.erase(*words)


def test_a_foreign_key_the_policy_does_not_name_takes_no_stranger_along(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE message (id INTEGER PRIMARY KEY, sender INTEGER, recipient INTEGER,"
        " FOREIGN KEY (sender) REFERENCES person (id),"
        " FOREIGN KEY (recipient) REFERENCES person (id) ON DELETE CASCADE)",
        "INSERT INTO message VALUES (1, 1, 2), (2, 2, 1)",
    )
    shop.write(policy(PERSON + "\nmessage: {key: id, of: person, via: sender, kind: account}"))
    tried(shop, "email=anna@x.example")
    assert 2 in shop.ids("message")


def test_a_reply_of_another_person_survives_the_message_it_answers(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE message (id INTEGER PRIMARY KEY, sender INTEGER, reply_to INTEGER,"
        " FOREIGN KEY (reply_to) REFERENCES message (id) ON DELETE CASCADE)",
        "INSERT INTO message VALUES (1, 1, NULL), (2, 1, 1), (3, 2, 2)",
    )
    shop.write(policy(PERSON + "\nmessage: {key: id, of: person, via: sender, kind: account}"))
    tried(shop, "email=anna@x.example")
    assert 3 in shop.ids("message")


def test_rows_of_another_type_survive_a_foreign_key_under_a_polymorphic_link(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER, type VARCHAR(20),"
        " FOREIGN KEY (owner) REFERENCES person (id) ON DELETE CASCADE)",
        "INSERT INTO note VALUES (1, 1, 'private'), (2, 1, 'public')",
    )
    link = "[{table: person, via: owner, when: {type: private}}]"
    shop.write(policy(PERSON + f"\nnote: {{key: id, of: {link}, kind: account}}"))
    tried(shop, "email=anna@x.example")
    assert 2 in shop.ids("note")


def test_a_colleague_who_joins_the_account_meanwhile_stays(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(20))",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, account INTEGER, email VARCHAR(20),"
        " FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE)",
        "INSERT INTO account VALUES (1, 'x')",
        "INSERT INTO person VALUES (1, 1, 'anna@x.example')",
    )
    of = "person: {is: customer, key: id, of: account, via: account, kind: account, find-by: {email: email}}"
    shop.write(policy("account: {key: id, kind: account}\n" + of))
    opened = SqlSystem.open_run

    def joined(system: SqlSystem, run: str, attempt: int) -> None:
        shop.run("INSERT INTO person VALUES (2, 1, 'new@x.example')")
        opened(system, run, attempt)

    monkeypatch.setattr(SqlSystem, "open_run", joined)
    tried(shop, "email=anna@x.example")
    assert shop.ids("person")[-1] == 2


def test_an_address_without_the_umlaut_is_another_person(shop: Shop) -> None:
    shop.make(*PEOPLE, "INSERT INTO person VALUES (3, 'müller@x.example'), (4, 'muller@x.example')")
    shop.write(policy(PERSON))
    shop.erase("email=muller@x.example")
    assert shop.ids("person") == [1, 2, 3]


def test_a_cookie_in_other_case_is_another_person(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, cookie VARCHAR(20))",
        "INSERT INTO person VALUES (1, 'aBc'), (2, 'abc')",
    )
    shop.write(policy("person: {is: customer, key: id, find-by: {cookie: cookie}, kind: account}"))
    shop.erase("cookie=abc")
    assert shop.ids("person") == [1]


def test_a_polymorphic_link_on_a_truth_value_takes_the_true_rows_only(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER, own BOOLEAN)",
        "INSERT INTO note VALUES (1, 1, true), (2, 1, false)",
    )
    link = "[{table: person, via: owner, when: {own: true}}]"
    shop.write(policy(PERSON + f"\nnote: {{key: id, of: {link}, kind: account}}"))
    shop.erase("email=anna@x.example")
    assert shop.ids("note") == [2]


def test_a_duty_whose_clock_is_mapped_nowhere_still_binds(shop: Shop) -> None:
    shop.make(*PEOPLE)
    shop.write(policy(PERSON, retention=BOOKS.format("from: contract-ended, keep: at least 10 years, then: delete")))
    tried(shop, "email=anna@x.example")
    assert shop.ids("person") == [1, 2]


def test_a_duty_without_a_number_still_binds(shop: Shop) -> None:
    shop.make(*PEOPLE)
    shop.write(policy(PERSON, retention=BOOKS.format("from: collected, keep: at least undecided, then: delete")))
    tried(shop, "email=anna@x.example")
    assert shop.ids("person") == [1, 2]


CLOSED = "account: {from: account-closed, keep: at most 60 days, then: delete}"


def test_a_date_of_zeros_is_no_event(shop: Shop) -> None:
    shop.make("CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TIMESTAMP )")
    empty = {
        "postgresql": ("INSERT INTO account VALUES (1, NULL)",),
        "mariadb": ("SET SESSION sql_mode = ''", "INSERT INTO account VALUES (1, '0000-00-00 00:00:00')"),
        "sqlite": ("INSERT INTO account VALUES (1, ''), (2, '0000-00-00 00:00:00')",),
    }
    shop.run(*empty[shop.database.dialect])
    shop.write(policy("account: {key: id, kind: account, on: {account-closed: closed_at}}", retention=CLOSED))
    assert shop.plan().plan.rows == 0


def test_seconds_of_zero_are_no_event(shop: Shop) -> None:
    shop.make("CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at INTEGER)", "INSERT INTO account VALUES (1, 0)")
    clock = "{column: closed_at, format: epoch}"
    shop.write(policy(f"account: {{key: id, kind: account, on: {{account-closed: {clock}}}}}", retention=CLOSED))
    assert shop.plan().plan.rows == 0


def test_numbers_in_a_text_clock_are_never_before_a_date(shop: Shop) -> None:
    if shop.database.dialect != "sqlite":
        pytest.skip("only SQLite lets a column hold both")
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at DATETIME)",
        "INSERT INTO account VALUES (1, 1781500000000), (2, 1781500000)",
    )
    shop.write(policy("account: {key: id, kind: account, on: {account-closed: closed_at}}", retention=CLOSED))
    assert shop.plan().plan.rows == 0


def test_an_aware_clock_is_not_read_in_the_zone_of_the_system(shop: Shop) -> None:
    aware = {"postgresql": "TIMESTAMPTZ", "mariadb": "TIMESTAMP NULL", "sqlite": "TIMESTAMP"}[shop.database.dialect]
    at = "2026-06-15 11:30:00" if shop.database.dialect == "sqlite" else "2026-06-15 09:30:00"
    shop.make("SELECT 1")
    shop.database.run(
        f"CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at {aware})",
        *(("SET time_zone = '+00:00'",) if shop.database.dialect == "mariadb" else ()),
        f"INSERT INTO account VALUES (1, '{at}{'+00' if shop.database.dialect == 'postgresql' else ''}')",
    )
    hours = "account: {from: account-closed, keep: at most 3 hours, then: delete}"
    table = "account: {key: id, kind: account, on: {account-closed: closed_at}}"
    shop.write(policy(table, retention=hours, clock="Europe/Oslo"))
    assert shop.plan().plan.rows == 0


def test_a_text_with_an_offset_of_its_own_is_not_read_in_another_zone(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at VARCHAR(40))",
        "INSERT INTO account VALUES (1, '2026-06-15T09:00:00-05:00')",
    )
    clock = "{column: closed_at, format: iso}"
    hours = "account: {from: account-closed, keep: at most 2 hours, then: delete}"
    shop.write(policy(f"account: {{key: id, kind: account, on: {{account-closed: {clock}}}}}", retention=hours))
    assert shop.plan().plan.rows == 0


def test_a_row_that_only_mentions_an_account_does_not_age_with_it(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TIMESTAMP )",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, about INTEGER)",
        f"INSERT INTO account VALUES (1, '{LONG_AGO}')",
        "INSERT INTO note VALUES (1, 1)",
    )
    tables = "account: {key: id, kind: misc, on: {account-closed: closed_at}}\n"
    tables += "note: {key: id, of: [{table: account, via: about, edge: mention}], kind: account}"
    shop.write(policy(tables, retention=CLOSED, kinds=("account", "misc")))
    assert shop.plan().plan.rows == 0


def test_a_paused_run_is_not_taken_up_under_another_policy(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )",
        f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}'), (2, 'b', '{LATELY}')",
    )
    table = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
    rule = "account: {from: collected, keep: at most 60 days, then: delete}"
    shop.write(policy(table, retention=rule))
    planned = shop.plan()
    with monkeypatch.context() as patch:
        patch.setattr(applying, "_pause_asked", lambda _context, _run: True)
        outcome = shop.apply(planned)
    assert outcome.state is State.PAUSED
    shop.write(policy(table, retention=rule + "\n" + BOOKS.format("from: collected, keep: at least 50 years")))
    with refused("S313"):
        shop.resume(outcome.run)
    assert shop.ids("person") == [1, 2]


def test_a_paused_run_is_not_taken_up_under_another_schema(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.make(*PEOPLE)
    shop.write(policy(PERSON))
    planned = shop.erasure("email=anna@x.example")
    assert planned is not None
    with monkeypatch.context() as patch:
        patch.setattr(applying, "_pause_asked", lambda _context, _run: True)
        outcome = shop.apply(planned)
    shop.run("CREATE TABLE extra (id INTEGER PRIMARY KEY, p INTEGER REFERENCES person (id) ON DELETE CASCADE)")
    with refused("S308"):
        shop.resume(outcome.run)
