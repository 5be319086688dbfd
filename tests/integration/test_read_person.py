"""Reading a person: exactly the rows a plan reaches, page by page, and never a copy that lacks rows in silence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.samples.shop import Shop, policy, refused

from kept.app import people, reading
from kept.app.context import Context
from kept.app.reading import Part, Read
from kept.decide.reach import own
from kept.map.schema import Column, Family
from kept.ports import CountQuery
from kept.systems.sql import read as reader_of
from kept.systems.sql.compile import among, in_one
from kept.testing import Database

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account}"
NOTE = "\nnote: {key: id, of: person, via: owner, kind: account}"
PART = "\npart: {key: id, of: note, via: note, kind: account}"
TABLES = (
    "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), name VARCHAR(99))",
    "CREATE TABLE note (id INTEGER PRIMARY KEY, owner INTEGER, body VARCHAR(99))",
    "CREATE TABLE part (id INTEGER PRIMARY KEY, note INTEGER)",
)
ROWS = (
    "INSERT INTO person VALUES (1, 'anna@x.example', 'Anna'), (2, 'bob@x.example', NULL), (3, NULL, NULL)",
    "INSERT INTO note VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 1, 'c'), (4, NULL, 'd'), (5, 1, 'e')",
    "INSERT INTO part VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, NULL)",
)
Copy = dict[str, list[tuple[Any, ...]]]


def collected(parts: Iterator[Part]) -> Copy:
    """Rows by table, in order."""
    found: Copy = {}
    for part in parts:
        found.setdefault(part.page.table, []).extend(tuple(row) for row in part.page.rows)
    return {table: sorted(rows, key=repr) for table, rows in found.items()}


def copy_of(shop: Shop, *words: str) -> Copy:
    """Everything that is stored about a person."""
    with shop.context() as context:
        return collected(reading.everything(context, people.parse(words)))


@contextmanager
def standing(shop: Shop, *kinds: str) -> Iterator[tuple[Context, Read]]:
    """A shop in which people are read one after another."""
    with shop.context() as context, reading.reading(context, frozenset(kinds or ("customer",))) as read:
        yield context, read


def make(shop: Shop) -> None:
    """Three people, their notes, and the parts of the notes."""
    shop.make(*TABLES, *ROWS)
    shop.write(policy(PERSON + NOTE + PART))


def test_a_person_is_read_from_every_table_and_nobody_else_is(shop: Shop) -> None:
    make(shop)
    assert copy_of(shop, "email=anna@x.example") == {
        "person": [(1, "anna@x.example", "Anna")],
        "note": [(1, 1, "a"), (3, 1, "c"), (5, 1, "e")],
        "part": [(1, 1), (3, 3), (5, 5)],
    }


def test_columns_are_named_in_the_order_of_their_values(shop: Shop) -> None:
    make(shop)
    with standing(shop) as (_, read):
        columns = {part.page.table: part.page.columns for part in read({"shop": {"person": [2]}})}
    assert columns == {"person": ("id", "email", "name"), "note": ("id", "owner", "body"), "part": ("id", "note")}


def test_parents_are_read_before_their_children(shop: Shop) -> None:
    make(shop)
    with standing(shop) as (_, read):
        tables = [part.page.table for part in read({"shop": {"person": [1]}})]
    assert tables == ["person", "note", "part"]


def test_people_read_one_after_another_do_not_mix(shop: Shop) -> None:
    make(shop)
    with standing(shop) as (_, read):
        copies = [collected(read({"shop": {"person": [key]}})) for key in (1, 2, 3, 2)]
    assert [copy["person"][0][0] for copy in copies] == [1, 2, 3, 2]
    assert [[row[0] for row in copy.get("note", [])] for copy in copies] == [[1, 3, 5], [2], [], [2]]
    assert copies[1] == copies[3]


def test_as_many_rows_are_read_as_a_plan_would_count(shop: Shop) -> None:
    make(shop)
    with standing(shop) as (context, read):
        keys = people.resolve(context, people.parse(["email=anna@x.example"]), frozenset({"customer"}))
        copy = collected(read(keys))
        system = context.systems["shop"]
        for table, scope in own(system.bound, frozenset({"customer"})).items():
            counted = system.count(CountQuery(table=table, flags=(), where=scope, keys=keys["shop"]))
            assert sum(counted.values()) == len(copy[table]) > 0, table


def test_a_person_with_several_keys_is_read_whole(shop: Shop) -> None:
    make(shop)
    with standing(shop) as (_, read):
        copy = collected(read({"shop": {"person": [1, 2]}}))
    assert [row[0] for row in copy["note"]] == [1, 2, 3, 5]


def test_rows_on_two_paths_are_read_once(shop: Shop) -> None:
    shop.make(
        TABLES[0],
        ROWS[0],
        "CREATE TABLE letter (id INTEGER PRIMARY KEY, sender INTEGER, receiver INTEGER)",
        "INSERT INTO letter VALUES (1, 1, 2), (2, 2, 1), (3, 1, 1), (4, 2, 3)",
    )
    letter = "\nletter: {key: id, of: [{table: person, via: sender}, {table: person, via: receiver}], kind: account}"
    shop.write(policy(PERSON + letter))
    assert [row[0] for row in copy_of(shop, "email=anna@x.example")["letter"]] == [1, 2, 3]


def test_a_polymorphic_link_is_followed_only_where_it_says_so(shop: Shop) -> None:
    shop.make(
        TABLES[0],
        ROWS[0],
        "CREATE TABLE tag (id INTEGER PRIMARY KEY, what VARCHAR(20), target INTEGER)",
        "INSERT INTO tag VALUES (1, 'person', 1), (2, 'invoice', 1), (3, 'person', 2)",
    )
    links = "links: [{to: tag, when: {what: person}, via: target}]"
    shop.write(policy(PERSON.replace("kind:", f"{links}, kind:") + "\ntag: {key: id, kind: account}"))
    assert [row[0] for row in copy_of(shop, "email=anna@x.example")["tag"]] == [1]


def test_a_key_of_two_columns_is_read(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (firm INTEGER, no INTEGER, email VARCHAR(99), PRIMARY KEY (firm, no))",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, firm INTEGER, no INTEGER)",
        "INSERT INTO person VALUES (1, 2, 'anna@x.example'), (2, 1, 'bob@x.example'), (1, 1, NULL)",
        "INSERT INTO note VALUES (1, 1, 2), (2, 2, 1), (3, 1, 1)",
    )
    shop.write(
        policy(
            "person: {is: customer, key: [firm, no], find-by: {email: email}, kind: account}"
            "\nnote: {key: id, of: person, via: [firm, no], kind: account}"
        )
    )
    assert copy_of(shop, "email=anna@x.example") == {"person": [(1, 2, "anna@x.example")], "note": [(1, 1, 2)]}


def test_a_binary_key_is_read(shop: Shop) -> None:
    kind, values = {
        "postgresql": ("BYTEA", (r"'\x0102'", r"'\x0103'")),
        "mariadb": ("BINARY(2)", ("x'0102'", "x'0103'")),
        "sqlite": ("BLOB", ("x'0102'", "x'0103'")),
    }[shop.database.dialect]
    shop.make("SELECT 1")
    shop.database.run(
        f"CREATE TABLE person (id {kind} PRIMARY KEY, email VARCHAR(99))",
        f"CREATE TABLE note (id INTEGER PRIMARY KEY, owner {kind})",
        f"INSERT INTO person VALUES ({values[0]}, 'anna@x.example'), ({values[1]}, 'bob@x.example')",
        f"INSERT INTO note VALUES (1, {values[0]}), (2, {values[1]})",
    )
    shop.write(policy(PERSON + NOTE))
    assert [row[0] for row in copy_of(shop, "email=anna@x.example")["note"]] == [1]


def test_a_link_of_another_type_than_the_key_is_followed(shop: Shop) -> None:
    shop.make(
        TABLES[0],
        ROWS[0],
        "CREATE TABLE note (id INTEGER PRIMARY KEY, owner VARCHAR(20))",
        "INSERT INTO note VALUES (1, '1'), (2, '2')",
    )
    shop.write(policy(PERSON + NOTE))
    assert [row[0] for row in copy_of(shop, "email=anna@x.example")["note"]] == [1]


def test_names_that_need_quotes_are_read(shop: Shop) -> None:
    shop.make(
        'CREATE TABLE "Order Item" (id INTEGER PRIMARY KEY, "select" VARCHAR(99), "100%" INTEGER)',
        "INSERT INTO \"Order Item\" VALUES (1, 'anna@x.example', 7), (2, 'bob@x.example', 8)",
    )
    shop.write(policy('"Order Item": {is: customer, key: id, find-by: {email: select}, kind: account}'))
    assert copy_of(shop, "email=anna@x.example") == {"Order Item": [(1, "anna@x.example", 7)]}


def test_a_shared_account_is_read_only_with_the_last_of_its_people(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE firm (id INTEGER PRIMARY KEY, name VARCHAR(20))",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), firm INTEGER)",
        "INSERT INTO firm VALUES (1, 'one'), (2, 'two')",
        "INSERT INTO person VALUES (1, 'anna@x.example', 1), (2, 'bob@x.example', 1), (3, 'carl@x.example', 2)",
    )
    tables = "firm: {key: id, kind: account}\nperson: {is: customer, of: firm, via: firm, key: id,"
    shop.write(policy(tables + " find-by: {email: email}, kind: account}"))
    assert list(copy_of(shop, "email=anna@x.example")) == ["person"]
    assert copy_of(shop, "email=carl@x.example")["firm"] == [(2, "two")]


def test_a_large_person_comes_in_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_of, "ROWS", 2)
    make(shop)
    with standing(shop) as (_, read):
        pages = [(part.page.table, len(part.page.rows)) for part in read({"shop": {"person": [1]}})]
    assert pages == [("person", 1), ("note", 2), ("note", 1), ("part", 2), ("part", 1)]


def test_a_full_last_page_is_followed_by_no_empty_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_of, "ROWS", 3)
    make(shop)
    with standing(shop) as (_, read):
        pages = [(part.page.table, len(part.page.rows)) for part in read({"shop": {"person": [1]}})]
    assert pages == [("person", 1), ("note", 3), ("part", 3)]


def test_reading_can_be_left_off_and_the_next_person_is_read_whole(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_of, "ROWS", 2)
    make(shop)
    with standing(shop) as (_, read):
        begun = read({"shop": {"person": [1]}})
        next(begun)
        next(begun)
        begun.close()  # type: ignore[attr-defined] # a generator
        copy = collected(read({"shop": {"person": [1]}}))
    assert [len(rows) for rows in copy.values()] == [1, 3, 3]


def test_two_people_are_not_read_at_once(shop: Shop) -> None:
    make(shop)
    with standing(shop) as (_, read):
        begun = read({"shop": {"person": [1]}})
        next(begun)
        with pytest.raises(RuntimeError, match="before the next"):
            next(read({"shop": {"person": [2]}}))
        assert len(list(begun)) == 2


@pytest.mark.postgresql
@pytest.mark.parametrize("key", ["id", "[id, no]"])
def test_an_instant_beyond_every_year_is_copied_as_it_is(postgresql: Database, tmp_path: Any, key: str) -> None:
    shop = Shop(database=postgresql, folder=tmp_path)
    shop.make(
        "CREATE TABLE person (id INTEGER, no INTEGER, email VARCHAR(99), a TIMESTAMPTZ, b DATE, c TIMESTAMP)",
        "INSERT INTO person VALUES (1, 1, 'anna@x.example', 'infinity', '12026-01-02', '-infinity')",
        "INSERT INTO person VALUES (2, 1, 'bob@x.example', '2026-01-02 03:00:00+01', '2026-01-02', NULL)",
    )
    shop.write(policy(f"person: {{is: customer, key: {key}, find-by: {{email: email}}, kind: account}}"))
    assert copy_of(shop, "email=anna@x.example")["person"][0][3:] == ("infinity", "12026-01-02", "-infinity")
    assert copy_of(shop, "email=bob@x.example")["person"][0][3:] == (
        datetime(2026, 1, 2, 2, tzinfo=UTC),
        date(2026, 1, 2),
        None,
    )


def test_nothing_is_read_for_nobody(shop: Shop) -> None:
    make(shop)
    assert copy_of(shop, "email=nobody@x.example") == {}


def test_one_statement_per_table_and_person(sqlite: Database, tmp_path: Any) -> None:
    shop = Shop(database=sqlite, folder=tmp_path)
    make(shop)
    said: list[str] = []
    with shop.context() as context:
        engine = context.systems["shop"].engine
        sa.event.listen(engine, "connect", lambda connection, _record: connection.set_trace_callback(said.append))
        with reading.reading(context, frozenset({"customer"})) as read:
            said.clear()
            for key in (1, 2, 3):
                collected(read({"shop": {"person": [key]}}))
            assert len([words for words in said if words.startswith("SELECT")]) == len(said) == 9


def test_what_is_compiled_does_not_grow_with_people(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    if shop.database.dialect == "mariadb":
        pytest.skip("MariaDB takes no array: each person's statement is another text, compiled once by SQLAlchemy")

    def select(*_: object) -> Any:
        raise AssertionError("a statement was built for a person")

    make(shop)
    with standing(shop) as (_, read):
        monkeypatch.setattr(reader_of._Table, "select", select)
        assert len(collected(read({"shop": {"person": [1]}}))) == 3


KEYS: tuple[tuple[Any, ...], ...] = (
    (),
    (1, 2),
    ("1", "-2", "a", "ä'\""),
    (Decimal(5), Decimal("5.50")),
    (UUID(int=7),),
    (date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC)),
    (b"\x01",),
)


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
@pytest.mark.parametrize("family", [Family.INTEGER, Family.TEXT, Family.UUID, Family.DECIMAL, Family.BINARY])
@pytest.mark.parametrize("values", KEYS, ids=lambda values: type(next(iter(values), None)).__name__)
def test_prepared_keys_are_sent_as_the_compiler_sends_them(dialect: str, family: Family, values: Any) -> None:
    column = Column(name="key", type="", family=family, nullable=False)
    bind = reader_of._bind(among(dialect, sa.column("key"), column, values, "keys"))
    assert in_one(dialect, column, values) == (None if bind is None else bind.value)


def test_a_reading_sees_one_moment(server: Database, tmp_path: Any) -> None:
    shop = Shop(database=server, folder=tmp_path)
    make(shop)
    with standing(shop) as (_, read):
        before = collected(read({"shop": {"person": [1]}}))
        shop.run("INSERT INTO note VALUES (9, 1, 'late')")
        assert collected(read({"shop": {"person": [1]}})) == before
    assert len(copy_of(shop, "email=anna@x.example")["note"]) == 4


def test_reading_takes_a_role_that_may_only_read(postgresql: Database, tmp_path: Any) -> None:
    shop = Shop(database=postgresql, folder=tmp_path)
    make(shop)
    with standing(shop) as (context, read):
        list(read({"shop": {"person": [1]}}))
        with context.systems["shop"].engine.connect() as connection:
            connection.execute(sa.text("SET TRANSACTION READ WRITE"))
            connection.execute(sa.text("DELETE FROM part"))
            connection.rollback()
        assert collected(read({"shop": {"person": [2]}}))["part"] == [(2, 2)]


def test_a_policy_says_whose_copy_is_ours_to_give(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99))",
        "CREATE TABLE visitor (id INTEGER PRIMARY KEY, email VARCHAR(99))",
        "INSERT INTO person VALUES (1, 'anna@x.example')",
        "INSERT INTO visitor VALUES (5, 'anna@x.example')",
    )
    tables = PERSON + "\nvisitor: {is: guest, key: id, find-by: {email: email}, kind: account}"
    both = "customer: {role: controller}\nguest: {role: controller}"
    shop.write(policy(tables, people=both, requests="erasure: {for: [customer]}"))
    assert sorted(copy_of(shop, "email=anna@x.example")) == ["person", "visitor"]
    shop.write(policy(tables, people=both, requests="access: {for: [guest]}"))
    assert sorted(copy_of(shop, "email=anna@x.example")) == ["visitor"]


def test_a_view_before_a_table_is_refused(shop: Shop) -> None:
    make(shop)
    shop.run(
        "CREATE TABLE kept_back (id INTEGER PRIMARY KEY, owner INTEGER, body VARCHAR(99))",
        "DROP TABLE note",
        "CREATE VIEW note AS SELECT * FROM kept_back WHERE id < 3",
    )
    with refused("S306"), standing(shop):
        pass


def test_a_map_with_a_table_that_is_not_there_is_refused(shop: Shop) -> None:
    make(shop)
    shop.run("DROP TABLE part")
    with refused("S305"), standing(shop):
        pass


def test_rows_that_own_rows_of_their_own_table_are_refused(shop: Shop) -> None:
    make(shop)
    shop.write(
        policy(
            PERSON + "\nnote: {key: id, of: [{table: person, via: owner}, {table: note, via: owner}], kind: account}"
        )
    )
    with refused("S301"), standing(shop):
        pass


def test_nothing_found_without_a_canary_is_refused(shop: Shop) -> None:
    make(shop)
    shop.run("DELETE FROM canary")
    with refused("S315"):
        copy_of(shop, "email=anna@x.example")


def test_a_table_that_vanishes_in_mid_reading_ends_in_one_message(shop: Shop) -> None:
    make(shop)
    with refused("S210"), standing(shop) as (_, read):
        shop.run("DROP TABLE note")
        list(read({"shop": {"person": [1]}}))


def test_no_value_of_a_person_stands_in_what_a_page_prints(shop: Shop) -> None:
    make(shop)
    with standing(shop) as (_, read):
        printed = [repr(part) for part in read({"shop": {"person": [1]}})]
    assert "anna" not in " ".join(printed)
    assert "'person'" in printed[0]
