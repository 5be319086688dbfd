"""What databases complain of, each as one finding with the next step and no value of a person."""

from __future__ import annotations

import threading

import psycopg
import pytest
import sqlalchemy as sa

from kept.policy.findings import Exit, Refused
from kept.systems.sql.codes import CODES
from kept.systems.sql.faults import lost, passing, translate, translated
from kept.testing import Database

SECRET = "anna@example.org"


def run(engine: sa.Engine, *statements: str) -> None:
    with translated(system="shop", doing="deleting rows"), engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def refused(engine: sa.Engine, *statements: str) -> Refused:
    with pytest.raises(Refused) as caught:
        run(engine, *statements)
    assert SECRET not in repr(caught.value.findings)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__, "no traceback of the driver, which may quote a row"
    return caught.value


def test_a_missing_table_is_named(database: Database) -> None:
    (finding,) = refused(database.engine(), "SELECT 1 FROM nonesuch").findings
    assert (finding.code, finding.where) == ("S210", "shop.nonesuch")
    assert "`nonesuch`" in finding.message
    assert "deleting rows" in finding.message


def test_a_missing_column_is_named(database: Database) -> None:
    database.run("CREATE TABLE t (id INTEGER)")
    (finding,) = refused(database.engine(), "SELECT t.closed_at FROM t").findings
    assert finding.code == "S220"
    assert "closed_at" in finding.message


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (f"INSERT INTO person (id, email) VALUES (1, '{SECRET}')", ""),
        (f"INSERT INTO person (id, email) VALUES (2, '{SECRET}')", "email"),
        ("INSERT INTO person (id, email) VALUES (3, NULL)", "email"),
        (f"INSERT INTO letter (id, person_id, body) VALUES (1, 99, '{SECRET}')", ""),
        ("DELETE FROM person", ""),
    ],
)
def test_a_violated_constraint_never_shows_the_value(database: Database, statement: str, named: str) -> None:
    database.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99) NOT NULL,"
        " CONSTRAINT email_once UNIQUE (email))",
        "CREATE TABLE letter (id INTEGER PRIMARY KEY, person_id INTEGER, body VARCHAR(99),"
        " CONSTRAINT letter_person FOREIGN KEY (person_id) REFERENCES person (id))",
        f"INSERT INTO person VALUES (1, '{SECRET}')",
        "INSERT INTO letter VALUES (7, 1, 'x')",
    )
    answer = refused(database.engine(), statement)
    (finding,) = answer.findings
    assert (finding.code, answer.exit_code) == ("S217", Exit.BROKEN)
    assert named in finding.message
    if "letter" in statement + " letter" * statement.startswith("DELETE") and database.dialect != "sqlite":
        assert "letter_person" in finding.message


def test_a_missing_grant_is_named_with_the_privilege(server: Database, stranger: Database) -> None:
    server.run("CREATE TABLE person (id INTEGER PRIMARY KEY)")
    (finding,) = refused(stranger.engine(), "DELETE FROM person WHERE id = 1").findings
    assert (finding.code, finding.where) == ("S211", "shop.person")
    assert "DELETE" in finding.help
    assert "GRANT" in finding.help


def test_text_that_is_too_long_is_not_repeated(server: Database) -> None:
    server.run("CREATE TABLE person (email VARCHAR(3))")
    answer = refused(server.engine(), f"INSERT INTO person VALUES ('{SECRET}')")
    assert (answer.findings[0].code, answer.exit_code) == ("S223", Exit.BROKEN)


def test_a_lock_held_by_another_is_said_and_may_be_tried_again(server: Database) -> None:
    server.run("CREATE TABLE person (id INTEGER PRIMARY KEY)", "INSERT INTO person VALUES (1)")
    short = "SET lock_timeout = '50ms'" if server.dialect == "postgresql" else "SET innodb_lock_wait_timeout = 1"
    with server.engine().begin() as holder, server.engine().connect() as other:
        holder.exec_driver_sql("DELETE FROM person")
        other.exec_driver_sql(short)
        with pytest.raises(sa.exc.OperationalError) as caught:
            other.exec_driver_sql("DELETE FROM person")
        assert passing(caught.value)
        assert not lost(caught.value)
        answer = translate(caught.value, system="shop", doing="deleting rows")
        assert answer.findings[0].code == "S215"


