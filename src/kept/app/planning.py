"""`kept plan`: trigger, policy and map become a sealed plan, saved under its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kept.app import people as named_people
from kept.app.canaries import condemned, lost
from kept.app.context import Context
from kept.app.people import People
from kept.decide.draft import RETENTION, Draft, Trigger, draft
from kept.decide.plan import Named, Plan, canonical, seal
from kept.policy.findings import Finding, stopped
from kept.ports import Keys
from kept.records.ledger import Draft as Entry
from kept.records.ledger import Kind
from kept.store import ledger, runs
from kept.store.sealed import destroy_expired
from kept.systems.sql.system import SqlSystem
from kept.work.measure import Counted, measure


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, and whether there is anything to do."""

    plan: Plan
    drafts: tuple[Draft, ...]

    @property
    def text(self) -> str:
        """The file `--out` writes."""
        return canonical(self.plan)


def retention(context: Context) -> Planned:
    """What the clock asks for at `as_of`, over all systems. A canary that is declared must be found."""
    drafts = drafted(context, RETENTION)
    if doubts := [doubt for system in context.systems.values() for doubt in lost(system, needed=False)]:
        raise stopped(*doubts)
    _spared(context, drafts, {})
    return _saved(context, drafts, measured(context, drafts, {}), None)


def erasure(context: Context, people: People) -> Planned | None:
    """What a granted erasure of these people asks for; None when they are nowhere, the canaries being found."""
    wanted = named_people.kinds(context, "erasure")
    keys = named_people.resolve(context, people, wanted)
    if not named_people.heads(context, keys):
        return None
    drafts = drafted(context, Trigger(kind="erasure", people=wanted))
    _spared(context, drafts, keys)
    counted = measured(context, drafts, keys)
    return _saved(context, drafts, counted, named_people.sealed(context, people, wanted, keys))


def drafted(context: Context, trigger: Trigger, as_of: datetime | None = None) -> tuple[Draft, ...]:
    """The drafts of every system, or a refusal with every objection of all of them."""
    if not context.maps:
        raise stopped(
            Finding(
                code="S305",
                message="the policy names no system, so there is nothing to plan over",
                where="systems",
                help="add a `systems` section; `kept init URL` drafts one",
            )
        )
    instant = as_of or context.as_of
    drafts = tuple(draft(context.policy, bound, trigger, instant) for bound in context.maps.values())
    objections = [finding for each in drafts for finding in each.objections]
    why = "a count through a filter proves nothing and a deletion through it misses rows"
    for each in drafts:
        objections += concealed(context.systems[each.system], [case.table for case in each.cases], why)
    if objections:
        raise stopped(*dict.fromkeys(objections))
    return drafts


def measured(context: Context, drafts: tuple[Draft, ...], keys: Mapping[str, Keys]) -> Counted:
    """Counts of every case."""
    counted: Counted = {}
    for each in drafts:
        counted |= measure(context.systems[each.system], each, keys.get(each.system, {}))
    return counted


def concealed(system: SqlSystem, tables: Sequence[str], why: str) -> list[Finding]:
    """A view, a policy or a lost grant in the way of these tables: what is counted or read through it would lie."""
    return [
        Finding(
            code="S306",
            message=f"`{hidden.table}` may hide rows ({hidden.reason})",
            where=f"{system.name}.{hidden.table}",
            why=why,
            help="map the table itself and give the role unfiltered access (`kept doctor`)",
        )
        for hidden in system.concealed(tables)
    ]


def _spared(context: Context, drafts: tuple[Draft, ...], keys: Mapping[str, Keys]) -> None:
    doomed = [found for d in drafts for found in condemned(context.systems[d.system], d, keys.get(d.system, {}))]
    if doomed:
        raise stopped(*doomed)


def _saved(context: Context, drafts: tuple[Draft, ...], counted: Counted, named: Named | None) -> Planned:
    plan = seal(drafts, context.maps, counted, policy=context.policy.digest, named=named)
    text = canonical(plan)
    stored = runs.StoredPlan(
        digest=hashlib.sha256(text.encode()).hexdigest(),
        kind=plan.trigger,
        text=text,
        trigger_id=plan.reference,
        at=context.now,
        expires_at=datetime.fromisoformat(plan.expires),
    )
    counts = {f"{step.system}.{step.table}": 0 for step in plan.steps}
    for step in plan.steps:
        counts[f"{step.system}.{step.table}"] += step.rows
    links = {"plan": stored.digest, "policy": context.policy.digest}
    with context.store.write() as tx:
        destroy_expired(tx, context.now)
        if runs.save_plan(tx, stored):
            ledger.append(
                tx, [Entry(kind=Kind.PLAN_MADE, actor="engineer", counts=counts, links=links)], at=context.now
            )
    return Planned(plan=plan, drafts=drafts)


def write(planned: Planned, out: Path) -> None:
    """Write the plan file; nothing in it names a person."""
    out.write_text(planned.text, encoding="utf-8")
