"""Open a customer's database: the URL from the environment, a session that cannot lie, no secret in any message."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from kept.map.identity import narrow
from kept.policy.findings import could_not_run
from kept.systems.sql.codes import finding

CONNECT_SECONDS: Final = 10
LOCK_SECONDS: Final = 5

_DRIVERS: Final = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "mysql": "mariadb+pymysql",
    "mariadb": "mariadb+pymysql",
    "mysql+pymysql": "mariadb+pymysql",
    "mariadb+pymysql": "mariadb+pymysql",
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
}

# `row_security = off` makes PostgreSQL raise where a policy would hide rows: a count never lies in silence.
_POSTGRESQL_SESSION: Final = (
    "SELECT set_config('TimeZone', 'UTC', false), set_config('lock_timeout', '%ds', false),"
    " set_config('row_security', 'off', false), set_config('application_name', 'kept', false)"
)
_MARIADB_SESSION: Final = (
    "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',"
    " innodb_lock_wait_timeout = %d, lock_wait_timeout = %d, foreign_key_checks = 1, unique_checks = 1"
)
# A batch's sizes and keys change from call to call: a plan made without them may read the table for every key.
_UNPREPARED: Final = {"prepare_threshold": None}
# A server that vanished without a word is noticed within a minute, even while a long count is awaited.
_KEEPALIVE: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_SQLITE_DBCONFIG_DQS_DML: Final = 1013
_SQLITE_SESSION: Final = ("PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON")


def connect(url: str, *, name: str, env: Mapping[str, str], readonly: bool = False, memory: bool = False) -> sa.Engine:
    """Give an engine for the system `name`; nothing is opened yet. `memory` lets tests use SQLite without a file.

    A SQLite transaction begins DEFERRED; the execution option `sqlite_begin="IMMEDIATE"` takes the write lock at once.
    """
    target = _parsed(resolve(url, name=name, env=env), name=name)
    if target.get_backend_name() == "sqlite":
        return _sqlite(target, name=name, readonly=readonly, memory=memory)
    _require_driver(target, name=name)
    return _server(target, name=name, readonly=readonly)


def resolve(url: str, *, name: str, env: Mapping[str, str]) -> str:
    """Follow `env:NAME` to the URL itself."""
    if not url.startswith("env:"):
        return url
    variable = url.removeprefix("env:")
    if value := env.get(variable, "").strip():
        return value
    raise could_not_run(finding("S201", where=name, subject=variable))


def masked(url: str | URL) -> str:
    """The URL as it may be shown: no password, no query."""
    try:
        target = make_url(url)
    except sa.exc.ArgumentError:
        return "(not a URL)"
    return target.set(password="***" if target.password else None, query={}).render_as_string(hide_password=True)


def system_of(engine: sa.Engine) -> str:
    """The name of the system an engine was opened for."""
    return str(engine.get_execution_options().get("system", "database"))


def _parsed(url: str, *, name: str) -> URL:
    try:
        target = make_url(url)
        return target.set(drivername=_DRIVERS[target.drivername])
    except (sa.exc.ArgumentError, ValueError, KeyError):
        raise could_not_run(finding("S202", where=name)) from None


def _require_driver(target: URL, *, name: str) -> None:
    module = "psycopg" if target.get_backend_name() == "postgresql" else "pymysql"
    if importlib.util.find_spec(module) is None:
        raise could_not_run(finding("S203", where=name, subject=module))


_OPTIONS: Final = frozenset({"charset", "unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_check_hostname", "ssl"})
"""What a MariaDB address may say behind its `?`."""


def _checked(target: URL, *, name: str) -> None:
    """An option the driver does not know, or a file that is not there, would end in its own words."""
    unknown = [option for option in target.query if option not in _OPTIONS]
    files = [target.query[option] for option in ("ssl_ca", "ssl_cert", "ssl_key") if option in target.query]
    if unknown or not all(isinstance(file, str) and Path(file).is_file() for file in files):
        raise could_not_run(finding("S202", where=name))


def _server(target: URL, *, name: str, readonly: bool) -> sa.Engine:
    if target.get_backend_name() == "mariadb":
        _checked(target, name=name)
    own = {"charset": "utf8mb4"} if target.get_backend_name() == "mariadb" else {**_KEEPALIVE, **_UNPREPARED}
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **own}
    engine = sa.create_engine(
        target,
        connect_args=arguments,
        pool_size=2,
        max_overflow=6,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        execution_options={"system": name},
    )
    if target.get_backend_name() == "postgresql":
        sa.event.listen(engine, "connect", lambda connection, _record: _read_leniently(connection))
    statements = _session_statements(target.get_backend_name(), readonly=readonly)
    sa.event.listen(engine, "connect", lambda connection, _record: _prepare(connection, statements))
    return engine


def _session_statements(backend: str, *, readonly: bool) -> tuple[str, ...]:
    if backend == "postgresql":
        only = ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",) if readonly else ()
        return (_POSTGRESQL_SESSION % LOCK_SECONDS, *only)
    only = ("SET SESSION TRANSACTION READ ONLY",) if readonly else ()
    return (_MARIADB_SESSION % (LOCK_SECONDS, LOCK_SECONDS), *only)


def _read_leniently(connection: Any) -> None:
    """An instant beyond Python's years (`infinity`, the year 12026) reads as None: «never» must stop no statement."""
    from psycopg import DataError  # noqa: PLC0415 - slow to import, and for PostgreSQL only
    from psycopg.types import datetime as types  # noqa: PLC0415

    def lenient(loader: type[Any]) -> type[Any]:
        def load(self: Any, data: Any) -> Any:
            try:
                return loader.load(self, data)
            except DataError:
                return None

        return type(f"Lenient{loader.__name__}", (loader,), {"load": load})

    for name, loader in (
        ("date", types.DateLoader),
        ("timestamp", types.TimestampLoader),
        ("timestamptz", types.TimestamptzLoader),
    ):
        connection.adapters.register_loader(name, lenient(loader))


