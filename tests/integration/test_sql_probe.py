"""When a count may be believed: the canary row, and everything that may hide rows from this role."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kept.map.system import Canary
from kept.policy.findings import Refused
from kept.systems.sql import probe
from kept.systems.sql.probe import concealed, found
from kept.systems.sql.reflect import describe
from kept.testing import Database

SEVEN = "(SELECT 0 AS i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6)"
MANY = f"SELECT a.i + 7*b.i + 49*c.i + 343*d.i FROM {SEVEN} a, {SEVEN} b, {SEVEN} c, {SEVEN} d"


def is_found(database: Database, table: str, key: str) -> bool:
    engine = database.engine()
    return found(engine, describe(engine), Canary(table=table, key=key))


def reasons(database: Database, *tables: str) -> dict[str, str]:
    engine = database.engine()
    return {hidden.table: hidden.reason for hidden in concealed(engine, describe(engine), tables)}


def test_a_canary_is_found_by_number_and_by_text(database: Database) -> None:
    database.run(
        "CREATE TABLE account (id INTEGER PRIMARY KEY)",
        "INSERT INTO account VALUES (7)",
        "CREATE TABLE slug (name VARCHAR(20) PRIMARY KEY)",
        "INSERT INTO slug VALUES ('first')",
    )
    assert is_found(database, "account", "7")
    assert is_found(database, "slug", "first")


def test_a_canary_that_is_gone_is_not_found(database: Database) -> None:
    database.run("CREATE TABLE account (id INTEGER PRIMARY KEY)", "INSERT INTO account VALUES (7)")
    assert not is_found(database, "account", "8")
    assert not is_found(database, "nonesuch", "7")


def test_a_canary_with_a_uuid_key_is_found(database: Database) -> None:
    uuid = "0b9f1c6e-2f1a-4a51-9f5e-1d1f7d7f0001"
    database.run("CREATE TABLE account (id UUID PRIMARY KEY)", f"INSERT INTO account VALUES ('{uuid}')")
    if database.dialect != "sqlite":  # whose applications write a UUID in several ways
        assert is_found(database, "account", uuid)


def test_a_canary_needs_a_key_of_one_column(database: Database) -> None:
    database.run("CREATE TABLE seat (room INTEGER, number INTEGER, PRIMARY KEY (room, number))")
    with pytest.raises(Refused) as caught:
        is_found(database, "seat", "1")
    assert caught.value.findings[0].code == "S226"


def test_a_declared_key_serves_a_canary_of_a_table_without_one(database: Database) -> None:
    database.run("CREATE TABLE log (number INTEGER)", "INSERT INTO log VALUES (3)")
    engine = database.engine()
    assert found(engine, describe(engine), Canary(table="log", key="3"), key=("number",))


def test_a_canary_key_of_another_type_is_a_fault_of_the_policy(database: Database) -> None:
    database.run("CREATE TABLE account (id INTEGER PRIMARY KEY)")
    with pytest.raises(Refused) as caught:
        is_found(database, "account", "anna")
    assert caught.value.findings[0].code == "S227"


def test_plain_tables_conceal_nothing(database: Database) -> None:
    database.run("CREATE TABLE a (id INTEGER)", "CREATE TABLE b (id INTEGER)", f"INSERT INTO b {MANY}")
    assert reasons(database, "a", "b") == {}
    assert reasons(database) == {}


def test_a_view_put_in_place_of_a_table_is_seen_even_after_the_schema_was_read(database: Database) -> None:
    database.run("CREATE TABLE person (id INTEGER)")
    engine = database.engine()
    schema = describe(engine)
    database.run("ALTER TABLE person RENAME TO hidden", "CREATE VIEW person AS SELECT * FROM hidden WHERE id > 5")
    (hidden,) = concealed(engine, schema, ["person"])
    assert (hidden.table, hidden.reason, hidden.detail) == ("person", "view", "a view")


def test_a_lost_table_is_seen(database: Database) -> None:
    database.run("CREATE TABLE here (id INTEGER)")
    assert reasons(database, "here", "gone", 'Größe "x"') == {"gone": "missing", 'Größe "x"': "missing"}


def test_a_table_this_role_may_not_read_is_seen(server: Database, stranger: Database) -> None:
    server.run("CREATE TABLE person (id INTEGER)", "CREATE TABLE shared (id INTEGER)")
    server.run(f"GRANT SELECT ON shared TO {stranger.role}")
    assert reasons(stranger, "person", "shared") == {"person": "unreadable"}


def test_a_role_that_may_read_one_column_can_still_count(server: Database, stranger: Database) -> None:
    server.run("CREATE TABLE person (id INTEGER, email TEXT)", f"GRANT SELECT (id) ON person TO {stranger.role}")
    assert reasons(stranger, "person") == {}


@pytest.mark.parametrize("server", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_row_level_security_is_seen_by_a_role_that_may_not_bypass_it(server: Database, stranger: Database) -> None:
    server.run(
        "CREATE TABLE person (id INTEGER)",
        "ALTER TABLE person ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY own ON person TO {stranger.role} USING (id < 3)",
        f"GRANT SELECT ON person TO {stranger.role}",
    )
    assert reasons(stranger, "person") == {"person": "row-security"}
    assert reasons(server, "person") == {}
    server.run(f"ALTER ROLE {stranger.role} BYPASSRLS")
    assert reasons(stranger, "person") == {}


@pytest.mark.postgresql
def test_materialised_views_and_foreign_tables_are_not_tables(postgresql: Database) -> None:
    postgresql.run(
        "CREATE MATERIALIZED VIEW person AS SELECT 1 AS id",
        "CREATE FOREIGN DATA WRAPPER nothing",
        "CREATE SERVER far FOREIGN DATA WRAPPER nothing",
        "CREATE FOREIGN TABLE remote (id INTEGER) SERVER far",
    )
    engine = postgresql.engine()
    details = {hidden.table: hidden.detail for hidden in concealed(engine, describe(engine), ["person", "remote"])}
    assert details == {"person": "a materialised view", "remote": "a foreign table"}


def test_a_table_emptied_honestly_conceals_nothing(database: Database) -> None:
    database.run("CREATE TABLE person (id INTEGER PRIMARY KEY)", f"INSERT INTO person {MANY}")
    database.run("ANALYZE TABLE person" if database.dialect == "mariadb" else "ANALYZE")
    engine = database.engine()
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM person"))
    if database.dialect == "postgresql":
        with engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM person"))
            connection.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    assert reasons(database, "person") == {}


@pytest.mark.postgresql
def test_a_table_that_shows_nothing_where_the_catalogue_says_rows_is_seen(postgresql: Database) -> None:
    postgresql.run(
        "CREATE TABLE person (id INTEGER)", f"INSERT INTO person {MANY}", "SELECT pg_stat_force_next_flush()"
    )
    postgresql.run("ANALYZE person")
    engine = postgresql.engine()
    with engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM person")  # not committed: this session alone sees no rows
        (hidden,) = probe._empty(connection, probe._postgresql(connection, ("person",))[1])
        connection.rollback()
    assert (hidden.table, hidden.reason) == ("person", "empty-where-estimate-says-rows")


def test_many_tables_are_asked_about_in_a_few_statements(database: Database) -> None:
    tables = [f"t{number}" for number in range(40)]
    database.run(*(f"CREATE TABLE {table} (id INTEGER)" for table in tables))
    engine = database.engine()
    schema = describe(engine)
    statements: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert concealed(engine, schema, tables) == ()
    assert len(statements) <= 6
