"""The database folds a column as `map.identity.narrow` folds a value: nobody missed, no stranger found."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
from tests.samples.shop import Shop

from kept.map.bound import bind
from kept.map.identity import narrow
from kept.map.system import System, TableEntry
from kept.systems.sql.find import keys_of
from kept.systems.sql.reflect import describe
from kept.testing import Database

Fault = Callable[..., None]

PLAIN_MAILS = ("anna@x.example", "Anna@X.Example", "ANNA@x.example", " anna@x.example", "anna@x.example ",
               "an.na@x.example", "anna+news@x.example", "annα@x.example", "anna@x.example.", "anna%@x.example",
               "a'nna@x.example", 'a"nna@x.example', "a\\nna@x.example", "a_na@x.example", "")  # fmt: skip
MARKED_MAILS = ("müller@x.example", "muller@x.example", "MÜLLER@X.EXAMPLE", "straße@x.example", "strasse@x.example",
                "STRASSE@x.example", "øre@x.example", "ore@x.example", "ØRE@x.example")  # fmt: skip
PHONES = ("+49 30 1234567", "0049301234567", "+49301234567", "0049 (30) 123-45/67", "030 1234567", "030.1234567",
          "(030) 123 45 67", "00 49 30 1234567", "1234567", "+4930123456", "0030 1234567", "")  # fmt: skip
COOKIES = ("abc", "ABC", "aBc", "abc ", " abc", "äbc", "a bc")


def found(database: Database, identifier: str, stored: Sequence[str], typed: str) -> set[str]:
    """Which of the stored spellings a typed value finds."""
    engine = database.engine()
    table = sa.table("person", sa.column("id"), sa.column("value"))
    with engine.begin() as connection:
        connection.execute(sa.delete(table))
        connection.execute(sa.insert(table), [{"id": place, "value": value} for place, value in enumerate(stored)])
    entry = TableEntry(name="person", person="customer", find_by=((identifier, "value"),), kind="account")
    bound = bind(System(name="shop", url="env:SHOP", tables=(entry,)), describe(engine))
    with engine.connect() as connection:
        keys = keys_of(connection, bound, "UTC", frozenset({"customer"}), {identifier: [typed]})
    return {stored[place] for place in keys["person"]}


def differences(shop: Shop, identifier: str, values: Sequence[str]) -> list[tuple[str, str, str]]:
    """Every pair on which the database and the matcher disagree: who is missed, which stranger is found."""
    shop.database.run("CREATE TABLE person (id INTEGER PRIMARY KEY, value VARCHAR(99))")
    wrong = []
    for typed in filter(None, values):
        same = {value for value in values if narrow(identifier, value) == narrow(identifier, typed)}
        got = found(shop.database, identifier, values, typed)
        wrong += [("missed", typed, value) for value in sorted(same - got)]
        wrong += [("stranger", typed, value) for value in sorted(got - same)]
    return wrong


@pytest.mark.parametrize("identifier", ["email", "phone", "cookie"])
def test_plain_spellings_find_each_other_and_nobody_else(shop: Shop, identifier: str) -> None:
    assert differences(shop, identifier, {"email": PLAIN_MAILS, "phone": PHONES, "cookie": COOKIES}[identifier]) == []


def test_marked_letters_are_folded_in_case_only(shop: Shop) -> None:
    assert differences(shop, "email", MARKED_MAILS) == []


def test_a_decomposed_umlaut_is_the_same_address(shop: Shop, fault: Fault) -> None:
    fault("find: the column is not brought into one Unicode form", "mariadb")
    assert differences(shop, "email", ("müller@x.example", unicodedata.normalize("NFD", "müller@x.example"))) == []


@pytest.mark.parametrize("space", ["\t", "\n", "\u00a0"])
def test_other_spaces_around_an_address_are_trimmed(shop: Shop, space: str) -> None:
    assert differences(shop, "email", ("anna@x.example", f"anna@x.example{space}")) == []


@pytest.mark.parametrize("mark", ["\u00a0", "\u2011", "\t", "\u2013"])
def test_other_marks_between_digits_are_stripped(shop: Shop, mark: str) -> None:
    assert differences(shop, "phone", ("+49301234567", f"+4930{mark}1234567")) == []
