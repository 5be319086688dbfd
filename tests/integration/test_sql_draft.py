"""The draft of a policy over a real catalogue loads and fits that catalogue."""

from __future__ import annotations

from pathlib import Path

from kept.map.bound import bind
from kept.policy.load import load_policy
from kept.systems.sql.draft import draft
from kept.systems.sql.reflect import describe
from kept.testing import Database


def test_the_draft_of_a_real_database_fits_it(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TABLE companies (id INTEGER PRIMARY KEY, name VARCHAR(80), cancelled_at TIMESTAMP NULL)",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, company_id INTEGER REFERENCES companies (id), email VARCHAR(99),"
        " created_at TIMESTAMP NULL)",
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, user_id INTEGER, body VARCHAR(999), resolved_at TIMESTAMP NULL)",
        "CREATE TABLE rates (id INTEGER PRIMARY KEY)",
        "CREATE VIEW everyone AS SELECT email FROM users",
    )
    schema = describe(database.engine())
    path = tmp_path / "kept.yaml"
    path.write_text(draft(schema, name="shop", url_env="SHOP_URL"), encoding="utf-8")
    loaded = load_policy(path)
    assert loaded.errors == ()
    assert loaded.policy is not None
    (system,) = loaded.policy.systems
    assert [table.name for table in system.tables] == ["companies", "users", "tickets"]
    assert {(gap.what, gap.table) for gap in bind(system, schema).gaps} == {
        ("unmapped-table", "rates"),
        ("unmapped-table", "everyone"),
    }
    assert database.url not in path.read_text(encoding="utf-8")
