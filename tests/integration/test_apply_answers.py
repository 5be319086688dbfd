"""No vacuous success, no traceback, no wrong refusal: every answer of plan and apply is true and has a next step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count

import pytest
from tests.samples.shop import LATELY, LONG_AGO, Shop, policy, refused

from kept.policy.findings import Refused
from kept.ports import Done
from kept.store.runs import State
from kept.systems.sql.system import SqlSystem

Fault = Callable[..., None]

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account}"
CLOCKED = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
PEOPLE = (
    "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99))",
    "INSERT INTO person VALUES (1, 'anna@x.example'), (2, 'bob@x.example')",
)
ANONYMISE = "account: {from: collected, keep: at most 60 days, then: anonymise}"


def planned_or_refused(shop: Shop, *words: str) -> int:
    """How many rows an erasure plans; 0 when it is refused."""
    try:
        planned = shop.erasure(*words)
    except Refused:
        return -1
    assert planned is not None
    return planned.plan.rows


# What was called done and was not.


def test_a_person_with_a_binary_key_is_erased_or_the_plan_is_refused(shop: Shop) -> None:
    kind, value = {
        "postgresql": ("BYTEA", r"'\x01020304'"),
        "mariadb": ("BINARY(4)", "x'01020304'"),
        "sqlite": ("BLOB", "x'01020304'"),
    }[shop.database.dialect]
    shop.make("SELECT 1")
    shop.database.run(
        f"CREATE TABLE person (id {kind} PRIMARY KEY, email VARCHAR(99))",
        f"INSERT INTO person VALUES ({value}, 'anna@x.example')",
    )
    shop.write(policy(PERSON))
    planned = shop.erasure("email=anna@x.example")
    assert planned is not None
    assert planned.plan.rows == 1
    assert shop.apply(planned).state is State.VERIFIED
    assert shop.rows("person") == []


def test_a_person_with_a_decimal_key_is_erased(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id NUMERIC(12,0) PRIMARY KEY, email VARCHAR(99))",
        "INSERT INTO person VALUES (5, 'anna@x.example')",
    )
    shop.write(policy(PERSON))
    shop.erase("email=anna@x.example")
    assert shop.rows("person") == []


def test_rows_that_name_a_number_as_text_go_with_their_person(shop: Shop) -> None:
    """MariaDB reads `1 of 7` as 1 where a text meets a number."""
    shop.make(
        *PEOPLE,
        "CREATE TABLE note (id INTEGER PRIMARY KEY, owner VARCHAR(20))",
        "CREATE TABLE part (id INTEGER PRIMARY KEY, note VARCHAR(20))",
        "INSERT INTO note VALUES (1, '1'), (2, '2'), (3, '1 of 7')",
        "INSERT INTO part VALUES (1, '1'), (2, '2'), (3, '1 of 7')",
    )
    tables = (
        "\nnote: {key: id, of: person, via: owner, kind: account}\npart: {key: id, of: note, via: note, kind: account}"
    )
    shop.write(policy(PERSON + tables))
    shop.erase("email=anna@x.example")
    assert shop.ids("note") == shop.ids("part") == [2, 3]


def test_a_mapped_table_that_was_renamed_stops_the_plan(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner INTEGER)",
        "INSERT INTO notes VALUES (1, 1)",
    )
    shop.write(policy(PERSON + "\nnote: {key: id, of: person, via: owner, kind: account}"))
    with refused("S305"):
        shop.erasure("email=anna@x.example")


def test_nobody_found_is_never_said_where_nobody_was_looked_for(shop: Shop) -> None:
    shop.make(*PEOPLE)
    shop.write(policy(PERSON, requests="erasure: {for: [EEA]}"))
    assert planned_or_refused(shop, "email=anna@x.example") != 0


def test_the_address_in_capitals_finds_a_person_with_an_umlaut(shop: Shop) -> None:
    shop.make(*PEOPLE, "INSERT INTO person VALUES (3, 'MÜLLER@X.EXAMPLE')")
    shop.write(policy(PERSON))
    assert planned_or_refused(shop, "email=Müller@x.example") == 1


def test_rows_below_rows_of_their_own_table_are_reached_or_the_plan_is_refused(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE file (id INTEGER PRIMARY KEY, owner INTEGER, folder INTEGER)",
        "INSERT INTO file VALUES (1, 1, NULL), (2, NULL, 1), (3, NULL, 2), (4, 2, NULL)",
    )
    link = "[{table: person, via: owner}, {table: file, via: folder}]"
    shop.write(policy(PERSON + f"\nfile: {{key: id, of: {link}, kind: account}}"))
    if planned_or_refused(shop, "email=anna@x.example") >= 0:
        shop.erase("email=anna@x.example")
        assert shop.ids("file") == [4]


def test_a_row_whose_clock_is_two_links_up_one_path_and_one_up_another_is_due(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TIMESTAMP )",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, account INTEGER, email VARCHAR(20))",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person INTEGER, account INTEGER)",
        f"INSERT INTO account VALUES (1, '{LONG_AGO}'), (2, '{LATELY}')",
        "INSERT INTO person VALUES (1, 1, 'a'), (2, 2, 'b')",
        "INSERT INTO note VALUES (1, 1, NULL), (2, NULL, 1), (3, 2, NULL), (4, NULL, 2)",
    )
    tables = "account: {key: id, kind: account, on: {account-closed: closed_at}}\n"
    tables += "person: {is: customer, key: id, of: account, via: account, kind: account, find-by: {email: email}}\n"
    tables += "note: {key: id, of: [{table: person, via: person}, {table: account, via: account}], kind: support}"
    rule = "support: {from: account-closed, keep: at most 60 days, then: delete}"
    shop.write(policy(tables, retention=rule, kinds=("account", "support")))
    shop.apply(shop.plan())
    assert shop.ids("note") == [3, 4]


# What ended in a traceback.


def test_a_floor_with_an_end_plans_its_children_too(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at TIMESTAMP )",
        "CREATE TABLE line (id INTEGER PRIMARY KEY, invoice INTEGER REFERENCES invoice (id))",
        f"INSERT INTO invoice VALUES (1, '2001-01-01 00:00:00'), (2, '{LATELY}')",
        "INSERT INTO line VALUES (1, 1), (2, 2)",
    )
    tables = "invoice: {key: id, kind: invoice, on: {collected: at}}\n"
    tables += "line: {key: id, of: invoice, via: invoice, kind: invoice}"
    rule = "books: {data: [invoice], from: end-of-calendar-year, keep: at least 10 years, then: delete,"
    rule += ' ground: legal-obligation, law: "§ 147 AO"}'
    shop.write(policy(tables, retention=rule, kinds=("invoice",)))
    shop.apply(shop.plan())
    assert shop.ids("invoice") == shop.ids("line") == [2]


def test_a_missing_identifying_column_is_a_finding(shop: Shop) -> None:
    shop.make(*PEOPLE)
    shop.write(policy("person: {is: customer, key: id, find-by: {email: email, phone: phone}, kind: account}"))
    with refused("S305"):
        shop.erasure("phone=+49301234567")


def test_a_missing_clock_of_a_parent_without_a_rule_is_a_finding(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY)", "CREATE TABLE note (id INTEGER PRIMARY KEY, account INTEGER)"
    )
    tables = "account: {key: id, kind: misc, on: {account-closed: closed_at}}\n"
    tables += "note: {key: id, of: account, via: account, kind: account}"
    rule = "account: {from: account-closed, keep: at most 60 days, then: delete}"
    shop.write(policy(tables, retention=rule, kinds=("account", "misc")))
    with refused("S305"):
        shop.plan()


def test_a_missing_type_column_of_a_polymorphic_link_is_a_finding(shop: Shop) -> None:
    shop.make(*PEOPLE, "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER)")
    link = "[{table: person, via: owner, when: {type: private}}]"
    shop.write(policy(PERSON + f"\nnote: {{key: id, of: {link}, kind: account}}"))
    with refused("S305"):
        shop.erasure("email=anna@x.example")


def test_a_link_of_two_columns_to_a_key_of_one_is_a_finding(shop: Shop) -> None:
    shop.make(*PEOPLE, "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER, part INTEGER)")
    shop.write(policy(PERSON + "\nnote: {key: id, of: person, via: [owner, part], kind: account}"))
    with pytest.raises(Refused):
        shop.erasure("email=anna@x.example")


def test_a_word_for_a_column_of_numbers_is_a_finding(shop: Shop) -> None:
    shop.make(*PEOPLE, "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER, type INTEGER)")
    link = "[{table: person, via: owner, when: {type: private}}]"
    shop.write(policy(PERSON + f"\nnote: {{key: id, of: {link}, kind: account}}"))
    with pytest.raises(Refused):
        shop.erasure("email=anna@x.example")


def test_people_without_a_key_are_a_finding(shop: Shop) -> None:
    shop.make("CREATE TABLE person (email VARCHAR(99))", "INSERT INTO person VALUES ('anna@x.example')")
    shop.write(policy("person: {is: customer, find-by: {email: email}, kind: account}"))
    with refused("S305"):
        shop.erasure("email=anna@x.example")


def test_a_duty_on_a_clock_nobody_can_read_keeps_the_row_and_is_named(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, at VARCHAR(40), email VARCHAR(99))",
        "INSERT INTO person VALUES (1, 'yesterday', 'anna@x.example')",
    )
    clock = "{collected: {column: at, format: iso}}"
    table = f"person: {{is: customer, key: id, find-by: {{email: email}}, kind: account, on: {clock}}}"
    rule = "books: {data: [account], from: collected, keep: at least 10 years, then: delete, ground: legal-obligation,"
    shop.write(policy(table, retention=rule + ' law: "§ 147 AO"}'))
    assert planned_or_refused(shop, "email=anna@x.example") == 0
    (kept,) = shop.explain("email=anna@x.example").rows
    assert (kept.rows, kept.action, kept.until) == (1, "keep", None)
    assert [reason.because for reason in kept.reasons] == [("books",)]


# What was refused and should not be.


@pytest.mark.usefixtures("batches")
def test_a_rehearsal_lets_a_person_with_many_rows_go(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER, FOREIGN KEY (owner) REFERENCES person (id))",
        *(f"INSERT INTO note VALUES ({number}, 1)" for number in range(60)),
    )
    shop.write(policy(PERSON + "\nnote: {key: id, of: person, via: owner, kind: account}"))
    assert shop.erase("email=anna@x.example").state is State.VERIFIED
    assert shop.ids("person") == [2]


def test_a_run_whose_verification_failed_is_taken_up_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.make(*PEOPLE, "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER)", "INSERT INTO note VALUES (1, 1)")
    shop.write(policy(PERSON + "\nnote: {key: id, of: person, via: owner, kind: account}"))
    planned = shop.erasure("email=anna@x.example")
    assert planned is not None
    with monkeypatch.context() as patch:
        patch.setattr(SqlSystem, "residual", lambda _system, _task: 1)
        stopped = shop.apply(planned)
    assert (stopped.state, shop.ids("person")) == (State.STOPPED, [2])
    assert shop.resume(stopped.run).state is State.VERIFIED


def test_a_plan_with_nothing_to_do_can_be_applied(shop: Shop) -> None:
    shop.make("CREATE TABLE person (id INTEGER PRIMARY KEY, at TIMESTAMP , email VARCHAR(99))")
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    assert shop.apply(shop.plan()).state is State.VERIFIED


def test_an_identifier_of_two_words_is_read(shop: Shop) -> None:
    shop.make("CREATE TABLE person (id INTEGER PRIMARY KEY, no VARCHAR(9))", "INSERT INTO person VALUES (1, 'A-1')")
    shop.write(policy("person: {is: customer, key: id, find-by: {customer-number: no}, kind: account}"))
    assert planned_or_refused(shop, "customer-number=A-1") == 1


def test_a_number_identifies_a_person(shop: Shop) -> None:
    shop.make(*PEOPLE)
    shop.write(policy("person: {is: customer, key: id, find-by: {reference: id}, kind: account}"))
    assert planned_or_refused(shop, "reference=2") == 1


def test_a_polymorphic_link_on_an_enumeration_is_followed(shop: Shop) -> None:
    kind = {"postgresql": "sort", "mariadb": "ENUM('Contact', 'Agent')", "sqlite": "TEXT"}[shop.database.dialect]
    enum = "CREATE TYPE sort AS ENUM ('Contact', 'Agent')" if shop.database.dialect == "postgresql" else "SELECT 1"
    shop.make(
        *PEOPLE,
        enum,
        f"CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER, type {kind})",
        "INSERT INTO note VALUES (1, 1, 'Contact'), (2, 1, 'Agent')",
    )
    link = "[{table: person, via: owner, when: {type: Contact}}]"
    shop.write(policy(PERSON + f"\nnote: {{key: id, of: {link}, kind: account}}"))
    shop.erase("email=anna@x.example")
    assert shop.ids("note") == [2]


def test_a_mention_breaks_a_circle_as_the_message_says(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), main_address INTEGER)",
        "CREATE TABLE address (id INTEGER PRIMARY KEY, person INTEGER)",
        "INSERT INTO person VALUES (1, 'anna@x.example', 1)",
        "INSERT INTO address VALUES (1, 1)",
    )
    link = "[{table: address, via: main_address, edge: mention}]"
    tables = (
        PERSON.replace("kind:", f"of: {link}, kind:") + "\naddress: {key: id, of: person, via: person, kind: account}"
    )
    shop.write(policy(tables))
    assert planned_or_refused(shop, "email=anna@x.example") == 2


def test_a_canary_may_stand_in_a_table_with_a_declared_key_only(shop: Shop) -> None:
    shop.make(*PEOPLE, "CREATE TABLE log (nr INTEGER)", "INSERT INTO log VALUES (7)")
    shop.write(policy(PERSON + "\nlog: {key: nr, kind: account}", canary="{table: log, key: 7}"))
    assert planned_or_refused(shop, "email=anna@x.example") == 1


@pytest.mark.usefixtures("batches")
def test_a_table_without_a_key_is_changed_in_batch_mode(shop: Shop) -> None:
    shop.make(
        *PEOPLE,
        "CREATE TABLE note (owner INTEGER, x VARCHAR(20))",
        "INSERT INTO note VALUES (1, 'a'), (1, 'a'), (2, 'a')",
    )
    shop.write(policy(PERSON + "\nnote: {of: person, via: owner, kind: account}"))
    assert shop.erase("email=anna@x.example").state is State.VERIFIED
    assert shop.rows("note") == [(2, "a")]


@pytest.mark.usefixtures("batches")
def test_keys_far_apart_do_not_make_batches_without_end(shop: Shop) -> None:
    big = "INTEGER" if shop.database.dialect == "sqlite" else "BIGINT"
    shop.make(
        f"CREATE TABLE person (id {big} PRIMARY KEY, at TIMESTAMP , email VARCHAR(99))",
        f"INSERT INTO person VALUES (1, '{LONG_AGO}', 'x'), (1000000000000000, '{LONG_AGO}', 'y')",
    )
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    numbers = count()

    def seen(_step: int, _done: Done) -> None:
        if next(numbers) > 60:
            raise RuntimeError("too many batches")

    assert shop.apply(shop.plan(), seen=seen).state is State.VERIFIED


@pytest.mark.parametrize(
    ("kind", "value", "fill"),
    [
        pytest.param("TIMESTAMP", "'2020-02-02 10:00:00'", datetime(1970, 1, 2), id="instant"),  # noqa: DTZ001
        pytest.param("BINARY(4)", "x'01'", b"\0\0\0\0", id="fixed bytes"),
        pytest.param("VARBINARY(4)", "x'01'", b"", id="bytes"),
        pytest.param("UUID", "'0b9f1c6e-2f1a-4a51-9f5e-1d1f7d7f0001'", "6b657074-0000-4000-8000-", id="uuid"),
        pytest.param("YEAR", "2020", 0, id="year"),
    ],
)
def test_what_a_plan_fills_the_column_can_hold(shop: Shop, kind: str, value: str, fill: object) -> None:
    if shop.database.dialect != "mariadb":
        pytest.skip("a type of MariaDB")
    shop.make("SELECT 1")
    shop.database.run(
        f"CREATE TABLE person (id INTEGER PRIMARY KEY, at DATETIME, email VARCHAR(99), x {kind} NOT NULL)",
        f"INSERT INTO person VALUES (1, '{LONG_AGO}', 'a', {value}), (2, '{LATELY}', 'b', {value})",
    )
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    before = shop.rows("person", "x", order="id")
    assert shop.apply(shop.plan()).state is State.VERIFIED
    (emptied,), kept = shop.rows("person", "x", order="id")
    assert emptied == fill or str(emptied).startswith(str(fill))
    assert kept == before[1]
    assert shop.plan().plan.rows == 0, "what was emptied is not due again"


# What is counted or said wrongly.


def test_an_account_is_no_person(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY)",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, account INTEGER, email VARCHAR(20))",
        "INSERT INTO account VALUES (1)",
        "INSERT INTO person VALUES (1, 1, 'anna@x.example')",
    )
    of = "person: {is: customer, key: id, of: account, via: account, kind: account, find-by: {email: email}}"
    shop.write(policy("account: {key: id, kind: account}\n" + of))
    planned = shop.erasure("email=anna@x.example")
    assert planned is not None
    assert planned.plan.people == 1


def test_two_steps_on_one_table_are_measured_together_against_the_limit(shop: Shop) -> None:
    dates = [(LONG_AGO, LATELY)] * 40 + [(LATELY, LONG_AGO)] * 40 + [(LATELY, LATELY)] * 20
    shop.make(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(9), b VARCHAR(9), at TIMESTAMP , bt TIMESTAMP )",
        *(f"INSERT INTO t VALUES ({number}, 'x', 'y', '{a}', '{b}')" for number, (a, b) in enumerate(dates)),
    )
    table = "t: {key: id, kind: account, columns: {b: {kind: support}}, on: {collected: at, account-closed: bt}}"
    rules = "account: {from: collected, keep: at most 60 days, then: delete}\n"
    rules += "support: {from: account-closed, keep: at most 60 days, then: delete}"
    safety = "safety: {stop-above: 50 %}"
    shop.write(policy(table, retention=rules, kinds=("account", "support"), safety=safety))
    with refused("S310", "S311"):
        shop.apply(shop.plan())


def test_an_older_attempt_is_told_that_it_was_overtaken(shop: Shop) -> None:
    shop.make(*PEOPLE)
    shop.write(policy(PERSON))
    with shop.context() as context:
        system = context.systems["shop"]
        system.open_run("r", 2)
        with refused("S317"):
            system.open_run("r", 1)


def test_a_trigger_on_a_partition_is_reviewed_too(shop: Shop) -> None:
    if shop.database.dialect != "postgresql":
        pytest.skip("partitions are tables of their own on PostgreSQL")
    shop.make(
        *PEOPLE,
        "CREATE TABLE event (id INTEGER, person INTEGER) PARTITION BY RANGE (id)",
        "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (100)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE TRIGGER copying BEFORE DELETE ON event_1 FOR EACH ROW EXECUTE FUNCTION f()",
    )
    shop.write(policy(PERSON + "\nevent: {of: person, via: person, kind: account}"))
    with refused("S304"):
        shop.erasure("email=anna@x.example")


def test_a_foreign_key_of_a_partition_is_that_of_its_mapped_table(shop: Shop) -> None:
    if shop.database.dialect != "postgresql":
        pytest.skip("partitions are tables of their own on PostgreSQL")
    shop.make(
        *PEOPLE,
        "CREATE TABLE event (id INTEGER, person INTEGER REFERENCES person (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (100)",
        "INSERT INTO event VALUES (1, 1), (2, 2)",
    )
    shop.write(policy(PERSON + "\nevent: {of: person, via: person, kind: account}"))
    shop.erase("email=anna@x.example")
    assert shop.ids("event") == [2]
