"""What the role of a connection may do, what the map needs it to do, and the grants that make the two equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from kept.map.schema import Schema
from kept.map.system import System
from kept.systems.sql.catalogue import OWN_TABLE, grouped
from kept.systems.sql.marker import MARKER

READS: Final = ("SELECT",)
CHANGES: Final = ("SELECT", "UPDATE", "DELETE")
MARKS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")

_STRONG: Final = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE", "DROP", "ALTER", "CREATE", "INDEX"})


@dataclass(frozen=True, kw_only=True)
class Powers:
    """What the role in use may do."""

    role: str
    superuser: bool = False
    attributes: tuple[str, ...] = ()
    """Powers beyond tables: CREATEROLE, FILE, ownership of everything."""
    tables: Mapping[str, frozenset[str]] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    creates: bool = False
    """Whether it may create the marker table."""
    sees_all: bool = True
    """Whether the catalogue shows it every table and every trigger."""


def needs(system: System, schema: Schema) -> dict[str, tuple[str, ...]]:
    """Privileges the map needs, per table that is there: mapped tables are changed, the others only read."""
    read = [place.table for place in (system.canary, system.controllers) if place]
    read += [system.generation] if system.generation else []
    wanted: dict[str, tuple[str, ...]] = dict.fromkeys(read, READS)
    wanted.update(dict.fromkeys(system.by_name, CHANGES))
    return {table: privileges for table, privileges in wanted.items() if table in schema.by_name}


def lacking(powers: Powers, wanted: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Privileges that are needed and not held, per table."""
    held = powers.tables
    gaps = {
        table: tuple(p for p in needed if p not in held.get(table, frozenset())) for table, needed in wanted.items()
    }
    return {table: gap for table, gap in gaps.items() if gap and not powers.superuser}


