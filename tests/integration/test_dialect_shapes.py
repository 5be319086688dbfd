"""Odd shapes of tables, on each database that has them: carried out and verified, or one clear refusal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from tests.samples.shop import LATELY, LONG_AGO, Shop, policy, refused

from kept.policy.findings import Refused
from kept.store.runs import State

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account}"
CLOCKED = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
PEOPLE = (
    "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99))",
    "INSERT INTO person VALUES (1, 'anna@x.example'), (2, 'bob@x.example')",
)
DELETE = "account: {from: collected, keep: at most 60 days, then: delete}"
ANONYMISE = "account: {from: collected, keep: at most 60 days, then: anonymise}"

Fault = Callable[..., None]
Modes = pytest.mark.parametrize("mode", ["one transaction", "batches"])


@pytest.fixture
def carried_out(shop: Shop, request: pytest.FixtureRequest) -> Callable[[str, bool], None]:
    """Erase Anna, or do what the clock asks for, in one transaction or in batches; verified or the test fails."""

    def carried(mode: str, clock: bool = False) -> None:
        if mode == "batches":
            request.getfixturevalue("batches")
        planned = shop.plan() if clock else shop.erasure("email=anna@x.example")
        assert planned is not None
        assert planned.plan.rows
        assert shop.apply(planned).state is State.VERIFIED

    return carried


def read(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query in the words of the database itself."""
    with shop.database.engine().connect() as connection:
        found = connection.exec_driver_sql(query if shop.database.dialect == "sqlite" else query.replace("%", "%%"))
        return [tuple(row) for row in found]


def unchecked(shop: Shop, statement: str) -> None:
    """A row as an application writes it that lets SQLite check no keys."""
    with sqlite3.connect(str(sa.make_url(shop.database.url).database)) as connection:
        connection.execute(statement)


def only(shop: Shop, *dialects: str) -> None:
    if shop.database.dialect not in dialects:
        pytest.skip(f"a shape of {' and '.join(dialects)}")


NAMES = (
    'Kunden "A"', "o'hara", "ta`ble", "Größe & Straße", "select", "UPPER Case", "user", "order", "100 %", "%(name)s",
    "a.b", "semi;colon", ":param", "back\\slash", "{brace}", "[bracket]", "comma, and: colon", "z" + "ü" * 31,
    "x" * 63, "測試", "-- remark", "null", "true", "1st", "#hash", "?",
)  # fmt: skip


def quoted(shop: Shop, name: str) -> str:
    """A name as the database writes it."""
    mark = "`" if shop.database.dialect == "mariadb" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def named(shop: Shop, name: str) -> tuple[str, str, str]:
    """A table of people, its key, and a table below: names that differ in their first letter."""
    person, key, below = (quoted(shop, each) for each in (name, "j" + name[1:], "y" + name[1:]))
    return person, key, below


def entries(name: str) -> str:
    """Both tables in the words of the policy."""
    said, key, below = (json.dumps(each, ensure_ascii=False) for each in (name, "j" + name[1:], "y" + name[1:]))
    entry = f"is: customer, key: {key}, find-by: {{email: {said}}}, kind: account, on: {{collected: at}}"
    return f"{said}: {{{entry}}}\n{below}: {{of: {said}, via: {said}, kind: account}}"


def test_tables_of_any_name_are_erased_and_anonymised(shop: Shop, carried_out: Callable[..., None]) -> None:
    moment = "DATETIME(6)" if shop.database.dialect == "mariadb" else "TIMESTAMP"
    shop.make("SELECT 1")
    for number, (person, key, below) in enumerate(named(shop, name) for name in NAMES):
        shop.database.run(
            f"CREATE TABLE {person} ({key} INTEGER PRIMARY KEY, {person} VARCHAR(99), at {moment})",
            f"CREATE TABLE {below} ({person} INTEGER, {key} VARCHAR(20) NOT NULL,"
            f" CONSTRAINT f{number} FOREIGN KEY ({person}) REFERENCES {person} ({key}))",
            f"INSERT INTO {person} VALUES (1, 'anna@x.example', '{LATELY}'), (2, 'bob@x.example', '{LONG_AGO}')",
            f"INSERT INTO {below} VALUES (1, 'a'), (1, 'b'), (2, 'c')",
        )
    shop.write(policy("\n".join(map(entries, NAMES)), retention=ANONYMISE))
    carried_out("one transaction")
    carried_out("batches", clock=True)
    for person, key, below in (named(shop, name) for name in NAMES):
        assert read(shop, f"SELECT {key}, {person} FROM {person}") == [(2, None)]
        assert read(shop, f"SELECT {person}, {key} FROM {below}") == [(2, "removed")]


