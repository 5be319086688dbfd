"""The database folds a column as `map.identity.narrow` folds a value: nobody missed, no stranger found."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from tests.samples.shop import Shop, policy, refused

from kept.map.bound import bind
from kept.map.identity import narrow
from kept.map.system import System, TableEntry
from kept.systems.sql.connect import connect
from kept.systems.sql.find import keys_of
from kept.systems.sql.reflect import describe
from kept.testing import Database

PEOPLE = frozenset({"customer"})
PLAIN_MAILS = ("anna@x.example", "Anna@X.Example", "ANNA@x.example", " anna@x.example", "anna@x.example ",
               "an.na@x.example", "anna+news@x.example", "annα@x.example", "anna@x.example.", "anna%@x.example",
               "a'nna@x.example", 'a"nna@x.example', "a\\nna@x.example", "a_na@x.example", "")  # fmt: skip
MARKED_MAILS = ("müller@x.example", "muller@x.example", "MÜLLER@X.EXAMPLE", "straße@x.example", "strasse@x.example",
                "STRASSE@x.example", "øre@x.example", "ore@x.example", "ØRE@x.example")  # fmt: skip
PHONES = ("+49 30 1234567", "0049301234567", "+49301234567", "0049 (30) 123-45/67", "030 1234567", "030.1234567",
          "(030) 123 45 67", "00 49 30 1234567", "1234567", "+4930123456", "0030 1234567", "")  # fmt: skip
COOKIES = ("abc", "ABC", "aBc", "abc ", " abc", "äbc", "a bc")
PLAIN = {"email": PLAIN_MAILS, "phone": PHONES, "cookie": COOKIES}


def found(database: Database, identifier: str, stored: Sequence[str], *typed: str) -> dict[str, set[str]]:
    """Which of the stored spellings each typed value finds."""
    engine = database.engine()
    table = sa.table("person", sa.column("id"), sa.column("value"))
    with engine.begin() as connection:
        connection.execute(sa.delete(table))
        connection.execute(sa.insert(table), [{"id": place, "value": value} for place, value in enumerate(stored)])
    entry = TableEntry(name="person", person="customer", find_by=((identifier, "value"),), kind="account")
    bound = bind(System(name="shop", url="env:SHOP", tables=(entry,)), describe(engine))
    with engine.connect() as connection:
        keys = {each: keys_of(connection, bound, "UTC", PEOPLE, {identifier: [each]})["person"] for each in typed}
    return {each: {stored[place] for place in places} for each, places in keys.items()}


def differences(database: Database, identifier: str, values: Sequence[str]) -> list[tuple[str, str, str]]:
    """Every pair on which the database and the matcher disagree: who is missed, which stranger is found."""
    database.run("CREATE TABLE person (id INTEGER PRIMARY KEY, value VARCHAR(99))")
    wrong = []
    for typed, got in found(database, identifier, values, *filter(None, values)).items():
        same = {value for value in values if narrow(identifier, value) == narrow(identifier, typed)}
        wrong += [("missed", typed, value) for value in sorted(same - got)]
        wrong += [("stranger", typed, value) for value in sorted(got - same)]
    return wrong


@pytest.mark.parametrize("identifier", ["email", "phone", "cookie"])
def test_plain_spellings_find_each_other_and_nobody_else(shop: Shop, identifier: str) -> None:
    assert (
        differences(shop.database, identifier, {"email": PLAIN_MAILS, "phone": PHONES, "cookie": COOKIES}[identifier])
        == []
    )


def test_marked_letters_are_folded_in_case_only(shop: Shop) -> None:
    assert differences(shop.database, "email", MARKED_MAILS) == []


def test_a_decomposed_umlaut_is_the_same_address(shop: Shop) -> None:
    assert (
        differences(shop.database, "email", ("müller@x.example", unicodedata.normalize("NFD", "müller@x.example")))
        == []
    )


NAMES = ("jiří@x.example", "nguyễn.thế@x.example", "андрей@x.example", "ΑΣΣΟΣ@x.example", "straẞe@x.example",
         "한글@x.example", "Kate@x.example", "kate@x.example", "ångström@x.example", "ĳs@x.example",
         "İnci@x.example", "ῼ@x.example", "Ǆ@x.example", "𐐀@x.example", "क़लम@x.example", "ו\u05bcו@x.example",
         "ﬁ@x.example", "fi@x.example", "Ⅷ@x.example", "豈@x.example", "豈@x.example")  # fmt: skip


def spelled(name: str) -> set[str]:
    """One name as different systems write it: composed, decomposed, half and half, and in capitals."""
    apart = unicodedata.normalize("NFD", name)
    half = unicodedata.normalize("NFC", apart[: len(apart) // 2]) + apart[len(apart) // 2 :]
    return {name, apart, half, name.upper(), unicodedata.normalize("NFD", name.upper()), name.replace("å", "\u212b")}


@pytest.mark.parametrize("identifier", ["email", "reference"])
def test_names_of_the_world_find_all_their_spellings_and_nobody_else(shop: Shop, identifier: str) -> None:
    assert differences(shop.database, identifier, sorted(set().union(*map(spelled, NAMES)))) == []


@contextmanager
def database_without_a_locale(postgresql_url: str, encoding: str) -> Iterator[Database]:
    """A PostgreSQL database whose own lower case knows ASCII only."""
    name, server = f"c_{encoding.lower()}", connect(postgresql_url, name="server", env={})
    admin = server.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    url = sa.make_url(postgresql_url).set(database=name)
    engine = connect(url.render_as_string(hide_password=False), name="shop", env={})
    try:
        yield Database(url=str(url), dialect="postgresql", open=lambda _name, _readonly: engine)
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
        server.dispose()


@pytest.mark.postgresql
def test_capitals_are_folded_where_the_server_has_no_locale(postgresql_url: str) -> None:
    with database_without_a_locale(postgresql_url, "UTF8") as database:
        assert differences(database, "email", sorted({*MARKED_MAILS, *map(str.upper, MARKED_MAILS)})) == []


@pytest.mark.postgresql
def test_a_server_that_does_not_write_unicode_folds_alike(postgresql_url: str) -> None:
    with database_without_a_locale(postgresql_url, "LATIN1") as database:
        assert differences(database, "email", MARKED_MAILS) == []
        assert found(database, "email", ["andre@x.example"], "андре@x.example") == {"андре@x.example": set()}


def test_a_row_without_a_key_is_told_and_not_passed_over(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (no VARCHAR(9), email VARCHAR(99))",
        "INSERT INTO person VALUES (NULL, 'anna@x.example'), ('b', 'anna@x.example')",
    )
    shop.write(policy("person: {is: customer, key: no, find-by: {email: email}, kind: account}"))
    with refused("S305"):
        shop.erasure("email=anna@x.example")


@pytest.mark.parametrize("digits", ["٠٣٠١٢٣٤٥٦٧", "０３０１２３４５６７"])
def test_digits_of_other_scripts_are_no_number_anywhere(shop: Shop, digits: str) -> None:
    assert differences(shop.database, "phone", ("0301234567", digits, f"{digits}0301234567")) == []


@pytest.mark.parametrize("space", ["\t", "\n", "\u00a0", "\x1d"])
def test_other_spaces_around_an_address_are_trimmed(shop: Shop, space: str) -> None:
    assert differences(shop.database, "email", ("anna@x.example", f"anna@x.example{space}")) == []


@pytest.mark.parametrize("mark", ["\u00a0", "\u2011", "\t", "\u2013"])
def test_other_marks_between_digits_are_stripped(shop: Shop, mark: str) -> None:
    assert differences(shop.database, "phone", ("+49301234567", f"+4930{mark}1234567")) == []
