"""Samples: spread over the table, bounded, as text, and without reading all of it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from kept.ports import Sample
from kept.systems.sql.reflect import describe
from kept.systems.sql.sample import LENGTH, sample
from kept.testing import Database

NUMBERS = {
    "postgresql": "SELECT i FROM generate_series(1, {n}) AS n(i)",
    "mariadb": "SELECT seq FROM seq_1_to_{n}",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n}) SELECT i FROM n",
}


def fill(database: Database, columns: str, values: str, rows: int) -> None:
    """Create `person` and fill it; `values` speaks of the number i."""
    numbers = NUMBERS[database.dialect].format(n=rows).replace("SELECT seq FROM", "SELECT seq AS i FROM")
    database.run(f"CREATE TABLE person ({columns})", f"INSERT INTO person SELECT {values} FROM ({numbers}) AS numbers")


def take(database: Database, rows: int, *columns: str) -> Sample:
    engine = database.engine()
    return sample(engine, describe(engine), "person", columns, rows)


def test_a_small_table_is_read_whole(database: Database) -> None:
    fill(database, "id INTEGER PRIMARY KEY, email VARCHAR(40)", "i, 'a'", 60)
    taken = take(database, 100, "id", "email")
    assert taken.rows == 60
    assert {int(value) for value in taken.columns["id"]} == set(range(1, 61))


def test_an_empty_table_gives_an_empty_sample(database: Database) -> None:
    database.run("CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(40))")
    taken = take(database, 100, "email")
    assert (taken.rows, taken.columns) == (0, {"email": ()})


def test_a_sample_is_spread_and_the_same_each_time(database: Database) -> None:
    fill(
        database, "id INTEGER PRIMARY KEY, note VARCHAR(200)", "i, 'a note that makes the row a little longer'", 40_000
    )
    taken = take(database, 200, "id")
    ids = sorted(int(value) for value in taken.columns["id"])
    assert 100 <= taken.rows == len(ids) <= 200
    tenths = {number * 10 // 40_001 for number in ids}
    assert len(tenths) >= 9, "rows come from all over the table"
    assert take(database, 200, "id") == taken


@pytest.mark.parametrize("dialect", [pytest.param("mariadb", marks=pytest.mark.mariadb), "sqlite"])
def test_wide_gaps_in_the_key_do_not_empty_the_sample(request: pytest.FixtureRequest, dialect: str) -> None:
    database: Database = request.getfixturevalue(dialect)
    fill(database, "id BIGINT PRIMARY KEY" if dialect == "mariadb" else "id INTEGER PRIMARY KEY", "i", 500)
    database.run("UPDATE person SET id = id + 9000000000 WHERE id > 250")
    ids = {int(value) for value in take(database, 100, "id").columns["id"]}
    assert len(ids) == 100
    assert min(ids) < 300
    assert max(ids) > 9_000_000_000


def test_a_table_without_a_key_gives_a_sample(database: Database) -> None:
    fill(database, "email VARCHAR(40)", "'anna'", 300)
    taken = take(database, 50, "email")
    assert 20 <= taken.rows <= 50
    assert set(taken.columns["email"]) == {"anna"}


def test_a_text_key_gives_a_sample(database: Database) -> None:
    fill(
        database,
        "id VARCHAR(40) PRIMARY KEY",
        "CONCAT('key', i)" if database.dialect != "sqlite" else "'key' || i",
        400,
    )
    taken = take(database, 80, "id")
    assert taken.rows == len(set(taken.columns["id"]))
    assert 30 <= taken.rows <= 80


def test_a_composite_key_gives_a_sample(database: Database) -> None:
    fill(database, "a INTEGER, b INTEGER, PRIMARY KEY (a, b)", "i, i", 300)
    assert 30 <= take(database, 60, "b").rows <= 60


def test_a_view_gives_a_sample(database: Database) -> None:
    database.run("CREATE TABLE everyone (id INTEGER)", "INSERT INTO everyone VALUES (4)")
    database.run("CREATE VIEW person AS SELECT id FROM everyone")
    assert take(database, 10, "id").columns == {"id": ("4",)}


def test_values_are_text_cut_short_without_null(database: Database) -> None:
    binary = {"postgresql": "BYTEA", "mariadb": "LONGBLOB", "sqlite": "BLOB"}[database.dialect]
    database.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, born DATE, bio TEXT, settings JSON,"
        f" photo {binary}, spare INTEGER)"
    )
    person = sa.table("person", *(sa.column(name) for name in ("id", "born", "bio", "settings", "photo")))
    row: dict[str, object] = {"id": 1, "born": "1990-02-28", "bio": "ü" * 9000, "settings": '{"phone": 1}'}
    row["photo"] = b"\xff anna@example.org"
    if database.dialect == "postgresql":
        row["born"] = sa.cast(sa.literal("1990-02-28"), sa.Date)
        row["settings"] = sa.cast(sa.literal_column("""'{"phone": 1}'"""), sa.JSON)
    with database.engine().begin() as connection:
        connection.execute(sa.insert(person).values(row))
    taken = take(database, 10, "born", "bio", "settings", "photo", "spare").columns
    assert taken["born"] == ("1990-02-28",)
    assert taken["bio"] == ("ü" * LENGTH,)
    assert "phone" in taken["settings"][0]
    assert "anna@example.org" in taken["photo"][0]
    assert taken["spare"] == ()


def test_odd_names_are_sampled(database: Database) -> None:
    mark = "`" if database.dialect == "mariadb" else '"'
    database.run(f"CREATE TABLE {mark}Kunden 100 %{mark} ({mark}E-Mail: (privat)?{mark} VARCHAR(40))")
    database.run(f"INSERT INTO {mark}Kunden 100 %{mark} VALUES ('anna')")
    engine = database.engine()
    taken = sample(engine, describe(engine), "Kunden 100 %", ["E-Mail: (privat)?"], 5)
    assert taken.columns == {"E-Mail: (privat)?": ("anna",)}


@pytest.mark.postgresql
def test_a_partitioned_table_is_sampled_from_its_partitions(postgresql: Database) -> None:
    postgresql.run(
        "CREATE TABLE person (id INTEGER) PARTITION BY RANGE (id)",
        "CREATE TABLE low PARTITION OF person FOR VALUES FROM (0) TO (1000)",
        "CREATE TABLE high PARTITION OF person FOR VALUES FROM (1000) TO (9000)",
        "INSERT INTO person SELECT * FROM generate_series(1, 2000)",
    )
    ids = {int(value) for value in take(postgresql, 100, "id").columns["id"]}
    assert min(ids) < 1000 < max(ids)


def test_sqlite_tables_without_row_id_or_with_a_column_of_that_name_are_sampled(sqlite: Database) -> None:
    fill(sqlite, "id INTEGER PRIMARY KEY, rowid TEXT", "i, 'mine'", 100)
    assert set(take(sqlite, 10, "rowid").columns["rowid"]) == {"mine"}
    sqlite.run("DROP TABLE person")
    sqlite.run(
        "CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID", "INSERT INTO person VALUES ('x', 'n')"
    )
    assert take(sqlite, 10, "name").columns == {"name": ("n",)}
