"""The catalogue of three databases as one Schema."""

from __future__ import annotations

from kept.map.schema import Family, ForeignKey, Shape
from kept.systems.sql.reflect import describe
from kept.testing import Database


def test_tables_keys_and_cascades_are_described_alike(database: Database) -> None:
    database.run(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TIMESTAMP NULL, name VARCHAR(80) NOT NULL)",
        "CREATE TABLE account_user (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, email VARCHAR(120) UNIQUE,"
        " FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE)",
    )
    schema = describe(database.engine())
    assert schema.dialect == database.dialect
    assert set(schema.by_name) == {"account", "account_user"}
    user = schema.by_name["account_user"]
    assert user.shape is Shape.TABLE
    assert user.key == ("id",)
    assert ("email",) in user.unique
    assert user.foreign_keys == (
        ForeignKey(columns=("account_id",), table="account", referred=("id",), on_delete="CASCADE"),
    )
    email = user.by_name["email"]
    assert (email.family, email.length, email.nullable) == (Family.TEXT, 120, True)
    assert not user.by_name["account_id"].nullable
    assert schema.by_name["account"].by_name["name"].nullable is False
