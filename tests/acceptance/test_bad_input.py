"""Databases that are odd, vanish or must not be written; files, words and addresses have tests of their own."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from tests.acceptance.desk import kept, refused_well
from tests.samples.shop import LONG_AGO, Shop, policy

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
GOOD = policy(PERSON, retention=RULE)
TABLE = "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )"
ROW = f"INSERT INTO person VALUES (1, 'anna@x.example', '{LONG_AGO}')"


def test_table_names_with_quotes_and_spaces_work(shop: Shop) -> None:
    name = '`my "own" table`' if shop.database.dialect == "mariadb" else '"my ""own"" table"'
    shop.make("SELECT 1")
    kind = "DATETIME(6)" if shop.database.dialect == "mariadb" else "TIMESTAMP"
    shop.database.run(
        f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, email VARCHAR(99), at {kind})",
        f"INSERT INTO {name} VALUES (1, 'anna@x.example', '{LONG_AGO}')",
    )
    shop.write(policy(PERSON.replace("person:", "'my \"own\" table':"), retention=RULE))
    planned = kept(shop.folder, shop.database.url, "plan", "retention", "--out", "p.json")
    assert planned.code == 4, planned.all
    assert kept(shop.folder, shop.database.url, "apply", "p.json").code == 0
    with shop.database.engine().connect() as connection:
        assert connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() == 0


def planned(shop: Shop) -> Path:
    """A shop with a plan; the path of its database file."""
    shop.make(TABLE, ROW)
    shop.write(GOOD)
    assert kept(shop.folder, shop.database.url, "plan", "retention", "--out", "p.json").code == 4
    return Path(str(sa.make_url(shop.database.url).database))


def test_a_database_that_vanished_since_the_plan_is_refused_and_the_plan_still_runs(small: Shop) -> None:
    path = planned(small)
    before = small.picture()
    away = path.rename(path.with_suffix(".away"))
    refused_well(kept(small.folder, small.database.url, "apply", "p.json"), "anna@x.example")
    away.rename(path)
    assert small.picture() == before
    assert kept(small.folder, small.database.url, "apply", "p.json").code == 0


def test_a_sqlite_address_that_says_read_only_is_never_written(small: Shop) -> None:
    path = planned(small)
    before = small.picture()
    refused_well(kept(small.folder, f"sqlite:///file:{path}?mode=ro&uri=true", "apply", "p.json"), "anna@x.example")
    assert small.picture() == before
