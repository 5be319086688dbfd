"""The first policy of `kept init` over odd shapes is read again and names what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kept.map.bound import bind
from kept.policy.load import load_policy
from kept.policy.model import Policy
from kept.systems.sql.draft import draft
from kept.systems.sql.reflect import describe
from kept.testing import Database

NAMES = (
    'Kunden "A"', "o'hara", "ta`ble", "Größe & Straße", "select", "UPPER Case", "100 %", "%(name)s",
    "semi;colon", ":param", "back\\slash", "{brace}", "[bracket]", "comma, and: colon", "z" + "ü" * 31, "x" * 63,
    "測試", "-- remark", "null", "true", "1st", "#hash", "?", "- dash", "&anchor", "*alias", "!tag", "| pipe",
    "2026-01-01",
)  # fmt: skip


def drafted(database: Database, folder: Path) -> Policy:
    """The draft over a database, read again without a fault."""
    path = folder / "kept.yaml"
    path.write_text(draft(describe(database.engine()), name="shop", url_env="SHOP_URL"), encoding="utf-8")
    loaded = load_policy(path)
    assert loaded.errors == ()
    assert loaded.policy is not None
    return loaded.policy


def test_tables_and_columns_of_any_name_are_drafted(database: Database, tmp_path: Path) -> None:
    mark = "`" if database.dialect == "mariadb" else '"'
    for name in NAMES:
        odd, other = (mark + each.replace(mark, mark * 2) + mark for each in (name, "j" + name[1:]))
        database.run(f"CREATE TABLE {odd} ({other} INTEGER PRIMARY KEY, email VARCHAR(99), {odd} VARCHAR(20))")
    (system,) = drafted(database, tmp_path).systems
    assert sorted(table.name for table in system.tables) == sorted(NAMES)
    assert bind(system, describe(database.engine())).gaps == ()


def test_a_table_that_looks_like_one_of_another_schema_is_pointed_out(database: Database, tmp_path: Path) -> None:
    mark = "`" if database.dialect == "mariadb" else '"'
    database.run(f"CREATE TABLE {mark}a.b{mark} (id INTEGER PRIMARY KEY, email VARCHAR(99))")
    assert drafted(database, tmp_path).systems[0].tables == ()
    assert 'left out for the dot, as if of another schema: "a.b"' in (tmp_path / "kept.yaml").read_text("utf-8")


@pytest.mark.postgresql
def test_partitions_are_drafted_as_one_table(postgresql: Database, tmp_path: Path) -> None:
    postgresql.run(
        "CREATE TABLE users (id INTEGER, email TEXT, created_at TIMESTAMP) PARTITION BY RANGE (id)",
        "CREATE TABLE users_low PARTITION OF users FOR VALUES FROM (0) TO (100)",
    )
    (system,) = drafted(postgresql, tmp_path).systems
    assert [table.name for table in system.tables] == ["users"]


@pytest.mark.mariadb
def test_a_history_is_pointed_out_and_not_reviewed_by_itself(mariadb: Database, tmp_path: Path) -> None:
    mariadb.run("CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(99)) WITH SYSTEM VERSIONING")
    (system,) = drafted(mariadb, tmp_path).systems
    assert system.by_name["users"].triggers == ()
    assert "read trigger SYSTEM VERSIONING" in (tmp_path / "kept.yaml").read_text().replace('"', "").replace("'", "")
