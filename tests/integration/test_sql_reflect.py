"""The catalogue of three databases as one Schema."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kept.map.schema import Family, ForeignKey, Shape
from kept.policy.findings import Refused
from kept.systems.sql.connect import connect
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


def test_names_with_quotes_spaces_and_other_alphabets_are_described(database: Database) -> None:
    odd = ['Kunden "A"', "semi;colon", "ta`ble", "Größe 測試", "select", "100 %", "a.b", "it's"]
    mark = "`" if database.dialect == "mariadb" else '"'

    def quote(name: str) -> str:
        return mark + name.replace(mark, mark * 2) + mark

    database.run(
        *(
            f"CREATE TABLE {quote(name)} ({quote('Schlüssel ' + name)} INTEGER PRIMARY KEY, {quote(name)} INTEGER,"
            f" FOREIGN KEY ({quote(name)}) REFERENCES {quote(name)} ({quote('Schlüssel ' + name)}))"
            for name in odd
        )
    )
    schema = describe(database.engine())
    assert set(schema.by_name) == set(odd)
    for name in odd:
        table = schema.by_name[name]
        assert table.key == (f"Schlüssel {name}",)
        assert table.foreign_keys == (ForeignKey(columns=(name,), table=name, referred=(f"Schlüssel {name}",)),) or (
            table.foreign_keys[0].on_delete == "RESTRICT"
        )


def test_composite_and_missing_keys_are_described(database: Database) -> None:
    database.run(
        "CREATE TABLE seat (room INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (number, room))",
        "CREATE TABLE booking (room INTEGER, seat INTEGER, note VARCHAR(9),"
        " FOREIGN KEY (seat, room) REFERENCES seat (number, room) ON DELETE SET NULL)",
        "CREATE TABLE log (line VARCHAR(99))",
    )
    schema = describe(database.engine())
    assert schema.by_name["seat"].key == ("number", "room")
    assert schema.by_name["log"].key == ()
    assert schema.by_name["booking"].foreign_keys == (
        ForeignKey(columns=("seat", "room"), table="seat", referred=("number", "room"), on_delete="SET NULL"),
    )


def test_a_view_is_not_taken_for_a_table(database: Database) -> None:
    database.run("CREATE TABLE person_all (id INTEGER)", "CREATE VIEW person AS SELECT id FROM person_all WHERE id > 5")
    schema = describe(database.engine())
    assert schema.by_name["person"].shape is Shape.VIEW
    assert schema.by_name["person"].columns[0].name == "id"
    assert schema.by_name["person_all"].shape is Shape.TABLE


def test_a_view_over_a_lost_table_does_not_hide_the_others(database: Database) -> None:
    database.run(
        "CREATE TABLE gone (id INTEGER)", "CREATE TABLE stays (id INTEGER)", "CREATE VIEW broken AS SELECT id FROM gone"
    )
    if database.dialect != "postgresql":  # which refuses to drop it
        database.run("DROP TABLE gone")
    schema = describe(database.engine())
    assert schema.by_name["broken"].shape is Shape.VIEW
    assert schema.by_name["stays"].columns[0].name == "id"


def test_types_fall_into_families(database: Database) -> None:
    families = {
        "VARCHAR(40)": Family.TEXT,
        "TEXT": Family.TEXT,
        "CHAR(2)": Family.TEXT,
        "BIGINT": Family.INTEGER,
        "SMALLINT": Family.INTEGER,
        "NUMERIC(9,2)": Family.DECIMAL,
        "DOUBLE PRECISION": Family.REAL,
        "BOOLEAN": Family.BOOLEAN,
        "DATE": Family.DATE,
        "TIME": Family.TIME,
        "JSON": Family.JSON,
        "UUID": Family.UUID,
        {"postgresql": "TIMESTAMP", "mariadb": "DATETIME", "sqlite": "DATETIME"}[database.dialect]: Family.TIMESTAMP,
        {"postgresql": "BYTEA", "mariadb": "BLOB", "sqlite": "BLOB"}[database.dialect]: Family.BINARY,
    }
    columns = ", ".join(f"c{place} {type_}" for place, type_ in enumerate(families))
    database.run(f"CREATE TABLE t ({columns})")
    described = describe(database.engine()).by_name["t"].columns
    assert {column.name: column.family for column in described} == {
        f"c{place}": family for place, family in enumerate(families.values())
    }
    assert described[0].length == 40


def test_generated_and_defaulted_columns_are_told_apart(database: Database) -> None:
    database.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, plain INTEGER, given INTEGER DEFAULT 7,"
        " made INTEGER GENERATED ALWAYS AS (plain + 1) STORED)"
    )
    columns = describe(database.engine()).by_name["t"].by_name
    assert {name for name, column in columns.items() if column.generated} == {"made"}
    assert {name for name, column in columns.items() if column.default} == {"given"}


def test_uniques_and_indexes_are_described(database: Database) -> None:
    database.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER, UNIQUE (b, a))",
        "CREATE UNIQUE INDEX u ON t (c)",
        "CREATE INDEX i ON t (a, c)",
    )
    table = describe(database.engine()).by_name["t"]
    assert set(table.unique) == {("b", "a"), ("c",)}
    assert set(table.indexes) == {("id",), ("b", "a"), ("c",), ("a", "c")}


@pytest.mark.postgresql
def test_partial_and_expression_indexes_promise_less(postgresql: Database) -> None:
    postgresql.run(
        "CREATE TABLE t (id INTEGER, email TEXT, gone BOOLEAN)",
        "CREATE UNIQUE INDEX partial ON t (email) WHERE NOT gone",
        "CREATE UNIQUE INDEX expression ON t (id, lower(email))",
        "CREATE UNIQUE INDEX covering ON t (id) INCLUDE (gone)",
    )
    table = describe(postgresql.engine()).by_name["t"]
    assert table.unique == (("id",),)
    assert set(table.indexes) == {("id",)}


TRIGGERS = {
    "postgresql": (
        (
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN INSERT INTO shadow SELECT {}; RETURN OLD; END'"
        ),
        "CREATE TRIGGER keeps AFTER DELETE OR UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep()",
    ),
    "mariadb": ("CREATE TRIGGER keeps AFTER DELETE ON person FOR EACH ROW INSERT INTO shadow SELECT {}",),
    "sqlite": ("CREATE TRIGGER keeps AFTER DELETE ON person BEGIN INSERT INTO shadow SELECT {}; END",),
}


def test_a_trigger_with_another_body_is_another_trigger(database: Database) -> None:
    drop = "DROP FUNCTION keep CASCADE" if database.dialect == "postgresql" else "DROP TRIGGER keeps"
    database.run("CREATE TABLE person (id INTEGER)", "CREATE TABLE shadow (id INTEGER)")
    bare = describe(database.engine())
    database.run(*(statement.format("OLD.id") for statement in TRIGGERS[database.dialect]))
    first = describe(database.engine())
    database.run(drop, *(statement.format("OLD.id + 0") for statement in TRIGGERS[database.dialect]))
    second = describe(database.engine())
    (trigger,) = first.by_name["person"].triggers
    assert trigger.name == "keeps"
    assert trigger.event == ("UPDATE, DELETE" if database.dialect == "postgresql" else "DELETE")
    assert trigger.digest != second.by_name["person"].triggers[0].digest
    assert len({bare.fingerprint, first.fingerprint, second.fingerprint}) == 3


@pytest.mark.postgresql
def test_a_rewrite_rule_counts_as_a_trigger(postgresql: Database) -> None:
    postgresql.run("CREATE TABLE person (id INTEGER)", "CREATE RULE never AS ON DELETE TO person DO INSTEAD NOTHING")
    (trigger,) = describe(postgresql.engine()).by_name["person"].triggers
    assert (trigger.name, trigger.event) == ("never", "DELETE")


@pytest.mark.parametrize(
    ("sql", "event"),
    [
        ("CREATE TRIGGER t DELETE ON person BEGIN SELECT 1; END", "DELETE"),
        ("CREATE TRIGGER t BEFORE UPDATE OF name ON person BEGIN DELETE FROM other; END", "UPDATE"),
        ('CREATE TRIGGER "on insert" AFTER INSERT ON person BEGIN SELECT 1; END', "INSERT"),
    ],
)
def test_the_event_of_an_sqlite_trigger_is_read_from_its_text(sqlite: Database, sql: str, event: str) -> None:
    sqlite.run("CREATE TABLE person (id INTEGER, name TEXT)", "CREATE TABLE other (id INTEGER)", sql)
    assert describe(sqlite.engine()).by_name["person"].triggers[0].event == event


@pytest.mark.postgresql
def test_partitions_are_described_with_their_whole(postgresql: Database) -> None:
    postgresql.run(
        "CREATE TABLE account (id INTEGER PRIMARY KEY)",
        "CREATE TABLE event (at DATE NOT NULL, account_id INTEGER REFERENCES account ON DELETE CASCADE)"
        " PARTITION BY RANGE (at)",
        "CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    )
    schema = describe(postgresql.engine())
    assert schema.by_name["event"].shape is Shape.PARTITIONED
    assert schema.by_name["event_2025"].shape is Shape.PARTITION
    assert len(schema.by_name["event"].foreign_keys) == 1
    assert schema.by_name["event_2025"].foreign_keys == (), "a copy of the key of its whole"


@pytest.mark.postgresql
def test_a_key_to_a_partitioned_table_is_one_key(postgresql: Database) -> None:
    postgresql.run(
        "CREATE TABLE event (id INTEGER PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE event_low PARTITION OF event FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE event_high PARTITION OF event FOR VALUES FROM (10) TO (20)",
        "CREATE TABLE note (event_id INTEGER REFERENCES event ON DELETE CASCADE)",
    )
    (key,) = describe(postgresql.engine()).by_name["note"].foreign_keys
    assert (key.table, key.on_delete) == ("event", "CASCADE")


@pytest.mark.postgresql
def test_row_security_is_seen_by_the_role_it_holds_for(postgresql: Database) -> None:
    postgresql.run("CREATE TABLE person (id INTEGER)", "ALTER TABLE person ENABLE ROW LEVEL SECURITY")
    assert not describe(postgresql.engine()).by_name["person"].row_security, "the superuser is not subject to it"


def test_row_security_in_force_is_seen(server: Database, stranger: Database) -> None:
    server.run("CREATE TABLE person (id INTEGER)")
    if server.dialect == "postgresql":
        server.run("ALTER TABLE person ENABLE ROW LEVEL SECURITY")
        assert describe(stranger.engine()).by_name["person"].row_security
    else:
        assert not describe(server.engine()).by_name["person"].row_security


def test_tables_of_other_schemas_that_refer_here_are_listed(server: Database) -> None:
    other = f"elsewhere_{sa.make_url(server.url).database}"
    reference = "person" if server.dialect == "postgresql" else f"{sa.make_url(server.url).database}.person"
    server.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY)",
        f"CREATE SCHEMA {other}",
        f"CREATE TABLE {other}.letter (id INTEGER PRIMARY KEY, person_id INTEGER,"
        f" FOREIGN KEY (person_id) REFERENCES {reference} (id) ON DELETE CASCADE)",
        f"CREATE TABLE {other}.unrelated (id INTEGER)",
    )
    try:
        schema = describe(server.engine())
        assert set(schema.by_name) == {"person", f"{other}.letter"}
        (key,) = schema.by_name[f"{other}.letter"].foreign_keys
        assert (key.table, key.on_delete) == ("person", "CASCADE")
        assert [column.name for column in schema.by_name[f"{other}.letter"].columns] == ["id", "person_id"]
    finally:
        server.run(f"DROP SCHEMA {other}" + " CASCADE" * (server.dialect == "postgresql"))


@pytest.mark.postgresql
def test_a_search_path_that_leads_nowhere_is_refused(postgresql: Database) -> None:
    postgresql.run("DROP SCHEMA public")
    with pytest.raises(Refused) as caught:
        describe(postgresql.engine())
    assert caught.value.findings[0].code == "S225"


@pytest.mark.mariadb
def test_a_url_without_a_database_is_refused(mariadb_url: str) -> None:
    with pytest.raises(Refused) as caught:
        describe(connect(mariadb_url, name="shop", env={}))
    assert caught.value.findings[0].code == "S225"


def test_row_estimates_come_from_the_catalogue(database: Database) -> None:
    database.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
        "CREATE INDEX i ON t (id)",
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n",
    )
    if database.dialect != "mariadb":
        assert describe(database.engine()).by_name["t"].rows is None, "never analysed: nobody knows"
    database.run("ANALYZE TABLE t" if database.dialect == "mariadb" else "ANALYZE")
    assert describe(database.engine()).by_name["t"].rows == pytest.approx(900, rel=0.1)


def test_comments_and_estimates_do_not_change_the_fingerprint(server: Database) -> None:
    server.run("CREATE TABLE t (id INTEGER)")
    before = describe(server.engine())
    comment = (
        "COMMENT ON COLUMN t.id IS 'number'"
        if server.dialect == "postgresql"
        else "ALTER TABLE t MODIFY id INT COMMENT 'number'"
    )
    server.run(
        comment, "INSERT INTO t VALUES (1)", "ANALYZE t" if server.dialect == "postgresql" else "ANALYZE TABLE t"
    )
    after = describe(server.engine())
    assert after.by_name["t"].by_name["id"].comment == "number"
    assert after.fingerprint == before.fingerprint


def test_a_virtual_table_is_foreign_and_its_content_is_seen(sqlite: Database) -> None:
    sqlite.run("CREATE VIRTUAL TABLE letter USING fts5(body)")
    schema = describe(sqlite.engine())
    assert schema.by_name["letter"].shape is Shape.FOREIGN
    assert [column.name for column in schema.by_name["letter"].columns] == ["body"]
    assert "letter_content" in schema.by_name


def test_sqlite_resolves_references_by_any_spelling_and_without_columns(sqlite: Database) -> None:
    sqlite.run(
        "CREATE TABLE Account (Id INTEGER PRIMARY KEY)",
        "CREATE TABLE login (id INTEGER PRIMARY KEY, account INTEGER REFERENCES ACCOUNT ON DELETE CASCADE)",
    )
    (key,) = describe(sqlite.engine()).by_name["login"].foreign_keys
    assert (key.table, key.referred) == ("Account", ("Id",))
