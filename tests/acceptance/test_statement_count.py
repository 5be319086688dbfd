"""Set-based through and through: as many statements for ten people as for a thousand, from plan to proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.samples.shop import LATELY, LONG_AGO, Shop, policy

from kept.app import proving
from kept.store.runs import State
from kept.testing import Database

MAPPED = """
account: {key: id, kind: account, on: {account-closed: closed_at}}
person: {is: customer, key: id, of: account, via: account_id, find-by: {email: email}, kind: account}
note: {key: id, of: person, via: person_id, kind: support, columns: {text: {fate: empty}}}
visit: {key: id, of: person, via: person_id, kind: log, on: {collected: at}}
"""
RETENTION = """
account: {from: account-closed, keep: at most 60 days, then: delete}
support: {from: account-closed, keep: at most 60 days, then: anonymise}
log: {from: collected, keep: at most 60 days, then: delete}
"""
CREATE = (
    "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TIMESTAMP )",
    "CREATE TABLE person (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES account (id), email VARCHAR(99))",
    "CREATE TABLE note (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person (id), text VARCHAR(300))",
    "CREATE TABLE visit (id INTEGER PRIMARY KEY, person_id INTEGER, page VARCHAR(300), at TIMESTAMP )",
)
FEW, MANY = 10, 1_000
BYSTANDERS = 40
"""People nothing is due for and nobody asked about: who pays for the many is not told by an empty table."""


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Statements by where they went: the shop, or Kept's own store. The journal's own polling is not ours."""
    seen: Counter[str] = Counter()

    def note(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        name = Path(connection.engine.url.database or "").name
        if name != "work.db":
            seen["store" if name == "store.db" else "shop"] += 1
            seen[statement.split(maxsplit=1)[0].upper()] += name != "store.db"

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def filled(database: Database, folder: Path, *, people: int, closed: bool = False, overdue: int = 0) -> Shop:
    """So many people with an account, three notes and two visits each; and so many visits that are overdue."""
    folder.mkdir()
    shop = Shop(database=replace(database), folder=folder)
    database.run(*(f"DROP TABLE IF EXISTS {table}" for table in ("kept_marker", "canary", "visit", "note")))
    database.run(*(f"DROP TABLE IF EXISTS {table}" for table in ("person", "account")))
    shop.make(*CREATE)
    everybody = range(1, people + BYSTANDERS + 1)
    due = f"'{LONG_AGO}'" if closed else "NULL"
    accounts = ", ".join(f"({n}, {due if n <= people else 'NULL'})" for n in everybody)
    persons = ", ".join(f"({n}, {n}, 'p{n}@x.example')" for n in everybody)
    notes = ", ".join(f"({3 * n + each}, {n}, 'words')" for n in everybody for each in range(3))
    visits = [f"({2 * n + each}, {n}, 'page', '{LATELY}')" for n in everybody for each in range(2)]
    visits += [f"({n + 100_000}, {n % BYSTANDERS + people + 1}, 'page', '{LONG_AGO}')" for n in range(overdue)]
    shop.run(
        f"INSERT INTO account VALUES {accounts}",
        f"INSERT INTO person VALUES {persons}",
        f"INSERT INTO note VALUES {notes}",
        f"INSERT INTO visit VALUES {', '.join(visits)}",
    )
    shop.write(policy(MAPPED, retention=RETENTION, kinds=("account", "support", "log")))
    return shop


def proven(shop: Shop) -> None:
    with shop.context() as context:
        proving.prove(context, "en")


def from_plan_to_proof(shop: Shop, *words: str) -> Counter[str]:
    """Plan, apply and prove; the statements of all three."""
    with counted() as seen:
        planned = shop.erasure(*words) if words else shop.plan()
        assert planned is not None
        assert planned.plan.steps
        assert shop.apply(planned).state is State.VERIFIED
        proven(shop)
    assert shop.plan().plan.steps == ()
    return seen


@pytest.fixture(params=[pytest.param("postgresql", marks=pytest.mark.postgresql), "sqlite"])
def served(request: pytest.FixtureRequest) -> Database:
    """PostgreSQL and SQLite."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found


def test_erasing_many_people_takes_as_many_statements_as_erasing_few(served: Database, tmp_path: Path) -> None:
    taken = []
    for people in (FEW, MANY):
        shop = filled(served, tmp_path / str(people), people=people)
        taken.append(from_plan_to_proof(shop, *(f"email=p{n}@x.example" for n in range(1, people + 1))))
        assert len(shop.ids("person")) == BYSTANDERS
    assert taken[0] == taken[1]


def test_many_closed_accounts_take_as_many_statements_as_few(served: Database, tmp_path: Path) -> None:
    taken = []
    for people in (FEW, MANY):
        shop = filled(served, tmp_path / str(people), people=people, closed=True)
        taken.append(from_plan_to_proof(shop))
        texts = [text for (text,) in shop.rows("note", "text")]
        assert len(texts) - texts.count(None) == 3 * BYSTANDERS
    assert taken[0] == taken[1]


def test_many_overdue_rows_take_as_many_statements_as_few(served: Database, tmp_path: Path) -> None:
    taken = []
    for overdue in (FEW, MANY):
        shop = filled(served, tmp_path / str(overdue), people=FEW, overdue=overdue)
        taken.append(from_plan_to_proof(shop))
        assert len(shop.ids("visit")) == 2 * (FEW + BYSTANDERS)
    assert taken[0] == taken[1]


def test_the_counter_sees_a_statement_per_person(served: Database) -> None:
    """The count itself is worth something: one statement each is seen."""
    with counted() as seen, served.engine().connect() as connection:
        for number in range(FEW):
            connection.exec_driver_sql(f"SELECT {number}")
    assert seen["SELECT"] == FEW