@Modes
def test_a_key_of_two_columns_names_its_rows(shop: Shop, carried_out: Callable[..., None], mode: str) -> None:
    shop.make(
        "CREATE TABLE person (tenant INTEGER NOT NULL, no VARCHAR(9) NOT NULL, email VARCHAR(99),"
        " PRIMARY KEY (tenant, no))",
        "CREATE TABLE note (tenant INTEGER, person VARCHAR(9), line INTEGER, PRIMARY KEY (tenant, person, line),"
        " FOREIGN KEY (tenant, person) REFERENCES person (tenant, no))",
        "INSERT INTO person VALUES (1, 'a', 'anna@x.example'), (1, 'b', 'x'), (2, 'a', 'y'),"
        " (3, 'a', 'anna@x.example')",
        "INSERT INTO note VALUES (1, 'a', 1), (1, 'a', 2), (1, 'b', 1), (2, 'a', 1), (3, 'a', 1)",
    )
    tables = "person: {is: customer, find-by: {email: email}, kind: account}\n"
    tables += "note: {of: person, via: [tenant, person], kind: account}"
    shop.write(policy(tables))
    carried_out(mode)
    assert shop.rows("person", "tenant, no") == [(1, "b"), (2, "a")]
    assert shop.rows("note", "tenant, person, line") == [(1, "b", 1), (2, "a", 1)]


@Modes
def test_a_table_without_row_ids_is_swept(shop: Shop, carried_out: Callable[..., None], mode: str) -> None:
    only(shop, "sqlite")
    rows = [f"('{n:03}', {n % 2}, '{LONG_AGO if n % 3 else LATELY}', 'x')" for n in range(200)]
    shop.make(
        "CREATE TABLE visit (code TEXT, part INTEGER, at TIMESTAMP, name TEXT NOT NULL, PRIMARY KEY (code, part))"
        " WITHOUT ROWID",
        f"INSERT INTO visit VALUES {', '.join(rows)}",
        "CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT, at TIMESTAMP) WITHOUT ROWID",
        f"INSERT INTO person VALUES ('p', 'anna@x.example', '{LATELY}'), ('q', 'bob@x.example', '{LONG_AGO}')",
    )
    shop.write(policy(CLOCKED + "\nvisit: {kind: account, on: {collected: at}}", retention=ANONYMISE))
    carried_out(mode)
    carried_out(mode, clock=True)
    assert read(shop, "SELECT name, count(*) FROM visit GROUP BY name") == [("removed", 133), ("x", 67)]
    assert shop.rows("person", "id, email") == [("q", None)]


def test_a_generated_column_follows_what_it_is_made_from(shop: Shop, carried_out: Callable[..., None]) -> None:
    whole = "name || '!'" if shop.database.dialect != "mariadb" else "concat(name, '!')"
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP , name VARCHAR(20) NOT NULL,"
        f" shown VARCHAR(30) GENERATED ALWAYS AS ({whole}) STORED)",
        f"INSERT INTO person (id, email, at, name) VALUES (1, 'a', '{LONG_AGO}', 'Anna'), (2, 'b', '{LATELY}', 'Bob')",
    )
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    carried_out("one transaction", clock=True)
    assert shop.rows("person", "id, email, shown") == [(1, None, "removed!"), (2, "b", "Bob!")]


def test_a_view_in_place_of_a_table_is_refused(shop: Shop) -> None:
    shop.make(*PEOPLE, "CREATE VIEW customer AS SELECT * FROM person WHERE id > 1")
    shop.write(policy(PERSON.replace("person:", "customer:")))
    with refused("S306"):
        shop.erasure("email=bob@x.example")


@pytest.mark.parametrize(
    ("parent", "reference"),
    [
        ("id INTEGER, email TEXT", "person"),
        ("id INTEGER, email TEXT", "person (id)"),
        ("id INTEGER PRIMARY KEY, email TEXT", "person (gone)"),
        ("id INTEGER, email TEXT, PRIMARY KEY (id, email)", "person"),
        ("id INTEGER PRIMARY KEY, email TEXT", "elsewhere (id)"),
    ],
)
def test_a_foreign_key_that_sqlite_cannot_follow_is_no_traceback(shop: Shop, parent: str, reference: str) -> None:
    only(shop, "sqlite")
    shop.make(
        f"CREATE TABLE person ({parent})",
        f"CREATE TABLE note (id INTEGER PRIMARY KEY, person INTEGER REFERENCES {reference})",
    )
    unchecked(shop, "INSERT INTO person VALUES (1, 'anna@x.example'), (2, 'bob@x.example')")
    unchecked(shop, "INSERT INTO note VALUES (1, 1), (2, 2)")
    shop.write(policy(PERSON + "\nnote: {key: id, of: person, via: person, kind: account}"))
    with suppress(Refused):
        planned = shop.erasure("email=anna@x.example")
        assert planned is not None
        outcome = shop.apply(planned)
        assert outcome.findings or outcome.state is State.VERIFIED
    assert (shop.ids("person"), shop.ids("note")) in (([2], [2]), ([1, 2], [1, 2]))


