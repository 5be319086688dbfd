"""Open Kept's own database: SQLite beside the policy by default, PostgreSQL by URL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select, update
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from kept.policy.findings import Finding, could_not_run
from kept.store import tables
from kept.store.codes import finding
from kept.store.keys import SIGNING, Keys, Master, master_key

DEFAULT: Final = ".kept/store.db"
BUSY_MS: Final = 30_000
_WRITES: Final = "kept_writes"
_DESTROYED: Final = "destroyed"
_CREATION_LOCK: Final = 0x6B657074  # any fixed number: two first openings must not both create


@dataclass(frozen=True, kw_only=True)
class Tx:
    """One transaction on the store; every function of this room takes it, so a verb writes all or nothing."""

    store: Store
    connection: Connection

    @property
    def keys(self) -> Keys:
        """The store's keys, as this transaction sees them."""
        return Keys(connection=self.connection, master=self.store.master.key, entropy=self.store.entropy)

    def destroyed(self) -> None:
        """Note that something was destroyed, so the commit is followed by `Store.reclaim`."""
        self.store.kept[_DESTROYED] = True

    @property
    def signing(self) -> Ed25519PrivateKey:
        """The key that signs ledger heads, unwrapped once per process: it never changes."""
        known = self.store.kept.get(SIGNING)
        if not isinstance(known, Ed25519PrivateKey):
            known = self.store.kept[SIGNING] = self.keys.signing
        return known


@dataclass(frozen=True, kw_only=True)
class Store:
    """Kept's own database, opened and of this version."""

    engine: Engine
    master: Master
    entropy: Callable[[int], bytes] = os.urandom
    kept: dict[str, object] = field(default_factory=dict, repr=False)
    """What this process has already unwrapped and verified (see the ledger)."""

    @property
    def dialect(self) -> str:
        """Either sqlite or postgresql."""
        return self.engine.dialect.name

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What an operator should read once: a key file was made and must be backed up elsewhere."""
        return self.master.warnings

    @cached_property
    def place(self) -> str:
        """Where the store is, without a secret."""
        return place_of(self.engine.url)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that takes the write lock at once and commits at the end."""
        with _writing(self.engine) as connection:
            yield Tx(store=self, connection=connection)
        if self.kept.get(_DESTROYED):
            self.reclaim()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only reads, on one consistent state."""
        with self.engine.connect() as connection:
            if self.dialect == "postgresql":  # its default shows each statement another state
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield Tx(store=self, connection=connection)

    def reclaim(self, *, wait_ms: int = 2_000) -> bool:
        """Empty SQLite's journal, so that what was destroyed is gone from its files too.

        False when a reader still held the journal: the next writing transaction tries again. False on PostgreSQL, where
        dead rows and the server's log go with its own vacuum and log expiry: deleted, not yet reclaimed.
        """
        done = self.dialect == "sqlite" and _checkpointed(self.engine, wait_ms)
        self.kept[_DESTROYED] = not done and self.dialect == "sqlite"
        return done

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def open_store(url_or_path: str | Path = DEFAULT, *, environ: Mapping[str, str] = os.environ) -> Store:
    """Open the store, creating or migrating its tables. Refuses (exit 2) what it cannot open, never a traceback."""
    url = _url(url_or_path)
    file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    if file is not None:
        _prepare(file)
    engine = _engine(url)
    try:
        return Store(engine=engine, master=_made_ready(engine, file, environ))
    except OSError as error:  # the key file, or the disk under it
        engine.dispose()
        raise could_not_run(_explained(error.strerror or "", place_of(url))) from None
    except BaseException:
        engine.dispose()
        raise


def place_of(url: URL) -> str:
    """The store's place for a message: a path, or host and database, never a password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.host or 'localhost'}/{url.database}"


def _url(url_or_path: str | Path) -> URL:
    words = str(url_or_path)
    try:
        url = make_url(words) if "://" in words else URL.create("sqlite", database=words)
    except (ArgumentError, ValueError):
        raise could_not_run(finding("K102", detail="the address cannot be read")) from None
    if url.database in {None, "", ":memory:"} and url.get_backend_name() == "sqlite":
        raise could_not_run(finding("K102", detail="in memory, where it would be forgotten"))
    backend = url.drivername.partition("+")[0]
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return url.set(drivername="sqlite")
    raise could_not_run(finding("K102", detail=f"in {backend}"))


