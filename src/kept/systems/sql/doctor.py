"""Whether a system is fit for its map: reachable, no more and no less privileged than needed, nothing hidden."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from kept.map.schema import Schema, Table
from kept.map.system import System
from kept.policy.findings import Finding
from kept.systems.sql.catalogue import OWN_TABLE
from kept.systems.sql.codes import finding
from kept.systems.sql.faults import translated
from kept.systems.sql.grants import MARKS, Powers, excessive, lacking, needs, read_powers
from kept.systems.sql.probe import concealed
from kept.systems.sql.reflect_mariadb import ENGINE, HISTORY, keeps_transactions

CLOCKS_APART: Final = timedelta(minutes=5)
_CASCADES: Final = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found: facts to show, and findings to mend. No finding of severity error: fit for plan and apply."""

    facts: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]


def examine(
    engine: sa.Engine, schema: Schema, system: System, *, superuser: bool = False, now: datetime | None = None
) -> Examination:
    """Examine one system. `superuser` waives that finding; `now` is Kept's clock, to compare with the database's."""
    with translated(system=system.name, doing="examining the system"), engine.connect() as connection:
        powers = read_powers(connection)
        state = _STATES[schema.dialect](connection)
        marker = OWN_TABLE in powers.tables
        findings = [
            *_role(system, powers, waived=superuser),
            *_privileges(system, schema, powers),
            *_marker(system, powers),
            *_state(system, state, now),
            *_engines(connection, system),
        ]
    findings += [*_missing(system, schema), *_hidden(engine, schema, system), *_surprises(schema, system)]
    return Examination(facts=_facts(system, schema, powers, state, marker=marker), findings=tuple(findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What kind of server this is, and whether it can be written."""

    version: str
    clock: datetime
    readonly: str = ""
    """In words, empty when it can be written."""
    more: tuple[tuple[str, str], ...] = ()


_POSTGRESQL: Final = sa.text("""
    SELECT current_setting('server_version') AS version, clock_timestamp() AS clock, current_schema() AS namespace,
           pg_is_in_recovery() AS replica, current_setting('transaction_read_only') = 'on' AS readonly
""")
_MARIADB: Final = sa.text("""
    SELECT VERSION() AS version, UTC_TIMESTAMP() AS clock, DATABASE() AS namespace, @@global.read_only AS replica,
           @@session.tx_read_only AS readonly
""")


def _server(row: sa.Row[Any], clock: datetime) -> State:
    readonly = "a read-only replica" if row.replica else "opened read-only" if row.readonly else ""
    return State(version=row.version, clock=clock, readonly=readonly, more=(("schema", row.namespace or ""),))


def _postgresql(connection: sa.Connection) -> State:
    row = connection.execute(_POSTGRESQL).one()
    return _server(row, row.clock)


def _mariadb(connection: sa.Connection) -> State:
    row = connection.execute(_MARIADB).one()
    return _server(row, row.clock.replace(tzinfo=UTC))


def _sqlite(connection: sa.Connection) -> State:
    path = Path(str(connection.execute(sa.text("PRAGMA database_list")).one()[2]))
    asked = "SELECT sqlite_version(), unixepoch(), (SELECT journal_mode FROM pragma_journal_mode)"
    version, seconds, journal = connection.execute(sa.text(asked)).one()
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    query_only = connection.scalar(sa.text("PRAGMA query_only"))
    overwrites = connection.scalar(sa.text("PRAGMA secure_delete"))
    return State(
        version=version,
        clock=datetime.fromtimestamp(seconds, UTC),
        readonly="opened read-only" if query_only else "" if writable else "not writable for this user",
        more=(("journal", journal), ("deleted rows are overwritten", "yes" if overwrites else "no")),
    )


_STATES: Final = {"postgresql": _postgresql, "mariadb": _mariadb, "sqlite": _sqlite}


def _facts(
    system: System, schema: Schema, powers: Powers, state: State, *, marker: bool
) -> tuple[tuple[str, str], ...]:
    there = sum(name in schema.by_name for name in system.by_name)
    return (
        ("database", f"{schema.dialect} {state.version}"),
        *((("role", powers.role),) if powers.role else ()),
        *state.more,
        ("tables", f"{len(schema.tables)}, of them {there} of {len(system.tables)} in the map"),
        ("marker table", "is there" if marker else "can be created" if powers.creates else "missing"),
    )


def _role(system: System, powers: Powers, *, waived: bool) -> Iterator[Finding]:
    if powers.superuser and not waived:
        yield finding("S230", where=system.name, subject=powers.role)
    if not powers.sees_all:
        yield finding("S234", where=system.name)


def _privileges(system: System, schema: Schema, powers: Powers) -> Iterator[Finding]:
    wanted = needs(system, schema)
    for table, gap in lacking(powers, wanted).items():
        words = ", ".join(gap)
        lack = finding("S231", where=f"{system.name}.{table}", subject=table, privilege=words)
        yield replace(lack, message=f"{lack.message}: {words}")
    surplus = excessive(powers, wanted)
    extra = [*powers.attributes, *(f"{', '.join(more)} on `{table}`" for table, more in surplus.items())]
    if extra:
        words = "; ".join(extra[:8]) + (f"; and {len(extra) - 8} more" if extra[8:] else "")
        over = finding("S232", where=system.name, subject=powers.role, privilege="what is named, or use another role")
        yield replace(over, message=f"{over.message}: {words}")


def _marker(system: System, powers: Powers) -> Iterator[Finding]:
    held = powers.tables.get(OWN_TABLE)
    if held is None and not powers.creates:
        yield finding("S233", where=system.name, subject=OWN_TABLE)
    gap = [privilege for privilege in MARKS if held is not None and privilege not in held]
    if gap and not powers.superuser:
        place = f"{system.name}.{OWN_TABLE}"
        yield finding("S231", where=place, subject=OWN_TABLE, privilege=", ".join(gap))


def _state(system: System, state: State, now: datetime | None) -> Iterator[Finding]:
    if state.readonly:
        read_only = finding("S236", where=system.name, subject=state.readonly)
        yield replace(read_only, message=read_only.message.replace("`", ""))
    if now is not None and abs(state.clock - now) > CLOCKS_APART:
        yield finding("S242", where=system.name)


_STORAGE: Final = sa.text("""
    SELECT table_name AS name, table_type AS kind, engine AS engine FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type <> 'VIEW'
""")


def _engines(connection: sa.Connection, system: System) -> Iterator[Finding]:
    """MariaDB lets tables keep no transactions, or keep every version of a row."""
    if connection.dialect.name != "mariadb":
        return
    for row in connection.execute(_STORAGE):
        if row.name not in system.by_name and row.name != OWN_TABLE:
            continue
        if not keeps_transactions(row.engine):
            yield finding("S239", where=f"{system.name}.{row.name}", subject=row.name)
        if row.kind == "SYSTEM VERSIONED":
            yield finding("S240", where=f"{system.name}.{row.name}", subject=row.name)


def _missing(system: System, schema: Schema) -> Iterator[Finding]:
    for name in system.by_name:
        if name not in schema.by_name:
            yield finding("S243", where=f"{system.name}.{name}", subject=name)


def _hidden(engine: sa.Engine, schema: Schema, system: System) -> Iterator[Finding]:
    there = [name for name in system.by_name if name in schema.by_name]
    for reason in concealed(engine, schema, there):
        hidden = finding("S241", where=f"{system.name}.{reason.table}", subject=reason.table)
        yield replace(hidden, message=f"{hidden.message}: {reason.detail or reason.reason}")


def _surprises(schema: Schema, system: System) -> Iterator[Finding]:
    """What the database would do of itself when a plan changes mapped rows."""
    for table in schema.tables:
        if entry := system.by_name.get(table.name):
            unread = (trigger.name for trigger in table.triggers if trigger.name not in entry.triggers)
            own = (name for name in unread if not name.startswith((HISTORY, ENGINE)))
            yield from (finding("S237", where=f"{system.name}.{table.name}", subject=name) for name in own)
        elif _reached(table, system.by_name):
            yield finding("S238", where=f"{system.name}.{table.name}", subject=table.name)


def _reached(table: Table, mapped: Iterable[str]) -> bool:
    names = frozenset(mapped)
    return any(key.table in names and key.on_delete in _CASCADES for key in table.foreign_keys)