def test_names_that_sqlite_takes_for_one_are_one(shop: Shop, carried_out: Callable[..., None]) -> None:
    only(shop, "sqlite")
    shop.make(
        "CREATE TABLE Person (Id INTEGER PRIMARY KEY, email TEXT)",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person INTEGER REFERENCES PERSON (ID))",
        "INSERT INTO person VALUES (1, 'anna@x.example'), (2, 'bob@x.example')",
        "INSERT INTO note VALUES (1, 1), (2, 2)",
    )
    tables = "Person: {is: customer, find-by: {email: email}, kind: account}\n"
    shop.write(policy(tables + "note: {key: id, of: Person, via: person, kind: account}"))
    carried_out("one transaction")
    assert shop.ids("note") == [2]


# PostgreSQL


@Modes
def test_types_of_postgresql_are_emptied(shop: Shop, carried_out: Callable[..., None], mode: str) -> None:
    only(shop, "postgresql")
    shop.make(
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE DOMAIN code AS VARCHAR(12) NOT NULL CHECK (length(VALUE) > 1)",
        "CREATE DOMAIN label AS code",
        "CREATE TABLE person (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email TEXT UNIQUE, at TIMESTAMPTZ,"
        " mood mood, code code, label label, tags TEXT[], data JSONB NOT NULL, more JSON NOT NULL, uid UUID NOT NULL,"
        " nick TEXT NOT NULL UNIQUE, seen TIMESTAMPTZ NOT NULL, ip INET, span INTERVAL, raw BYTEA NOT NULL)",
        *(
            "INSERT INTO person (email, at, mood, code, label, tags, data, more, uid, nick, seen, ip, span, raw) VALUES"
            f" ('{name}', '{at}', 'good', 'xyz', 'xyz', '{{a,b}}', '{{\"a\": 1}}', '[1]', gen_random_uuid(), '{name}',"
            f" now(), '10.0.0.1', '1 day', 'x')"
            for name, at in (("Anna", LONG_AGO), ("Bea", LONG_AGO), ("Bob", LATELY))
        ),
    )
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    carried_out(mode, clock=True)
    empty: tuple[Any, ...] = (None, None, "removed", "removed", None, {}, {}, None, None, b"")
    assert shop.rows("person", "email, mood, code, label, tags, data, more, ip, span, raw", "id")[:2] == [empty, empty]
    assert shop.rows("person", "email, code", "id")[2] == ("Bob", "xyz")
    assert all(nick.startswith("removed-") for (nick,) in shop.rows("person", "nick", "id")[:2])
    assert shop.plan().plan.rows == 0


@pytest.mark.parametrize("kind", ["mood", "TEXT[]", "INET", "INTERVAL"])
def test_a_type_without_an_empty_value_is_refused_where_it_may_not_be_null(shop: Shop, kind: str) -> None:
    only(shop, "postgresql")
    value = {"mood": "good", "TEXT[]": "{a}", "INET": "10.0.0.1", "INTERVAL": "1 day"}[kind]
    shop.make(
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        f"CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT, at TIMESTAMP, x {kind} NOT NULL)",
        f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}', '{value}')",
    )
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    with refused("S302"):
        shop.plan()


@Modes
def test_partitions_are_swept_as_one_table(shop: Shop, carried_out: Callable[..., None], mode: str) -> None:
    only(shop, "postgresql", "mariadb")
    shop.make("SELECT 1")
    if shop.database.dialect == "postgresql":
        shop.database.run(
            "CREATE TABLE event (id INTEGER, at TIMESTAMP, who TEXT) PARTITION BY RANGE (id)",
            "CREATE TABLE event_low PARTITION OF event FOR VALUES FROM (0) TO (100) PARTITION BY HASH (id)",
            "CREATE TABLE event_low_1 PARTITION OF event_low FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
            "CREATE TABLE event_low_2 PARTITION OF event_low FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
            "CREATE TABLE event_rest PARTITION OF event DEFAULT",
        )
    else:
        shop.database.run(
            "CREATE TABLE event (id INTEGER, at DATETIME, who TEXT) PARTITION BY RANGE (id)"
            " (PARTITION low VALUES LESS THAN (100), PARTITION rest VALUES LESS THAN MAXVALUE)"
        )
    rows = [f"({n}, '{LONG_AGO if n % 2 else LATELY}', 'x')" for n in range(0, 1000, 7)]
    shop.database.run(f"INSERT INTO event VALUES {', '.join(rows)}")
    shop.write(policy("event: {key: id, kind: account, on: {collected: at}}", retention=DELETE))
    carried_out(mode, clock=True)
    assert shop.ids("event") == [n for n in range(0, 1000, 7) if not n % 2]