def _prepare(file: Path) -> None:
    """A directory of ours is 0700, the file is 0600 before the first byte is in it; SQLite copies the mode to -wal."""
    try:
        if file.exists() and not file.is_file():  # a device must not lose its mode to us
            raise could_not_run(_explained("it is a directory or a device", str(file)))
        if not file.parent.exists():
            file.parent.mkdir(parents=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_uid == os.getuid():
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise could_not_run(_explained(error.strerror or "", str(file))) from None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    else:
        engine = create_engine(url)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _refuse)
    return engine


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def _set_pragmas(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver would begin late; we begin ourselves
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _checkpointed(engine: Engine, wait_ms: int) -> bool:
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={wait_ms:d}")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS:d}")
    except sqlite3.OperationalError:
        return False  # the data is committed; only its traces stay a while longer
    finally:
        connection.close()
    return bool(busy == 0)


def _begin(connection: Connection) -> None:
    # A deferred transaction that writes later can fail with «busy» at once, without waiting its turn.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _made_ready(engine: Engine, file: Path | None, environ: Mapping[str, str]) -> Master:
    """Tables, master key and first keys; the write lock is taken only when something is missing."""
    with engine.connect() as connection, connection.begin():
        if _version(connection) == tables.VERSION and _has_keys(connection):
            master = master_key(file, environ, fresh=False, entropy=os.urandom)
            Keys(connection=connection, master=master.key, entropy=os.urandom).check()
            return master
    with _writing(engine) as connection:
        _migrate(connection)
        master = master_key(file, environ, fresh=not _has_keys(connection), entropy=os.urandom)
        Keys(connection=connection, master=master.key, entropy=os.urandom).check()
        return master


def _migrate(connection: Connection) -> None:
    """Bring the tables to this version; a newer store is refused."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
    found = _version(connection)
    if found > tables.VERSION:
        detail = f"version {found}, this Kept knows up to {tables.VERSION}"
        raise could_not_run(finding("K103", where=place_of(connection.engine.url), detail=detail))
    for version in range(found, tables.VERSION):
        _STEPS[version](connection)
        is_version = tables.about.c.name == "version"
        connection.execute(update(tables.about).where(is_version).values(value=str(version + 1)))


def _has_keys(connection: Connection) -> bool:
    return connection.execute(select(tables.data_key.c.id).limit(1)).first() is not None


def _version(connection: Connection) -> int:
    if not inspect(connection).has_table(tables.about.name):
        return 0
    value = connection.execute(select(tables.about.c.value).where(tables.about.c.name == "version")).scalar_one()
    return int(value)


def _create(connection: Connection) -> None:
    tables.metadata.create_all(connection)
    connection.execute(
        insert(tables.about), [{"name": "version", "value": "1"}, {"name": "ledger", "value": "one writer at a time"}]
    )


_STEPS: Final = (_create,)
"""Step i brings a store of version i to version i + 1."""


def _refuse(context: ExceptionContext) -> None:
    """Turn what the database says into one finding; its own words may hold values, so they stay out."""
    error = context.sqlalchemy_exception
    if isinstance(error, DBAPIError) and not isinstance(error, (IntegrityError, DataError)):
        url = context.engine.url if context.engine else URL.create("sqlite")
        raise could_not_run(_explained(str(error.orig), place_of(url))) from None


_CAUSES: Final = (
    ("full", "K110"),
    ("no space", "K110"),
    ("readonly", "K111"),
    ("read-only", "K111"),
    ("permission", "K111"),
    ("not a database", "K112"),
    ("malformed", "K112"),
    ("locked", "K113"),
    ("server running", "K116"),
    ("unable to open", "K114"),
    ("directory", "K114"),
    ("password", "K115"),
    ("does not exist", "K115"),
    ("resolve", "K116"),
    ("connect", "K116"),
    ("i/o error", "K117"),
)
"""Signs in what a database or the system says, first match wins, and the code they stand for."""


def _explained(words: str, place: str) -> Finding:
    code = next((code for sign, code in _CAUSES if sign in words.lower()), "K119")
    return finding(code, where=place)
