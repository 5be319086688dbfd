"""A map that does not meet its database, and the promise behind all refusals: each names a next step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.acceptance.desk import findings, kept_here, refused_well
from tests.samples.shop import LONG_AGO, Shop, policy

import kept
from kept.app.codes import every
from kept.systems.sql.faults import classify

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
GOOD = policy(PERSON, retention=RULE)
TABLE = "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )"
ANNA = "anna@secret-house.example"
ROW = f"INSERT INTO person VALUES (1, '{ANNA}', '{LONG_AGO}')"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Anna's row, on each of the three databases."""
    shop.make(TABLE, ROW)
    return shop


@pytest.mark.parametrize(
    ("mapped", "code"),
    [
        pytest.param(PERSON.replace("key: id", "key: nokey"), "S305", id="a key that is no column"),
        pytest.param(PERSON.replace("{email: email}", "{email: mail}"), "S305", id="an identifier that is no column"),
        pytest.param(PERSON.replace("collected: at", "collected: seen"), "S305", id="a clock that is no column"),
        pytest.param(PERSON.replace("person:", "persons:"), "S305", id="a table that is not there"),
        pytest.param(PERSON.replace("kind: account", "kind: acount"), "P101", id="a kind that is not declared"),
        pytest.param(PERSON.replace("key: id,", "key: id, of: firm,"), "S102", id="half a link"),
        pytest.param(PERSON.replace("key: id,", "key: id, of: firm, via: firm_id,"), "S101", id="a parent not mapped"),
    ],
)
def test_a_map_that_does_not_meet_its_database_is_refused(
    monkeypatch: pytest.MonkeyPatch, stocked: Shop, mapped: str, code: str
) -> None:
    stocked.write(policy(mapped, retention=RULE))
    before = stocked.picture()
    for words in (("plan", "retention"), ("plan", "erasure", f"email={ANNA}")):
        said = kept_here(monkeypatch, stocked.folder, stocked.database.url, *words)
        refused_well(said, ANNA)
    assert code in said.codes
    assert stocked.picture() == before


def test_a_word_for_a_column_of_numbers_is_refused(monkeypatch: pytest.MonkeyPatch, stocked: Shop) -> None:
    stocked.run("CREATE TABLE note (id INTEGER PRIMARY KEY, sender INTEGER, sender_kind INTEGER)")
    link = "links: [{to: note, when: {sender_kind: Contact}, via: sender}]"
    mapped = PERSON.replace("kind: account,", f"kind: account, {link},") + "\nnote: {key: id, kind: account}"
    stocked.write(policy(mapped, retention=RULE))
    said = kept_here(monkeypatch, stocked.folder, stocked.database.url, "plan", "erasure", f"email={ANNA}")
    refused_well(said, ANNA, codes=["S325"])


def test_doctor_says_what_to_do_about_a_table_without_key_and_one_without_map(
    monkeypatch: pytest.MonkeyPatch, stocked: Shop
) -> None:
    stocked.run("CREATE TABLE log (who INTEGER, what VARCHAR(99))", "CREATE TABLE stray (id INTEGER PRIMARY KEY)")
    stocked.write(policy(PERSON + "\nlog: {of: person, via: who, kind: account}", retention=RULE))
    said = kept_here(monkeypatch, stocked.folder, stocked.database.url, "doctor", "--superuser")
    assert {"S323", "S324"} <= said.codes, said.all
    helpless = [told for told in findings(said) if not any(line.startswith("     = help: ") for line in told)]
    assert helpless == []


def test_a_mysql_server_is_told_from_mariadb() -> None:
    """SQLAlchemy refuses it on connecting; no MySQL server is needed to see what becomes of that."""
    said = sa.exc.InvalidRequestError("MySQL version 8.0.36 is not a MariaDB variant.")
    assert classify(said).code == "S224"


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a file, by the name of what is called."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", "")), node


def helpless(path: Path) -> Iterator[str]:
    """Places where a finding is made without a next step: neither said there, nor on the page of its code."""
    pages = every()
    for name, call in calls(path):
        said = {keyword.arg for keyword in call.keywords} & {"help", None}
        codes = [each.value for each in call.args if isinstance(each, ast.Constant) and each.value in pages]
        bare = name == "Finding" or (name in {"finding", "report"} and any(not pages[code].help for code in codes))
        if bare and not said:
            yield f"{path.name}:{call.lineno}"


def test_every_finding_made_in_the_code_has_a_next_step() -> None:
    files = sorted(Path(kept.__file__).parent.rglob("*.py"))
    known = {"examining.py"}  # has a test of its own above
    found = [place for path in files if path.name not in known for place in helpless(path)]
    assert found == []
    assert sum(name == "Finding" for path in files for name, _ in calls(path)) > 50