COPYING = "CREATE FUNCTION copying() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"


def test_a_trigger_is_reviewed_once_for_all_partitions(shop: Shop, carried_out: Callable[..., None]) -> None:
    only(shop, "postgresql")
    shop.make(
        *PEOPLE,
        "CREATE TABLE event (id INTEGER, person INTEGER REFERENCES person (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE event_low PARTITION OF event FOR VALUES FROM (0) TO (100)",
        "CREATE TABLE event_high PARTITION OF event FOR VALUES FROM (100) TO (200)",
        COPYING,
        "CREATE TRIGGER reviewed AFTER DELETE ON event FOR EACH ROW EXECUTE FUNCTION copying()",
        "INSERT INTO event VALUES (1, 1), (2, 2), (101, 1)",
    )
    shop.write(policy(PERSON + "\nevent: {of: person, via: person, kind: account, triggers: [reviewed]}"))
    carried_out("one transaction")
    assert shop.ids("event") == [2]


def test_a_partition_elsewhere_speaks_through_its_whole_too(shop: Shop) -> None:
    only(shop, "postgresql")
    shop.make(
        *PEOPLE,
        "CREATE TABLE event (id INTEGER, person INTEGER) PARTITION BY RANGE (id)",
        "CREATE SCHEMA attic",
        "CREATE TABLE attic.event_old PARTITION OF event FOR VALUES FROM (0) TO (100)",
        COPYING,
        "CREATE TRIGGER hidden AFTER DELETE ON attic.event_old FOR EACH ROW EXECUTE FUNCTION copying()",
    )
    shop.write(policy(PERSON + "\nevent: {of: person, via: person, kind: account}"))
    with refused("S304"):
        shop.erasure("email=anna@x.example")


def test_a_key_from_a_single_partition_is_that_of_its_whole(shop: Shop, carried_out: Callable[..., None]) -> None:
    only(shop, "postgresql")
    shop.make(
        *PEOPLE,
        "CREATE TABLE event (id INTEGER, person INTEGER) PARTITION BY RANGE (id)",
        "CREATE TABLE event_low PARTITION OF event FOR VALUES FROM (0) TO (100)",
        "ALTER TABLE event_low ADD FOREIGN KEY (person) REFERENCES person (id) ON DELETE CASCADE",
        "INSERT INTO event VALUES (1, 1), (2, 2)",
    )
    shop.write(policy(PERSON))
    with refused("S303"):
        shop.erasure("email=anna@x.example")
    shop.write(policy(PERSON + "\nevent: {of: person, via: person, kind: account}"))
    carried_out("one transaction")
    assert shop.ids("event") == [2]


def test_a_key_to_a_single_partition_is_one_to_its_whole(shop: Shop) -> None:
    only(shop, "postgresql")
    shop.make(
        *PEOPLE,
        "CREATE TABLE event (id INTEGER PRIMARY KEY, person INTEGER) PARTITION BY RANGE (id)",
        "CREATE TABLE event_low PARTITION OF event FOR VALUES FROM (0) TO (100)",
        "CREATE TABLE note (event INTEGER REFERENCES event_low (id) ON DELETE CASCADE)",
        "INSERT INTO event VALUES (1, 1), (2, 2)",
        "INSERT INTO note VALUES (1), (2)",
    )
    shop.write(policy(PERSON + "\nevent: {of: person, via: person, kind: account}"))
    with refused("S303"):
        shop.erasure("email=anna@x.example")


def test_a_table_that_others_inherit_from_waits_for_a_review(shop: Shop) -> None:
    only(shop, "postgresql")
    shop.make(
        *PEOPLE,
        "CREATE TABLE person_vip (since DATE) INHERITS (person)",
        "INSERT INTO person_vip VALUES (1, 'carl@x.example', '2020-01-01')",
    )
    shop.write(policy(PERSON))
    with refused("S304"):
        shop.erasure("email=anna@x.example")
    shop.write(policy(PERSON.replace("kind:", "triggers: [person_vip INHERITS person], kind:")))
    assert shop.erasure("email=bob@x.example") is not None


