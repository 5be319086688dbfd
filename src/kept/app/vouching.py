"""`kept vouch`: a role affirms a pledge, for its review period, on the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from kept.app.context import Context
from kept.law.periods import Edge, Period, until
from kept.policy.findings import Finding, could_not_run
from kept.policy.model import Citation, Entry
from kept.records.ledger import Draft as Entry_
from kept.records.ledger import Kind
from kept.store import evidence, ledger


def vouch(context: Context, promises: Sequence[str], role: str) -> dict[str, date]:
    """Record the affirmation; all faults at once, nothing recorded when there is one. The last day it holds, by id."""
    pledged = {c.promise: c for c in context.policy.citations if c.section == "pledges"}
    faults = [fault for promise in promises for fault in _faults(context, promise, role, pledged)]
    if faults or not promises:
        raise could_not_run(*(faults or [_finding("no promise is named", "kept vouch ID … --as ROLE")]))
    zone = context.policy.controller.timezone
    days = {p: until(context.now, _review(context, pledged[p]), zone, Edge.CEILING) for p in promises}
    with context.store.write() as tx:
        for promise, day in days.items():
            end = datetime.combine(day, time(), ZoneInfo(zone))
            evidence.vouch_for(tx, evidence.Vouch(promise=promise, role=role, at=context.now, valid_until=end))
        ledger.append(tx, [Entry_(kind=Kind.VOUCHED, actor=role, counts=dict.fromkeys(days, 1))], at=context.now)
    return days


def _faults(context: Context, promise: str, role: str, pledged: dict[str, Citation]) -> list[Finding]:
    citation = pledged.get(promise)
    if citation is None:
        return [_finding(f"{promise} is no pledge: a program checks it, or nothing binds it", "kept prove --all")]
    owner = _entry(context, citation).items("owner")
    if role not in owner:
        return [_finding(f"{promise} is owned by {', '.join(owner)}", f"--as {owner[0] if owner else 'ROLE'}")]
    return []


def _review(context: Context, citation: Citation) -> Period:
    review = _entry(context, citation).values.get("review")
    if isinstance(review, Period):
        return review
    raise could_not_run(_finding(f"{citation.promise} has no review period", "add `review: 12 months` to the pledge"))


def _entry(context: Context, citation: Citation) -> Entry:
    entry = context.policy.entry("pledges", citation.element)
    if entry is None:
        raise could_not_run(_finding(f"{citation.promise} has no pledge in the file", "kept check"))
    return entry


def _finding(message: str, help: str) -> Finding:  # noqa: A002 - the field's name
    return Finding(code="R103", message=message, where="kept vouch", help=help)
