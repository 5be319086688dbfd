"""Bad input: one clear message, a next step, a non-zero exit, nothing secret, nothing half-applied."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.acceptance.desk import kept, refused_well
from tests.samples.shop import LONG_AGO, Shop, policy

from kept.testing import Database

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
GOOD = policy(PERSON, retention=RULE)
TABLE = "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )"
ROW = f"INSERT INTO person VALUES (1, 'anna@x.example', '{LONG_AGO}')"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD + "\n  [", id="broken YAML"),
        pytest.param(GOOD + "\nkept: 1\n", id="a key twice"),
        pytest.param(GOOD + "\nunheard-of: 1\n", id="an unknown key"),
        pytest.param(GOOD.replace("systems:\n", "systems: []\nx:\n"), id="a list where a map belongs"),
        pytest.param(GOOD + "# " + "x" * 1_100_000 + "\n", id="over 1 MB"),
        pytest.param(GOOD.replace("Test AS", "Te\x00st"), id="NUL"),
        pytest.param(GOOD.replace("Test AS", "Te\u202est"), id="right-to-left"),
        pytest.param("- a\n- b\n", id="a list for the whole"),
        pytest.param("", id="empty"),
    ],
)
def test_a_bad_policy_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "kept.yaml").write_text(text, encoding="utf-8")
    refused_well(kept(tmp_path, "sqlite:///none.db", "check"))


@pytest.mark.parametrize(
    "url",
    [
        "nonsense s3cret",
        "oracle://u:s3cret@h/d",
        "sqlite:////nowhere/at/all.db",
        "postgresql://u:s3cret@127.0.0.1:1/d",
    ],
)
def test_a_wrong_address_is_refused_without_its_secret(url: str, tmp_path: Path) -> None:
    (tmp_path / "kept.yaml").write_text(GOOD, encoding="utf-8")
    refused_well(kept(tmp_path, url, "plan", "retention"), "s3cret")


def test_a_missing_table_is_refused(small: Shop) -> None:
    small.make("SELECT 1")
    small.write(GOOD)
    said = kept(small.folder, small.database.url, "plan", "retention")
    refused_well(said)
    assert "person" in said.err


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


def test_a_wrong_password_and_a_missing_grant_are_refused(stranger: Database, server: Database, tmp_path: Path) -> None:
    server.run(TABLE.replace("TIMESTAMP ", "TIMESTAMP NULL" if server.dialect == "mariadb" else "TIMESTAMP"), ROW)
    server.run("CREATE TABLE canary (id INTEGER PRIMARY KEY)", "INSERT INTO canary VALUES (1)")
    (tmp_path / "kept.yaml").write_text(GOOD, encoding="utf-8")
    refused_well(kept(tmp_path, stranger.url, "plan", "retention"), "w/ord", "anna@x.example")
    wrong = sa.make_url(stranger.url).set(password="s3cret").render_as_string(hide_password=False)
    refused_well(kept(tmp_path, wrong, "plan", "retention"), "s3cret")


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