def test_a_deadlock_is_said_and_may_be_tried_again(server: Database) -> None:
    server.run("CREATE TABLE person (id INTEGER PRIMARY KEY, n INTEGER)", "INSERT INTO person VALUES (1, 0), (2, 0)")
    errors: list[sa.exc.SQLAlchemyError] = []
    both = threading.Barrier(2)

    def change(first: int, second: int) -> None:
        try:
            with server.engine().begin() as connection:
                if server.dialect == "postgresql":
                    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                connection.exec_driver_sql(f"UPDATE person SET n = 1 WHERE id = {first}")
                both.wait(10)
                connection.exec_driver_sql(f"UPDATE person SET n = 2 WHERE id = {second}")
        except sa.exc.SQLAlchemyError as error:
            errors.append(error)

    threads = [threading.Thread(target=change, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = errors
    assert passing(error)
    assert translate(error, system="shop", doing="deleting rows").findings[0].code == "S216"


def test_a_server_that_ends_the_session_is_a_lost_connection(server: Database) -> None:
    victim = server.engine().connect()
    mine = "SELECT pg_backend_pid()" if server.dialect == "postgresql" else "SELECT CONNECTION_ID()"
    number = victim.scalar(sa.text(mine))
    kill = f"SELECT pg_terminate_backend({number})" if server.dialect == "postgresql" else f"KILL {number}"
    server.run(kill)
    with pytest.raises(sa.exc.DBAPIError) as caught:
        victim.exec_driver_sql("SELECT 1")
    assert lost(caught.value)
    assert translate(caught.value, system="shop", doing="deleting rows").findings[0].code == "S213"
    victim.close()


@pytest.mark.postgresql
def test_row_level_security_raises_rather_than_leaving_rows_out(postgresql: Database) -> None:
    postgresql.run(
        "CREATE TABLE person (id INTEGER)",
        "ALTER TABLE person ENABLE ROW LEVEL SECURITY",
        "CREATE ROLE clerk_of_policies",
        "GRANT SELECT ON person TO clerk_of_policies",
    )
    try:
        answer = refused(postgresql.engine(), "SET LOCAL ROLE clerk_of_policies", "SELECT count(*) FROM person")
        assert answer.findings[0].code == "S218"
        assert answer.findings[0].where == "shop.person"
    finally:
        postgresql.run("DROP OWNED BY clerk_of_policies", "DROP ROLE clerk_of_policies")


def test_sqlite_full_is_said(sqlite: Database) -> None:
    engine = sqlite.engine()
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500)"
    fill = f"INSERT INTO t {numbers} SELECT zeroblob(900) FROM n"
    answer = refused(engine, "PRAGMA max_page_count = 8", "CREATE TABLE t (b BLOB)", fill)
    assert answer.findings[0].code == "S214"


@pytest.mark.parametrize(
    ("state", "code"), [("53100", "S214"), ("40001", "S216"), ("08006", "S213"), ("53300", "S209"), ("XX000", "S219")]
)
def test_sqlstates_that_are_hard_to_provoke(state: str, code: str) -> None:
    class Made(psycopg.Error):
        sqlstate = state

    error = sa.exc.OperationalError("DELETE FROM person", None, Made(f"row ({SECRET})"))
    finding = translate(error, system="shop", doing="deleting rows").findings[0]
    assert finding.code == code
    assert SECRET not in repr(finding)


def test_a_value_with_nul_is_refused_without_repeating_it(postgresql: Database) -> None:
    query = sa.select(sa.literal(f"{SECRET}\x00"))
    engine = postgresql.engine()
    with pytest.raises(Refused) as caught, translated(system="shop", doing="searching"), engine.connect() as connection:
        connection.execute(query)
    assert SECRET not in repr(caught.value.findings)
    assert caught.value.findings[0].code == "S223"


def test_an_unknown_error_is_one_finding_too() -> None:
    finding = translate(ZeroDivisionError(SECRET), system="shop", doing="counting").findings[0]
    assert finding.code == "S219"
    assert SECRET not in repr(finding)


def test_every_code_has_a_page_and_a_next_step() -> None:
    assert all(entry.page and entry.help for entry in CODES.values())