def _prepare(connection: Any, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.commit()


def _sqlite(target: URL, *, name: str, readonly: bool, memory: bool) -> sa.Engine:
    database = target.database or ":memory:"
    if database == ":memory:" or "mode=memory" in database or target.query.get("mode") == "memory":
        if not memory:
            raise could_not_run(finding("S205", where=name))
        return _sqlite_engine(URL.create("sqlite"), name=name, readonly=False, pool={"poolclass": sa.pool.StaticPool})
    path = Path(database.removeprefix("file:"))
    readonly = readonly or target.query.get("mode") == "ro"
    if not _is_file(path):
        raise could_not_run(finding("S204", where=name))
    # INVARIANT: mode=rw never creates a file, not even when it vanishes between the check and the opening.
    address = "file:" + quote(str(path.resolve()))
    url = URL.create("sqlite", database=address, query={"mode": "ro" if readonly else "rw", "uri": "true"})
    # NullPool: a pooled connection would go on reading a file that was replaced by a restored copy.
    return _sqlite_engine(url, name=name, readonly=readonly, pool={"poolclass": NullPool})


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder this user may not enter
        return False


def _sqlite_engine(url: URL, *, name: str, readonly: bool, pool: dict[str, Any]) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False},
        hide_parameters=True,
        execution_options={"system": name},
        **pool,
    )

    def opened(connection: Any, _record: object) -> None:
        _prepare_sqlite(connection, readonly=readonly)

    sa.event.listen(engine, "connect", opened)
    sa.event.listen(engine, "begin", _begin_sqlite)
    _close_what_is_out(engine)
    return engine


def _close_what_is_out(engine: sa.Engine) -> None:
    """Let `dispose` close connections still held, as a run that was paused or refused does its writer's."""
    out: WeakSet[sa.PoolProxiedConnection] = WeakSet()

    def closed(_engine: sa.Engine) -> None:
        for connection in list(out):
            if connection.is_valid:
                connection.close()

    sa.event.listen(engine, "checkout", lambda _connection, _record, proxy: out.add(proxy))
    sa.event.listen(engine, "engine_disposed", closed)


def _prepare_sqlite(connection: Any, *, readonly: bool) -> None:
    connection.isolation_level = None  # the driver would begin a transaction only at the first write
    for statement in _SQLITE_SESSION:
        connection.execute(statement)
    connection.create_function("kept_narrow", 2, _narrow, deterministic=True)
    if readonly:
        connection.execute("PRAGMA query_only = ON")
    if hasattr(connection, "setconfig"):  # Python 3.12: "closed_at" is then a column or an error, never a text
        connection.setconfig(_SQLITE_DBCONFIG_DQS_DML, False)  # noqa: FBT003 - positional only


def _narrow(identifier: str, value: object) -> str | None:
    """SQLite itself lowers ASCII only: the column is folded by the matcher."""
    if value is None or isinstance(value, bytes):
        return None
    return narrow(identifier, str(value))


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("sqlite_begin") == "IMMEDIATE"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
