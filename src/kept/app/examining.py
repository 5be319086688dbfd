"""`kept doctor` and `kept init`: what a system is, what the role may do, and a first map of one nobody has mapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kept.app.canaries import lost
from kept.app.context import Context
from kept.decide.closure import gap_findings
from kept.map.bound import Map
from kept.policy.findings import Finding, Refused, Severity
from kept.systems.sql import doctor
from kept.systems.sql import grants as granting
from kept.systems.sql.connect import connect
from kept.systems.sql.draft import draft
from kept.systems.sql.reflect import describe
from kept.systems.sql.system import SqlSystem, open_system


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was found in one place."""

    name: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]


def examine(context: Context, *, superuser: bool) -> tuple[Examined, ...]:
    """Every system and the store; one that cannot be reached does not hide the others."""
    zone = context.policy.controller.timezone
    found = []
    for system in context.policy.systems:
        try:
            opened = open_system(system, zone=zone, env=context.env)
        except Refused as refused:
            found.append(Examined(name=system.name, facts=(), findings=refused.findings))
            continue
        found.append(_examined(context, opened, superuser=superuser))
        opened.engine.dispose()
    return (*found, _store(context))


def grants(context: Context, role: str) -> tuple[str, ...]:
    """The minimal grants per system, as SQL for a person to read and run."""
    return tuple(
        granting.grants_sql(system.dialect, system.bound.system, system.bound.schema, role)
        for system in context.systems.values()
    )


def first_policy(url: str, name: str, env: Mapping[str, str]) -> str:
    """A reviewable first policy file for the database behind a URL."""
    engine = connect(url, name=name, env=env, readonly=True)
    try:
        variable = url.removeprefix("env:") if url.startswith("env:") else f"{name.upper()}_URL"
        return draft(describe(engine), name=name, url_env=variable)
    finally:
        engine.dispose()


def _examined(context: Context, system: SqlSystem, *, superuser: bool) -> Examined:
    declared = system.bound.system
    seen = doctor.examine(system.engine, system.bound.schema, declared, superuser=superuser, now=context.now)
    findings = [*seen.findings, *_gaps(system.bound)]
    canary, doubts = declared.canary, lost(system, needed=True)
    facts = (*seen.facts, ("canary", f"found in {canary.table}" if canary and not doubts else "not found"))
    return Examined(name=declared.name, facts=facts, findings=(*findings, *doubts))


def _gaps(bound: Map) -> list[Finding]:
    """Where policy and database do not meet. An unmapped table is a warning here and unproven on the board."""
    warnings = {
        "key-missing": (
            "S323",
            "the table has no key: rows can be deleted only by their link or clock",
            "declare `key: COLUMN` for it, or give it a primary key",
        ),
        "unmapped-table": (
            "S324",
            "the table is neither mapped nor under `nothing-personal`",
            "look at its columns, then map it under `tables` or list it under `nothing-personal`",
        ),
    }
    milder = [
        Finding(
            code=warnings[gap.what][0],
            message=warnings[gap.what][1],
            severity=Severity.WARNING,
            where=f"{bound.system.name}.{gap.table}",
            help=warnings[gap.what][2],
        )
        for gap in bound.gaps
        if gap.what in warnings
    ]
    return [*gap_findings(bound), *milder]


def _store(context: Context) -> Examined:
    try:
        store = context.store
    except Refused as refused:
        return Examined(name="kept's own store", facts=(), findings=refused.findings)
    facts = (("store", store.place), ("database", store.dialect), ("durable work", Path(context.journal).name))
    return Examined(name="kept's own store", facts=facts, findings=store.warnings)
