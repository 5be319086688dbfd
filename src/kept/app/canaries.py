"""The positive control of a system: its canary row, found with the credential in use (law 5)."""

from __future__ import annotations

from kept.decide.draft import Draft
from kept.decide.select import Equals, every
from kept.policy.findings import Finding
from kept.ports import CountQuery, Keys
from kept.systems.sql.system import SqlSystem


def lost(system: SqlSystem, *, needed: bool) -> list[Finding]:
    """Why «nothing found» would prove nothing here; `needed` says whether a canary must be declared at all."""
    canary = system.bound.system.canary
    if canary is None:
        return [_finding(system, "no canary is declared")] if needed else []
    return [] if system.found(canary) else [_finding(system, "the canary row is not found")]


def condemned(system: SqlSystem, draft: Draft, keys: Keys) -> list[Finding]:
    """A plan must not delete the row that vouches for its verification: it would end unverified, and for ever."""
    canary = system.bound.system.canary
    case = next((case for case in draft.cases if canary and case.table == canary.table), None)
    if canary is None or case is None or len(key := system.bound.tables[canary.table].key) != 1:
        return []
    goes = case.rows_in([number for number, row in enumerate(case.classes) if row.whole])
    where = every(Equals(column=key[0], value=canary.key), goes)
    if not sum(system.count(CountQuery(table=case.table, flags=(), where=where, cuts=draft.cuts, keys=keys)).values()):
        return []
    return [
        Finding(
            code="S327",
            message=f"the plan would delete its own canary, a row of `{canary.table}`",
            where=f"{system.name}.canary",
            why="without its canary nothing could be verified after the run",
            help="name another row, one that always stays: `canary: {table: TABLE, key: KEY}`",
        )
    ]


def _finding(system: SqlSystem, message: str) -> Finding:
    return Finding(
        code="S315",
        message=message,
        where=system.name,
        why="without a positive control “nothing found” would prove nothing",
        help="check the credential, and name a row that is always there: `canary: {table: TABLE, key: KEY}`",
    )