def excessive(powers: Powers, wanted: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Privileges to change or drop that are held and not needed, per table; reading more is no fault, scans do it."""
    if powers.superuser or not powers.role:
        return {}
    surplus = {
        table: tuple(sorted((held & _STRONG) - frozenset(wanted.get(table, ()))))
        for table, held in powers.tables.items()
        if table != OWN_TABLE
    }
    owned = {table: ("OWNERSHIP",) for table in powers.owned if table != OWN_TABLE}
    return {**{table: extra for table, extra in surplus.items() if extra}, **owned}


def read_powers(connection: sa.Connection) -> Powers:
    """Ask the database what this role may do."""
    return _READERS[connection.dialect.name](connection)


# PostgreSQL

_ROLE: Final = sa.text("""
    SELECT current_user AS role, rolsuper, rolcreaterole, rolcreatedb, rolreplication,
           has_schema_privilege(current_schema(), 'CREATE') AS creates,
           pg_has_role(current_user, 'pg_write_all_data', 'USAGE') AS writes_all
    FROM pg_roles WHERE rolname = current_user
""")
_HELD: Final = sa.text("""
    SELECT c.relname AS name, pg_has_role(c.relowner, 'USAGE') AS owned, array_remove(ARRAY[
           CASE WHEN has_any_column_privilege(c.oid, 'SELECT') THEN 'SELECT' END,
           CASE WHEN has_any_column_privilege(c.oid, 'INSERT') THEN 'INSERT' END,
           CASE WHEN has_any_column_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END,
           CASE WHEN has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END,
           CASE WHEN has_table_privilege(c.oid, 'TRUNCATE') THEN 'TRUNCATE' END], NULL) AS held
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
""")
_ATTRIBUTES: Final = {
    "rolcreaterole": "CREATEROLE",
    "rolcreatedb": "CREATEDB",
    "rolreplication": "REPLICATION",
    "writes_all": "pg_write_all_data",
}


def _postgresql(connection: sa.Connection) -> Powers:
    role = connection.execute(_ROLE).one()
    rows = connection.execute(_HELD).all()
    attributes = tuple(word for column, word in _ATTRIBUTES.items() if getattr(role, column))
    return Powers(
        role=role.role,
        superuser=role.rolsuper,
        attributes=() if role.rolsuper else attributes,
        tables={row.name: frozenset(row.held) for row in rows},
        owned=frozenset(row.name for row in rows if row.owned),
        creates=role.creates,
    )


# MariaDB: privileges add up from the server, the database and the table. Grants of an active role count as well.

_WHO: Final = sa.text("SELECT CURRENT_USER() AS account, CURRENT_ROLE() AS role")
_GRANTEES: Final[sa.BindParameter[str]] = sa.bindparam("grantees", expanding=True)
_GLOBAL: Final = sa.text("""
    SELECT privilege_type FROM information_schema.user_privileges WHERE grantee IN :grantees
""").bindparams(_GRANTEES)
_DATABASE: Final = sa.text("""
    SELECT privilege_type FROM information_schema.schema_privileges
    WHERE DATABASE() LIKE table_schema AND grantee IN :grantees
""").bindparams(_GRANTEES)
_TABLES: Final = sa.text("""
    SELECT table_name AS name, privilege_type AS privilege FROM information_schema.table_privileges
    WHERE table_schema = DATABASE() AND grantee IN :grantees
    UNION SELECT table_name, privilege_type FROM information_schema.column_privileges
    WHERE table_schema = DATABASE() AND grantee IN :grantees
""").bindparams(_GRANTEES)
_NAMES: Final = sa.text("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()")
_SERVER_WIDE: Final = frozenset({"CREATE USER", "FILE", "PROCESS", "RELOAD", "SHUTDOWN", "GRANT OPTION", "DROP"})


def _mariadb(connection: sa.Connection) -> Powers:
    who = connection.execute(_WHO).one()
    grantees = {"grantees": _grantees(who.account, who.role)}
    server = frozenset(connection.execute(_GLOBAL, grantees).scalars())
    everywhere = server | frozenset(connection.execute(_DATABASE, grantees).scalars())
    own = grouped((row.name, row.privilege) for row in connection.execute(_TABLES, grantees))
    superuser = "SUPER" in server
    return Powers(
        role=who.account,
        superuser=superuser,
        attributes=() if superuser else tuple(sorted(server & _SERVER_WIDE)),
        tables={name: everywhere | frozenset(own.get(name, ())) for name in connection.execute(_NAMES).scalars()},
        creates="CREATE" in everywhere,
        sees_all={"SELECT", "TRIGGER"} <= everywhere,
    )


def _grantees(account: str, role: str | None) -> list[str]:
    """How information_schema spells who holds a grant: the account, and the active role if there is one."""
    user, _, host = account.rpartition("@")
    return [f"'{user}'@'{host}'", *((f"'{role}'@''", f"'{role}'") if role else ())]


def _sqlite(connection: sa.Connection) -> Powers:
    """SQLite has no roles: whoever can write the file can do everything."""
    names = connection.execute(sa.text("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")).scalars()
    return Powers(role="", superuser=False, tables={name: frozenset(MARKS) for name in names}, creates=True)


_READERS: Final = {"postgresql": _postgresql, "mariadb": _mariadb, "sqlite": _sqlite}


# The grants as SQL, to be read and run by the owner


def grants_sql(dialect: str, system: System, schema: Schema, role: str, *, namespace: str = "public") -> str:
    """Print the smallest grants that let `role` carry out the map. `namespace` is PostgreSQL's schema."""
    if dialect == "sqlite":
        return "-- SQLite has no roles: the user that runs kept must be able to write the file and its folder.\n"
    if dialect == "postgresql":
        return _postgresql_lines(system, schema, role, namespace)
    return _mariadb_lines(system, schema, role)


def _postgresql_lines(system: System, schema: Schema, role: str, namespace: str) -> str:
    name, inside = _double(role), _double(namespace)
    grants = [
        f"GRANT {', '.join(privileges)} ON {inside}.{_double(table)} TO {name};"
        for table, privileges in needs(system, schema).items()
    ]
    filtered = any(table.row_security for table in schema.tables if table.name in system.by_name)
    return _script(
        "-- run as the owner of the tables; Kept itself creates nothing",
        f"GRANT USAGE ON SCHEMA {inside} TO {name};",
        *grants,
        f"SET search_path = {inside};",
        _marker("postgresql+psycopg"),
        f"GRANT {', '.join(MARKS)} ON {inside}.{OWN_TABLE} TO {name};",
        *(
            (f"ALTER ROLE {name} BYPASSRLS;  -- as superuser: policies filter rows of mapped tables",)
            if filtered
            else ()
        ),
    )


def _mariadb_lines(system: System, schema: Schema, role: str) -> str:
    user, _, host = role.partition("@")
    name = f"{_back(user)}@{_back(host or '%')}"
    grants = [
        f"GRANT {', '.join(p for p in privileges if p != 'SELECT')} ON {_back(table)} TO {name};"
        for table, privileges in needs(system, schema).items()
        if privileges != READS
    ]
    return _script(
        "-- run in this database as a user with GRANT OPTION; Kept itself creates nothing",
        "-- SELECT and TRIGGER on the whole database: MariaDB shows tables and triggers to nobody else, and Kept must",
        "-- see what a cascade or a trigger would touch",
        f"GRANT SELECT, TRIGGER ON * TO {name};",
        *grants,
        _marker("mariadb+pymysql"),
        f"GRANT {', '.join(p for p in MARKS if p != 'SELECT')} ON {OWN_TABLE} TO {name};",
    )


def _marker(dialect: str) -> str:
    spoken = sa.make_url(f"{dialect}://").get_dialect()()
    return str(CreateTable(MARKER, if_not_exists=True).compile(dialect=spoken)).strip() + ";"


def _script(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _double(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _back(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
