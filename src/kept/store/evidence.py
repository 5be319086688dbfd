"""What controls saw, per citation, and what roles vouched for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from kept.law.terms import Verdict
from kept.prove.verdict import Count, Evidence
from kept.records.ledger import instant_of, instant_text
from kept.store.open import Tx
from kept.store.tables import evidence, vouch


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One piece of evidence and the citation it is for."""

    promise: str
    bound: str
    """`retention.crm.keep`."""
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """A named role affirmed what no program can check, until a date."""

    promise: str
    role: str
    at: datetime
    valid_until: datetime
    note: str = ""


def save(tx: Tx, seen: Iterable[Seen], *, at: datetime, entry: int | None = None) -> int:
    """Add evidence; `at` and the ledger entry stand in where a piece has none. How many."""
    rows = [_row(each, at, entry) for each in seen]
    if rows:
        tx.connection.execute(insert(evidence), rows)
    return len(rows)


def latest(tx: Tx, promise: str | None = None) -> tuple[Seen, ...]:
    """The newest evidence of each control for each citation; of one promise or of all."""
    newest = select(func.max(evidence.c.id)).group_by(evidence.c.promise, evidence.c.bound, evidence.c.control)
    if promise is not None:
        newest = newest.where(evidence.c.promise == promise)
    rows = tx.connection.execute(select(evidence).where(evidence.c.id.in_(newest)).order_by(evidence.c.id))
    return tuple(_seen(row) for row in rows)


def history(tx: Tx, promise: str, *, limit: int = 50) -> tuple[Seen, ...]:
    """What was seen for one promise, newest first."""
    query = select(evidence).where(evidence.c.promise == promise).order_by(evidence.c.id.desc()).limit(limit)
    return tuple(_seen(row) for row in tx.connection.execute(query))


def forget_before(tx: Tx, instant: datetime) -> int:
    """Delete evidence older than an instant; how many. The ledger keeps that it was there."""
    return tx.connection.execute(delete(evidence).where(evidence.c.at < instant)).rowcount


def vouch_for(tx: Tx, given: Vouch) -> None:
    """Record that a role affirms a promise."""
    values = {
        "promise": given.promise,
        "role": given.role,
        "at": given.at,
        "valid_until": given.valid_until,
        "note": given.note,
    }
    tx.connection.execute(insert(vouch).values(values))


def vouches(tx: Tx) -> dict[str, Vouch]:
    """The newest vouch per promise, valid or not: the control says which."""
    newest = select(func.max(vouch.c.id)).group_by(vouch.c.promise)
    rows = tx.connection.execute(select(vouch).where(vouch.c.id.in_(newest)))
    return {
        row.promise: Vouch(promise=row.promise, role=row.role, at=row.at, valid_until=row.valid_until, note=row.note)
        for row in rows
    }


def _row(each: Seen, at: datetime, entry: int | None) -> dict[str, object]:
    found = each.evidence
    return {
        "promise": each.promise,
        "bound": each.bound,
        "control": found.control,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "facts": json.dumps(found.facts),
        "counts": json.dumps([_count_facts(count) for count in found.counts]),
        "query": found.query,
        "positive": found.positive,
        "at": found.at or at,
        "entry": entry if found.entry is None else found.entry,
    }


def _seen(row: Row[Any]) -> Seen:
    found = Evidence(
        control=row.control,
        verdict=Verdict(row.verdict),
        reason=row.reason,
        facts=tuple((name, value) for name, value in json.loads(row.facts)),
        counts=tuple(_count(facts) for facts in json.loads(row.counts)),
        query=row.query,
        positive=row.positive,
        at=row.at,
        entry=row.entry,
    )
    return Seen(promise=row.promise, bound=row.bound, evidence=found)


def _count_facts(count: Count) -> list[object]:
    since = instant_text(count.since) if count.since else None
    return [count.place, count.violations, count.total, since]


def _count(facts: list[Any]) -> Count:
    place, violations, total, since = facts
    return Count(place=place, violations=violations, total=total, since=instant_of(since) if since else None)
