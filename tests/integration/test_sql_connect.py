"""Opening a customer's database: right session, clear refusals, no secret in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from kept.policy.findings import Exit, Finding, Refused
from kept.systems.sql.connect import connect, masked
from kept.systems.sql.faults import translated
from kept.testing import Database


def _run(url: str, statements: tuple[str, ...], env: dict[str, str]) -> None:
    with translated(system="shop", doing="trying"), connect(url, name="shop", env=env).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def refusal(url: str, *statements: str, env: dict[str, str] | None = None) -> Finding:
    """Open the URL and run statements; give the one finding this ends in."""
    with pytest.raises(Refused) as caught:
        _run(url, statements or ("SELECT 1",), env or {})
    (finding,) = caught.value.findings
    assert caught.value.exit_code in {Exit.COULD_NOT_RUN, Exit.BROKEN}
    assert finding.help, "each refusal names the next step"
    return finding


def test_a_variable_that_is_not_set_is_named() -> None:
    finding = refusal("env:SHOP_DATABASE_URL", env={"SHOP_DATABASE_URL": " "})
    assert finding.code == "S201"
    assert "SHOP_DATABASE_URL" in finding.message


def test_the_url_comes_from_the_environment(database: Database) -> None:
    engine = connect("env:SHOP", name="shop", env={"SHOP": database.url})
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.literal(1))) == 1
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["shop", "mongodb://localhost/shop", "postgresql://u:secret@h:port/db", "", "http://x/y"]
)
def test_what_is_not_a_database_url_is_refused_without_repeating_it(url: str) -> None:
    finding = refusal(url)
    assert finding.code == "S202"
    assert "secret" not in repr(finding)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "mysql", "mariadb"])
def test_everyday_schemes_find_their_driver(scheme: str) -> None:
    engine = connect(f"{scheme}://u:p@localhost/db", name="shop", env={})
    assert engine.url.drivername == ("postgresql+psycopg" if scheme.startswith("postgres") else "mariadb+pymysql")


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    finding = refusal("mariadb://u:p@localhost/db")
    assert finding.code == "S203"
    assert "kept[mysql]" in finding.help


def test_a_masked_url_shows_no_password() -> None:
    assert masked("postgresql://kept:s3cret@db/shop?password=s3cret") == "postgresql://kept:***@db/shop"
    assert masked("not a url s3cret") == "(not a URL)"


def test_a_missing_sqlite_file_is_refused_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.sqlite"
    assert refusal(f"sqlite:///{path}").code == "S204"
    assert not path.exists()


def test_an_sqlite_file_that_vanishes_before_it_is_opened_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    path.touch()
    engine = connect(f"sqlite:///{path}", name="shop", env={})
    path.unlink()
    with pytest.raises(Refused) as caught, translated(system="shop", doing="trying"), engine.connect():
        pass
    assert caught.value.findings[0].code == "S204"
    assert not path.exists()


def test_sqlite_in_memory_is_for_tests_only() -> None:
    assert refusal("sqlite://").code == "S205"
    assert refusal("sqlite:///file:x?mode=memory&uri=true").code == "S205"
    with connect("sqlite://", name="shop", env={}, memory=True).connect() as connection:
        assert connection.scalar(sa.text("PRAGMA foreign_keys")) == 1


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    path.write_bytes(b"Dear customer, this is a letter and not a database at all. " * 40)
    assert refusal(f"sqlite:///{path}", "SELECT * FROM sqlite_schema").code == "S221"


def test_a_path_with_odd_characters_opens(tmp_path: Path) -> None:
    path = tmp_path / "Kunden & 100 % #1?.sqlite"
    path.touch()
    with connect("sqlite:///" + str(path).replace("?", "%3F"), name="s", env={}).connect() as connection:
        file = connection.execute(sa.text("PRAGMA database_list")).one()[2]
    assert Path(file).name == path.name


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@127.0.0.1:1/db", "mariadb://u:s3cret@127.0.0.1:1/db"])
def test_a_port_where_nothing_listens_cannot_be_reached(url: str) -> None:
    finding = refusal(url)
    assert finding.code == "S206"
    assert "s3cret" not in repr(finding)


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_an_unknown_host_cannot_be_reached(scheme: str) -> None:
    assert refusal(f"{scheme}://u:p@host.invalid/db").code == "S206"


def test_a_wrong_password_is_said_and_not_shown(stranger: Database) -> None:
    url = sa.make_url(stranger.url).set(password="Tr0ub4dor")
    finding = refusal(url.render_as_string(hide_password=False))
    assert finding.code == "S207"
    assert "Tr0ub4dor" not in repr(finding)


def test_a_role_with_a_difficult_password_enters(stranger: Database) -> None:
    with stranger.engine().connect() as connection:
        assert connection.scalar(sa.select(sa.literal(1))) == 1


def test_a_database_that_is_not_there_is_said(server: Database) -> None:
    url = sa.make_url(server.url).set(database="nonesuch")
    assert refusal(url.render_as_string(hide_password=False)).code == "S208"


def test_a_readonly_engine_changes_nothing(database: Database) -> None:
    database.run("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    engine = database.engine(readonly=True)
    for statement in ("DELETE FROM t", "CREATE TABLE u (id INTEGER)"):
        with pytest.raises(Refused) as caught, translated(system="shop", doing="trying"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
        assert caught.value.findings[0].code == "S212"
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 1


def test_sessions_count_in_utc(server: Database) -> None:
    query = "SHOW timezone" if server.dialect == "postgresql" else "SELECT @@time_zone"
    with server.engine().connect() as connection:
        assert connection.scalar(sa.text(query)) in {"UTC", "+00:00"}


@pytest.mark.postgresql
def test_postgresql_waits_five_seconds_for_a_lock_and_never_limits_a_count(postgresql: Database) -> None:
    with postgresql.engine().connect() as connection:
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "5s"
        assert connection.scalar(sa.text("SHOW statement_timeout")) == "0"
        connection.rollback()
        assert connection.scalar(sa.text("SHOW row_security")) == "off", "a rollback must not undo the session"


@pytest.mark.mariadb
def test_mariadb_is_strict_whatever_the_server_says(mariadb: Database) -> None:
    mariadb.run("CREATE TABLE t (name VARCHAR(3))", "SET GLOBAL sql_mode = ''")
    finding = refusal(mariadb.url, "INSERT INTO t VALUES ('too long')")
    assert finding.code == "S223"
    assert "too long" not in repr(finding)


def test_sqlite_checks_foreign_keys_and_overwrites_what_it_deletes(sqlite: Database) -> None:
    with sqlite.engine().connect() as connection:
        assert connection.scalar(sa.text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(sa.text("PRAGMA secure_delete")) == 1
        assert connection.scalar(sa.text("PRAGMA journal_mode")) == "delete", "the customer's journal stays as it is"


def test_sqlite_rolls_back_a_table_definition_with_its_transaction(sqlite: Database) -> None:
    engine = sqlite.engine()
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        connection.rollback()
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM sqlite_schema")) == 0


def test_sqlite_takes_the_write_lock_at_once_when_asked(sqlite: Database) -> None:
    sqlite.run("CREATE TABLE t (id INTEGER)")
    first, second = sqlite.engine(), sqlite.engine()
    with first.connect() as writer, second.connect() as other:
        writer.execution_options(sqlite_begin="IMMEDIATE").execute(sa.text("SELECT 1"))
        other.exec_driver_sql("SELECT * FROM t")
        other.rollback()
        other.exec_driver_sql("PRAGMA busy_timeout = 10")
        with pytest.raises(Refused) as caught, translated(system="shop", doing="deleting"):
            other.exec_driver_sql("DELETE FROM t")
    assert caught.value.findings[0].code == "S215"
