"""Reasons to believe a count, and reasons not to: the canary row, and whatever may hide rows from this role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from kept.map.schema import Family, Schema
from kept.map.system import Canary
from kept.policy.findings import could_not_run
from kept.ports import Concealment
from kept.systems.sql.codes import finding
from kept.systems.sql.connect import system_of
from kept.systems.sql.faults import classify, translated

ESTIMATE: Final = 1_000
"""From this many estimated rows on, a table that shows none is suspicious."""

Finds = tuple[list[Concealment], list[str]]
"""Reasons found in the catalogue, and the tables it says have many rows."""


def found(engine: sa.Engine, schema: Schema, canary: Canary, key: Sequence[str] = ()) -> bool:
    """Whether the canary row is found with the credential in use; `key` is the declared key, if there is one."""
    system = system_of(engine)
    table = schema.by_name.get(canary.table)
    if table is None:
        return False
    columns = tuple(key) or table.key
    if len(columns) != 1 or columns[0] not in table.by_name:
        raise could_not_run(finding("S226", where=f"{system}.canary", subject=canary.table))
    source = sa.table(table.name, sa.column(columns[0]))
    value = _typed(canary.key, table.by_name[columns[0]].family, system=system, table=table.name)
    exists = sa.exists(sa.select(sa.literal(1)).select_from(source).where(source.c[columns[0]] == value))
    with translated(system=system, doing="looking for the canary"), engine.connect() as connection:
        return bool(connection.scalar(sa.select(exists)))


def _typed(key: str, family: Family, *, system: str, table: str) -> sa.ColumnElement[Any]:
    if family is Family.INTEGER:
        try:
            return sa.literal(int(key), sa.BigInteger())
        except ValueError:
            raise could_not_run(finding("S227", where=f"{system}.canary", subject=table)) from None
    if family is Family.UUID:
        return sa.literal(key, sa.Uuid(as_uuid=False))
    return sa.literal(key, sa.Text())


def concealed(engine: sa.Engine, schema: Schema, tables: Sequence[str]) -> tuple[Concealment, ...]:
    """Reasons not to believe counts over these tables, from the catalogue as it is now."""
    wanted = tuple(dict.fromkeys(tables))
    if not wanted:
        return ()
    doing = "looking for hidden rows"
    with translated(system=system_of(engine), doing=doing), engine.connect() as connection:
        reasons, crowded = _READERS[schema.dialect](connection, wanted)
        reasons += _unreadable(connection, _without(wanted, reasons))
        reasons += _empty(connection, _without(crowded, reasons))
    return tuple(sorted(reasons, key=lambda reason: wanted.index(reason.table)))


def _without(tables: Iterable[str], reasons: Iterable[Concealment]) -> list[str]:
    named = {reason.table for reason in reasons}
    return [table for table in tables if table not in named]


# PostgreSQL: what stands behind each name, whether policies filter it, and how many rows are said to be there.
# Both estimates must agree: after a large deletion the one of the last ANALYZE is stale.
_POSTGRESQL: Final = sa.text("""
    SELECT r.name, c.relkind::text AS kind, row_security_active(c.oid) AS row_security,
           has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS readable,
           least(c.reltuples::bigint, s.n_live_tup) AS estimate
    FROM unnest(CAST(:names AS text[])) AS r(name)
    LEFT JOIN pg_class c ON c.relname = r.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
""")
_POSTGRESQL_KINDS: Final = {"v": "a view", "m": "a materialised view", "f": "a foreign table"}


def _postgresql(connection: sa.Connection, tables: tuple[str, ...]) -> Finds:
    rows = connection.execute(_POSTGRESQL, {"names": list(tables)}).all()
    return [reason for row in rows if (reason := _postgresql_reason(row))], _crowded(rows)


def _postgresql_reason(row: sa.Row[Any]) -> Concealment | None:
    if row.kind is None:
        return Concealment(table=row.name, reason="missing")
    if row.kind in _POSTGRESQL_KINDS:
        return Concealment(table=row.name, reason="view", detail=_POSTGRESQL_KINDS[row.kind])
    if not row.readable:
        return Concealment(table=row.name, reason="unreadable")
    return Concealment(table=row.name, reason="row-security") if row.row_security else None


_MARIADB: Final = sa.text("""
    SELECT table_name AS name, table_type AS kind, engine AS engine, table_rows AS estimate
    FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN :names