def test_a_role_that_row_security_holds_for_is_refused(shop: Shop) -> None:
    only(shop, "postgresql")
    shop.make(
        *PEOPLE,
        "ALTER TABLE person ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON person USING (id = 2)",
        "CREATE ROLE seller LOGIN",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO seller",
    )
    url = sa.make_url(shop.database.url).set(username="seller").render_as_string(hide_password=False)
    seller = replace(shop, database=replace(shop.database, url=url))
    try:
        seller.write(policy(PERSON))
        with refused("S218"):
            seller.erasure("email=bob@x.example")
    finally:
        shop.run("DROP OWNED BY seller", "DROP ROLE seller")


# MariaDB


@Modes
def test_unsigned_keys_beyond_signed_ones_are_met(shop: Shop, carried_out: Callable[..., None], mode: str) -> None:
    only(shop, "mariadb")
    shop.make(
        "CREATE TABLE person (id BIGINT UNSIGNED PRIMARY KEY, email VARCHAR(99), at DATETIME,"
        " score SMALLINT UNSIGNED NOT NULL)",
        "CREATE TABLE note (id BIGINT UNSIGNED PRIMARY KEY, person BIGINT UNSIGNED, FOREIGN KEY (person)"
        " REFERENCES person (id))",
        f"INSERT INTO person VALUES (18446744073709551615, 'anna@x.example', '{LATELY}', 7),"
        f" (9223372036854775808, 'bob@x.example', '{LONG_AGO}', 7)",
        "INSERT INTO note VALUES (18446744073709551614, 18446744073709551615), (3, 9223372036854775808)",
    )
    shop.write(policy(CLOCKED + "\nnote: {key: id, of: person, via: person, kind: account}", retention=ANONYMISE))
    carried_out(mode)
    carried_out(mode, clock=True)
    assert shop.rows("person", "id, email, score") == [(9223372036854775808, None, 0)]
    assert shop.ids("note") == [3]


def test_emptying_a_row_does_not_move_its_clock(shop: Shop, carried_out: Callable[..., None]) -> None:
    only(shop, "mariadb")
    shop.make("SELECT 1")
    shop.database.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99),"
        " at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}')",
    )
    before = shop.rows("person", "at")
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    carried_out("one transaction", clock=True)
    assert shop.rows("person", "at") == before


def test_an_enumeration_of_mariadb_that_may_not_be_null_is_refused(shop: Shop) -> None:
    only(shop, "mariadb")
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at DATETIME, x ENUM('a', 'b') NOT NULL)",
        f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}', 'a')",
    )
    shop.write(policy(CLOCKED, retention=ANONYMISE))
    with refused("S302"):
        shop.plan()


@pytest.mark.parametrize(
    ("more", "review"),
    [
        ("WITH SYSTEM VERSIONING", "SYSTEM VERSIONING"),
        ("WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION old HISTORY, PARTITION now CURRENT)",
         "SYSTEM VERSIONING"),
        ("ENGINE = MyISAM", "ENGINE = MyISAM"),
        ("ENGINE = Aria", "ENGINE = Aria"),
    ],
)  # fmt: skip
def test_a_table_that_keeps_or_loses_rows_by_itself_waits_for_a_review(shop: Shop, more: str, review: str) -> None:
    only(shop, "mariadb")
    shop.make(f"{PEOPLE[0]} {more}", PEOPLE[1])
    shop.write(policy(PERSON))
    with refused("S304"):
        shop.erasure("email=anna@x.example")
    assert shop.ids("person") == [1, 2]
    shop.write(policy(PERSON.replace("kind:", f"triggers: [{review}], kind:")))
    assert shop.erasure("email=anna@x.example") is not None


COLLATED = {"mariadb": "VARCHAR(9) COLLATE utf8mb4_unicode_ci", "sqlite": "TEXT COLLATE NOCASE"}


@Modes
@pytest.mark.parametrize("where", COLLATED)
def test_keys_that_a_collation_takes_for_one_are_two_people(
    shop: Shop, carried_out: Callable[..., None], mode: str, where: str
) -> None:
    if shop.database.dialect != where:
        pytest.skip(f"a collation of {where}")
    shop.make(
        f"CREATE TABLE person (no {COLLATED[where]}, email VARCHAR(99))",
        "INSERT INTO person VALUES ('abc', 'anna@x.example'), ('ABC', 'bob@x.example')",
    )
    shop.write(policy("person: {is: customer, key: no, find-by: {email: email}, kind: account}"))
    carried_out(mode)
    assert shop.ids("person", "email") == ["bob@x.example"]
