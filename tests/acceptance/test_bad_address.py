"""Addresses, logins and rights that do not do: one clear message, no secret in it, and nothing changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests.acceptance.desk import bound_by_permissions, kept, kept_here, refused_well
from tests.conftest import PASSWORD_GROUP
from tests.samples.shop import LONG_AGO, Shop, policy

from kept.testing import Database

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
GOOD = policy(PERSON, retention=RULE)
TABLE = "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )"
ANNA = "anna@secret-house.example"
ROW = f"INSERT INTO person VALUES (1, '{ANNA}', '{LONG_AGO}')"
PASSWORD = "p@ss:w/ord-of-ours"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "S201"),
        ("  ", "S201"),
        ("s3cret", "S202"),
        ("://:s3cret@", "S202"),
        ("http://u:s3cret@h/d", "S202"),
        ("oracle://u:s3cret@h/d", "S202"),
        ("jdbc:postgresql://h/d?password=s3cret", "S202"),
        ("postgresql+asyncpg://u:s3cret@h/d", "S202"),
        ("postgresql://u:s3cret@127.0.0.1:port/d", "S202"),
        ("postgresql://u:s3cret@[::1/d", "S202"),
        ("postgresql://u:s3cret@127.0.0.1:1/d", "S206"),
        ("postgresql://u:s3cret@127.0.0.1:99999/d", "S206"),
        ("postgresql://u:s3cret@/d?host=/nowhere", "S206"),
        ("postgresql://u:s3cret@127.0.0.1:1/d?sslmode=frob", "S206"),
        ("postgresql://u:s3cret@127.0.0.1:1/d?bogus=s3cret", "S219"),
        ("mariadb://u:s3cret@127.0.0.1:1/d", "S206"),
        ("mariadb://u:s3cret@localhost/d?unix_socket=/nowhere", "S206"),
        ("sqlite://", "S205"),
        ("sqlite:///:memory:", "S205"),
        ("sqlite:///file:x?mode=memory&uri=true", "S205"),
        ("sqlite:///none.db", "S204"),
        ("sqlite:////nowhere/at/all.db", "S204"),
        ("sqlite:///.", "S204"),
        ("sqlite:///kept.yaml/shop.db", "S204"),
        (f"sqlite:///{'a' * 5000}", "S204"),
        ("sqlite:///kept.yaml", "S221"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, url: str, code: str
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    refused_well(kept_here(monkeypatch, folder, url, "plan", "retention"), "s3cret", codes=[code])
    made = {path.name for path in folder.iterdir()} - set(before)
    assert made <= {".kept"}


def test_an_address_variable_that_is_not_set_is_named(folder: Path) -> None:
    said = kept(folder, None, "plan", "retention")
    refused_well(said, codes=["S201"])
    assert "export SHOP=" in said.err


@pytest.mark.parametrize(
    "url", ["mariadb://u:s3cret@127.0.0.1:1/d?bogus=1", "mariadb://u:s3cret@127.0.0.1:1/d?ssl_ca=/nowhere"]
)
def test_an_option_the_driver_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str) -> None:
    refused_well(kept_here(monkeypatch, folder, url, "plan", "retention"), "s3cret")


def test_an_address_in_the_policy_itself_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    text = GOOD.replace("env:SHOP", "postgresql://u:s3cret@127.0.0.1:1/d")
    (folder / "kept.yaml").write_text(text, encoding="utf-8")
    for words in (("check",), ("plan", "retention")):
        refused_well(kept_here(monkeypatch, folder, "", *words), "s3cret")


@contextmanager
def role(server: Database, *after: str) -> Iterator[str]:
    """The address of `server` for a new role with a password; `after` are statements about `{role}`."""
    name = f"r{uuid4().hex[:12]}"
    postgresql = server.dialect == "postgresql"
    group = f" IN ROLE {PASSWORD_GROUP}" if postgresql else ""
    create = f"CREATE ROLE {name} LOGIN PASSWORD" if postgresql else f"CREATE USER {name} IDENTIFIED BY"
    server.run(f"{create} '{PASSWORD}'{group}", *(statement.format(role=name) for statement in after))
    try:
        yield sa.make_url(server.url).set(username=name, password=PASSWORD).render_as_string(hide_password=False)
    finally:
        server.run(*((f"DROP OWNED BY {name}", f"DROP ROLE {name}") if postgresql else (f"DROP USER {name}",)))


@pytest.fixture
def stocked(server: Database, folder: Path) -> Shop:
    """Anna's row on each of the two servers."""
    shop = Shop(database=server, folder=folder)
    shop.make(TABLE, ROW)
    return shop


def test_a_wrong_password_is_refused(stocked: Shop) -> None:
    with role(stocked.database) as url:
        wrong = sa.make_url(url).set(password="wr0ng-one").render_as_string(hide_password=False)
        refused_well(kept(stocked.folder, wrong, "plan", "retention"), ANNA, codes=["S207"])


def test_a_database_that_is_not_there_is_refused(stocked: Shop) -> None:
    url = sa.make_url(stocked.database.url).set(database="nowhere").render_as_string(hide_password=False)
    refused_well(kept(stocked.folder, url, "plan", "retention"), ANNA, codes=["S208"])


def test_a_role_that_does_not_exist_is_refused(stocked: Shop) -> None:
    url = sa.make_url(stocked.database.url).set(username="nobody_here", password="s3cret-word")
    said = kept(stocked.folder, url.render_as_string(hide_password=False), "plan", "retention")
    refused_well(said, codes=["S207"])


