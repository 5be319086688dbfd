"""The first policy draft: modest guesses from names, loadable, and it deletes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kept.law.terms import Event
from kept.map.bound import bind
from kept.map.schema import Column, Family, ForeignKey, Schema, Shape, Table, Trigger
from kept.policy.load import load_policy
from kept.policy.model import Policy
from kept.systems.sql.draft import draft
from kept.systems.sql.draft_guess import Guess, guess
from kept.systems.sql.draft_words import category, identifier, kebab, kind_of, parts, singular

FAMILIES = {"id": Family.INTEGER, "at": Family.INSTANT, "on": Family.DATE}


def table(name: str, *columns: str, key: str = "id", **more: object) -> Table:
    """A table whose columns take their family from the end of their name."""
    made = [
        Column(name=column, type="t", family=FAMILIES.get(column.rsplit("_", 1)[-1], Family.TEXT), nullable=True)
        for column in (key, *columns)
        if column
    ]
    values: dict[str, object] = {"shape": Shape.TABLE, "key": (key,) if key else (), **more}
    return Table(name=name, columns=tuple(made), **values)  # type: ignore[arg-type]


def schema(*tables: Table) -> Schema:
    return Schema(dialect="postgresql", tables=tables)


def guesses(*tables: Table) -> dict[str, Guess]:
    return {entry.table.name: entry for entry in guess(schema(*tables)).tables}


def load(described: Schema, tmp_path: Path) -> Policy:
    path = tmp_path / "kept.yaml"
    path.write_text(draft(described, name="shop", url_env="SHOP_DATABASE_URL"), encoding="utf-8")
    loaded = load_policy(path)
    assert loaded.errors == ()
    assert loaded.policy is not None
    return loaded.policy


SHOP = (
    table("accounts", "company", "closed_at"),
    table("account_users", "account_id", "email", "first_name", "password_hash", "created_at"),
    table("orders", "user_id", "billing_email", "ordered_at"),
    table("order_items", "order_id", "product_id"),
    table("products", "title"),
)


def test_people_are_recognised_by_name_and_identifier() -> None:
    found = guesses(*SHOP)
    assert found["account_users"].person == "user"
    assert found["account_users"].find_by == (("email", "email"),)
    assert found["orders"].person is None, "an order with an address is not a person"


def test_an_account_above_people_is_shared_and_lends_its_clock() -> None:
    found = guesses(*SHOP)
    assert found["accounts"].shared
    assert [event for event, _ in found["accounts"].on] == [Event.ACCOUNT_CLOSED]
    assert [link.to for link in found["account_users"].parents] == ["accounts"]


def test_a_list_of_countries_above_people_is_not_shared() -> None:
    found = guess(schema(table("countries", "title"), table("users", "country_id", "email")))
    assert [entry.table.name for entry in found.tables] == ["users"]
    assert found.others == ("countries",)


def test_rows_are_followed_through_undeclared_links() -> None:
    found = guesses(*SHOP)
    assert [(link.to, link.declared) for link in found["orders"].parents] == [("account_users", False)]
    assert [link.to for link in found["order_items"].parents] == ["orders"]
    assert "products" not in found


def test_an_ambiguous_name_is_no_link() -> None:
    found = guesses(table("shop_users", "email"), table("admin_users", "email"), table("notes", "user_id"))
    assert "notes" not in found


def test_a_link_to_a_key_of_another_type_is_no_link() -> None:
    text_key = Column(name="user_id", type="t", family=Family.TEXT, nullable=True)
    notes = Table(name="notes", shape=Shape.TABLE, columns=(text_key,))
    assert "notes" not in guesses(table("users", "email"), notes)


def test_who_worked_on_a_row_is_only_mentioned() -> None:
    tickets = table(
        "tickets",
        "customer_id",
        "assigned_to",
        foreign_keys=(
            ForeignKey(columns=("customer_id",), table="customers", referred=("id",)),
            ForeignKey(columns=("assigned_to",), table="staff", referred=("id",)),
        ),
    )
    found = guesses(table("customers", "email"), table("staff", "email"), tickets)
    assert [(link.to, link.mention) for link in found["tickets"].parents] == [("customers", False), ("staff", True)]


def test_a_table_that_only_mentions_people_is_left_to_a_decision() -> None:
    pages = table(
        "pages", "created_by", foreign_keys=(ForeignKey(columns=("created_by",), table="users", referred=("id",)),)
    )
    found = guess(schema(table("users", "email"), pages))
    assert found.others == ("pages",)


def test_sender_and_receiver_are_not_both_owners() -> None:
    keys = tuple(ForeignKey(columns=(c,), table="users", referred=("id",)) for c in ("from_user", "to_user"))
    found = guesses(table("users", "email"), table("messages", "from_user", "to_user", foreign_keys=keys))
    assert [(link.via, link.mention) for link in found["messages"].parents] == [
        (("from_user",), False),
        (("to_user",), True),
    ]


def test_a_circle_is_cut_and_said() -> None:
    accounts = table("accounts", "owner_id", "closed_at")
    keys = (ForeignKey(columns=("owner_id",), table="users", referred=("id",)),)
    accounts = Table(name="accounts", shape=Shape.TABLE, columns=accounts.columns, key=("id",), foreign_keys=keys)
    found = guesses(accounts, table("users", "account_id", "email"))
    assert found["accounts"].parents == ()
    assert [link.to for link in found["accounts"].left_out] == ["users"]
    text = draft(schema(accounts, table("users", "account_id", "email")), name="shop", url_env="X")
    assert "left out" in text


@pytest.mark.parametrize(
    ("column", "family", "written"),
    [
        ("created_at", Family.INSTANT, "{collected: created_at}"),
        ("created_at", Family.INTEGER, "{collected: {column: created_at, format: epoch}}"),
        ("created_at", Family.TEXT, "{collected: {column: created_at, format: iso}}"),
        ("deleted_at", Family.TIMESTAMP, "{account-closed: deleted_at}"),
        ("dateJoined", Family.DATE, "{collected: dateJoined}"),
    ],
)
def test_clocks_say_how_they_are_written(column: str, family: Family, written: str) -> None:
    email = Column(name="email", type="t", family=Family.TEXT, nullable=True)
    clock = Column(name=column, type="t", family=family, nullable=True)
    users = Table(name="users", shape=Shape.TABLE, columns=(email, clock), key=("email",))
    assert f"        on: {written}\n" in draft(schema(users), name="shop", url_env="X")


def test_a_text_that_is_no_date_is_no_clock() -> None:
    email = Column(name="email", type="t", family=Family.TEXT, nullable=True)
    started = Column(name="started", type="t", family=Family.TEXT, nullable=True)
    users = Table(name="users", shape=Shape.TABLE, columns=(email, started), key=("email",))
    assert " on: " not in draft(schema(users), name="shop", url_env="X")


def test_the_draft_loads_and_deletes_nothing(tmp_path: Path) -> None:
    policy = load(schema(*SHOP), tmp_path)
    assert policy.retention
    assert all("keep" in rule.undecided and not rule.runs for rule in policy.retention)
    (system,) = policy.systems
    assert system.url == "env:SHOP_DATABASE_URL"
    assert set(system.by_name) == {"accounts", "account_users", "orders", "order_items"}
    gaps = bind(system, schema(*SHOP)).gaps
    assert {(gap.what, gap.table) for gap in gaps} == {("unmapped-table", "products")}


def test_every_event_a_rule_counts_from_is_mapped(tmp_path: Path) -> None:
    loaded = load_policy(_written(schema(*SHOP), tmp_path))
    assert not [found for found in loaded.findings if found.code == "T308"]


def _written(described: Schema, tmp_path: Path) -> Path:
    path = tmp_path / "kept.yaml"
    path.write_text(draft(described, name="shop", url_env="X"), encoding="utf-8")
    return path


def test_odd_names_survive_the_file(tmp_path: Path) -> None:
    names = [
        'users "A"',
        "Kunden: alle",
        "null",
        "user's, {x}",
        "über user",
        "a\\b user",
        "# user",
        "- user",
        "123 user",
    ]
    tables = tuple(table(name, "E-Mail", "created at") for name in names)
    policy = load(schema(*tables), tmp_path)
    assert set(policy.systems[0].by_name) == set(names)
    assert all(entry.find_by == (("email", "E-Mail"),) for entry in policy.systems[0].tables)


def test_tables_named_like_reserved_words_make_a_kind(tmp_path: Path) -> None:
    tables = (table("users", "email"), table("all", "user_id"), table("other", "user_id"))
    assert {"all-record", "other-record"} <= set(load(schema(*tables), tmp_path).data)


def test_a_database_without_people_still_gives_a_file_that_loads(tmp_path: Path) -> None:
    assert load(schema(table("products", "title")), tmp_path).systems[0].tables == ()
    assert load(schema(), tmp_path).systems[0].tables == ()


def test_a_table_without_a_key_asks_for_one() -> None:
    assert "decide: no key names a row" in draft(schema(table("users", "email", key="")), name="s", url_env="X")


def test_a_trigger_is_to_be_read_and_never_taken_as_reviewed(tmp_path: Path) -> None:
    users = table("users", "email", triggers=(Trigger(name="copies", digest="d"),))
    text = draft(schema(users), name="shop", url_env="X")
    assert "decide: read trigger copies" in text
    assert load(schema(users), tmp_path).systems[0].by_name["users"].triggers == ()


def test_composite_references_are_written_with_both_ends(tmp_path: Path) -> None:
    seats = Table(
        name="user seat",
        shape=Shape.TABLE,
        columns=tuple(Column(name=c, type="t", family=Family.TEXT, nullable=False) for c in ("room", "no", "email")),
        key=("room", "no"),
    )
    keys = (ForeignKey(columns=("b_room", "b_no"), table="user seat", referred=("room", "no")),)
    policy = load(schema(seats, table("bookings", "b_room", "b_no", foreign_keys=keys)), tmp_path)
    (parent,) = policy.systems[0].by_name["bookings"].parents
    assert (parent.table, parent.via, parent.to) == ("user seat", ("b_room", "b_no"), ("room", "no"))


def test_the_same_schema_gives_the_same_draft() -> None:
    shuffled = schema(*reversed(SHOP))
    assert draft(schema(*SHOP), name="s", url_env="X") == draft(schema(*SHOP), name="s", url_env="X")
    assert set(guesses(*SHOP)) == {entry.table.name for entry in guess(shuffled).tables}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AccountUser", ("account", "user")),
        ("account_users", ("account", "users")),
        ("userID", ("user", "id")),
        ("HTTPRequest2", ("http", "request", "2")),
        ("Größen Tabelle", ("größen", "tabelle")),
        ("測試", ()),
    ],
)
def test_names_fall_into_words(name: str, words: tuple[str, ...]) -> None:
    assert parts(name) == words


@pytest.mark.parametrize(
    ("word", "one"), [("users", "user"), ("companies", "company"), ("addresses", "address"), ("status", "status")]
)
def test_plurals_become_singular(word: str, one: str) -> None:
    assert singular(word) == one


@pytest.mark.parametrize(
    ("column", "type_"),
    [
        ("email", "email"),
        ("EMail", "email"),
        ("contact_email_address", "email"),
        ("email_verified", None),
        ("mobile", "phone"),
        ("phone_type", None),
        ("kundennummer", "customer-number"),
        ("cookie_id", "cookie"),
        ("name", None),
    ],
)
def test_only_identifying_columns_find_a_person(column: str, type_: str | None) -> None:
    assert identifier(column) == type_


def test_kinds_and_categories_are_words_of_the_policy() -> None:
    assert kind_of("support_tickets") == "support"
    assert kind_of("Wunschzettel") == "wunschzettel"
    assert kebab("測試") == "record"
    assert (category("iban"), category("passwort"), category("description"), category("zip")) == (
        "financial",
        "credential",
        "content",
        "contact",
    )
    assert category("page") is None