""").bindparams(sa.bindparam("names", expanding=True))
_REMOTE: Final = frozenset({"FEDERATED", "CONNECT", "SPIDER"})


def _mariadb(connection: sa.Connection, tables: tuple[str, ...]) -> Finds:
    """A table that is not listed may be there and closed to this role: reading it tells which."""
    rows = connection.execute(_MARIADB, {"names": list(tables)}).all()
    views = [Concealment(table=row.name, reason="view", detail="a view") for row in rows if "VIEW" in row.kind]
    remote = [row.name for row in rows if (row.engine or "").upper() in _REMOTE]
    return views + [Concealment(table=name, reason="view", detail="a foreign table") for name in remote], _crowded(rows)


def _crowded(rows: Iterable[sa.Row[Any]]) -> list[str]:
    return [row.name for row in rows if (row.estimate or 0) > ESTIMATE]


_SQLITE: Final = sa.text("""
    SELECT name, type AS kind FROM pragma_table_list WHERE schema = 'main' AND lower(name) IN :names
""").bindparams(sa.bindparam("names", expanding=True))


def _sqlite(connection: sa.Connection, tables: tuple[str, ...]) -> Finds:
    """No estimate is asked: SQLite refreshes it only at ANALYZE, so an emptied table would look hidden."""
    rows = connection.execute(_SQLITE, {"names": [table.lower() for table in tables]}).all()
    kinds = {row.name.lower(): row.kind for row in rows}
    words = {"view": "a view", "virtual": "a virtual table"}
    hidden = [(table, words[kind]) for table in tables if (kind := kinds.get(table.lower(), "")) in words]
    return [Concealment(table=table, reason="view", detail=detail) for table, detail in hidden], []


_READERS: Final = {"postgresql": _postgresql, "mariadb": _mariadb, "sqlite": _sqlite}


def _unreadable(connection: sa.Connection, tables: Sequence[str]) -> list[Concealment]:
    """Tables this role cannot read at all: one statement when all is well, one per table to find the culprits."""
    if not tables or _reads(connection, tables) is None:
        return []
    reasons = ((table, _reads(connection, [table])) for table in tables)
    return [Concealment(table=table, reason=reason) for table, reason in reasons if reason]


def _reads(connection: sa.Connection, tables: Sequence[str]) -> str | None:
    selects = [sa.select(sa.literal(1)).select_from(sa.table(table)).where(sa.false()) for table in tables]
    try:
        with connection.begin_nested():
            connection.execute(sa.union_all(*selects))
    except sa.exc.DBAPIError as error:
        code = classify(error).code
        if code not in {"S210", "S211", "S218"}:
            raise
        return {"S210": "missing", "S211": "unreadable", "S218": "row-security"}[code]
    return None


def _empty(connection: sa.Connection, tables: Iterable[str]) -> list[Concealment]:
    """Which of these tables show no row at all, although the catalogue says that they have many."""
    selects = [
        sa.select(sa.literal(table, sa.Text()).label("name")).where(
            ~sa.exists(sa.select(sa.literal(1)).select_from(sa.table(table)))
        )
        for table in tables
    ]
    if not selects:
        return []
    names = connection.execute(sa.union_all(*selects)).scalars()
    return [Concealment(table=name, reason="empty-where-estimate-says-rows") for name in names]


def encrypted(connection: sa.Connection, dialect: str) -> bool | None:
    """Whether what travels to the server is encrypted; None where nothing travels, or the server does not say."""
    if dialect == "postgresql":
        asked = "SELECT ssl, inet_client_addr() IS NULL FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        found = connection.execute(sa.text(asked)).first()
        return None if found is None or found[1] else bool(found[0])
    if dialect == "mariadb":
        found = connection.execute(sa.text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")).first()
        return bool(found[1]) if found else None
    return None