def test_a_missing_table_is_refused(server: Database, folder: Path) -> None:
    Shop(database=server, folder=folder).make("SELECT 1")
    said = kept(folder, server.url, "plan", "retention")
    refused_well(said)
    assert "person" in said.err


def granted(privileges: str, *tables: str) -> tuple[str, ...]:
    return tuple(f"GRANT {privileges} ON {table} TO {{role}}" for table in tables)


def test_a_role_without_a_grant_is_refused_and_told_which(stocked: Shop) -> None:
    before = stocked.picture()
    with role(stocked.database, *granted("SELECT", "canary")) as url:
        said = kept(stocked.folder, url, "plan", "retention")
        refused_well(said, ANNA)
        assert "person" in said.err
    assert stocked.picture() == before


def test_a_role_that_may_only_read_cannot_apply_and_changes_nothing(stocked: Shop) -> None:
    with role(stocked.database, *granted("SELECT", "canary", "person")) as url:
        assert kept(stocked.folder, url, "plan", "retention", "--out", "p.json").code == 4
        before = stocked.picture()
        said = kept(stocked.folder, url, "apply", "p.json")
        refused_well(said, ANNA)
        assert "doctor" in said.err
    assert {table: stocked.picture()[table] for table in before} == before
    assert kept(stocked.folder, stocked.database.url, "apply", "p.json").code == 0


@pytest.mark.postgresql
def test_a_postgresql_role_that_is_read_only_cannot_apply(postgresql: Database, folder: Path) -> None:
    shop = Shop(database=postgresql, folder=folder)
    shop.make(TABLE, ROW)
    rights = (
        *granted("SELECT, UPDATE, DELETE", "canary", "person"),
        "GRANT CREATE ON SCHEMA public TO {role}",
        "ALTER ROLE {role} SET default_transaction_read_only = on",
    )
    with role(postgresql, *rights) as url:
        assert kept(folder, url, "plan", "retention", "--out", "p.json").code == 4
        before = shop.picture()
        refused_well(kept(folder, url, "apply", "p.json"), ANNA, codes=["S212"])
    assert shop.picture() == before


@pytest.mark.postgresql
def test_a_statement_that_the_server_cuts_off_is_refused(postgresql: Database, folder: Path) -> None:
    shop = Shop(database=postgresql, folder=folder)
    shop.make(TABLE, ROW)
    rights = (*granted("SELECT", "canary", "person"), "ALTER ROLE {role} SET statement_timeout = '1ms'")
    with role(postgresql, *rights) as url:
        refused_well(kept(folder, url, "plan", "retention"), ANNA, codes=["S222"])


def locked_down(path: Path) -> None:
    """Neither the file nor its folder can be written."""
    path.chmod(0o444)
    path.parent.chmod(0o555)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Shop]:
    """A shop on SQLite whose file lies in a folder of its own, made writable again afterwards."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            f"CREATE TABLE canary (id INTEGER PRIMARY KEY); INSERT INTO canary VALUES (1); {TABLE}; {ROW}"
        )
    (tmp_path / "policy" / "kept.yaml").write_text(GOOD, encoding="utf-8")
    yield Shop(
        database=Database(url=f"sqlite:///{path}", dialect="sqlite", open=lambda *_: sa.create_engine("sqlite://")),
        folder=tmp_path / "policy",
    )
    (tmp_path / "data").chmod(0o755)


def test_a_read_only_sqlite_file_cannot_be_applied_to(elsewhere: Shop) -> None:
    path, url = Path(str(sa.make_url(elsewhere.database.url).database)), elsewhere.database.url
    before = path.read_bytes()
    bound = bound_by_permissions()
    locked_down(path)
    planned = kept(elsewhere.folder, url, "plan", "retention", "--out", "p.json", before=bound)
    assert planned.code == 4, planned.all
    refused_well(kept(elsewhere.folder, url, "apply", "p.json", before=bound), ANNA, codes=["S212"])
    assert path.read_bytes() == before


def test_a_sqlite_file_this_account_may_not_read_is_refused(elsewhere: Shop) -> None:
    path, url = Path(str(sa.make_url(elsewhere.database.url).database)), elsewhere.database.url
    path.chmod(0)
    refused_well(kept(elsewhere.folder, url, "plan", "retention", before=bound_by_permissions()), codes=["S204"])


def test_a_full_disk_under_a_sqlite_file_changes_nothing(elsewhere: Shop) -> None:
    """A limit on the size of any file stands for the disk; the shop is the largest file, so it meets it first."""
    path, url = Path(str(sa.make_url(elsewhere.database.url).database)), elsewhere.database.url
    with sqlite3.connect(path) as connection:
        connection.executescript("CREATE TABLE padding (x BLOB); INSERT INTO padding VALUES (zeroblob(3000000))")
    assert kept(elsewhere.folder, url, "plan", "retention", "--out", "p.json").code == 4
    limit = ("prlimit", f"--fsize={path.stat().st_size}", "--")
    refused_well(kept(elsewhere.folder, url, "apply", "p.json", before=limit), ANNA, codes=["S214"])
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT id FROM person").fetchall() == [(1,)]
    assert kept(elsewhere.folder, url, "apply", "p.json").code == 0


def test_a_damaged_sqlite_file_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "shop.db").write_bytes(b"SQLite format 3\x00" + b"\xde\xad" * 3000)
    refused_well(kept_here(monkeypatch, folder, "sqlite:///shop.db", "plan", "retention"), codes=["S221"])
