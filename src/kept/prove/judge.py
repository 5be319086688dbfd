"""From evidence to verdicts: worst of several, staleness, counts, and the exit code of `kept prove`.

Two rules govern all of it. A check that did not run is unproven, never kept. And the passing of time never
improves a verdict: kept evidence grows stale, a violation stays one until a later check finds none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from kept.law.terms import Verdict
from kept.policy.findings import Exit
from kept.prove.verdict import Board, Evidence, Promise, Proof

STALE: Final = "reason.stale"
NEVER_RAN: Final = "reason.never-ran"

WORST_FIRST: Final = (
    Verdict.BROKEN,
    Verdict.UNPROVEN,
    Verdict.UNCOVERED,
    Verdict.VOUCHED,
    Verdict.KEPT,
    Verdict.NOTED,
)
COUNTED: Final = (Verdict.KEPT, Verdict.BROKEN, Verdict.UNPROVEN, Verdict.VOUCHED, Verdict.UNCOVERED)
"""The five counts of the board, in the order of its header; noted stands outside."""


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The verdict a sentence wears when it carries several promises; None when it carries none."""
    return min(verdicts, key=WORST_FIRST.index, default=None)


def of_evidence(evidence: Sequence[Evidence]) -> Verdict:
    """The verdict of one promise checked in several places: kept only if every place is, and there is one."""
    seen = {one.verdict for one in evidence}
    for decisive in (Verdict.BROKEN, Verdict.UNPROVEN):
        if decisive in seen:
            return decisive
    if seen == {Verdict.KEPT, Verdict.VOUCHED}:
        return Verdict.VOUCHED
    return seen.pop() if len(seen) == 1 else Verdict.UNPROVEN


def aged(evidence: Evidence, *, now: datetime, fresh_within: timedelta) -> Evidence:
    """Evidence as it counts now: kept turns unproven when undated, too old, or dated impossibly far ahead."""
    if evidence.verdict is not Verdict.KEPT:
        return evidence
    if evidence.at is None:
        return replace(evidence, verdict=Verdict.UNPROVEN, reason=NEVER_RAN, facts=())
    if abs(now - evidence.at) <= fresh_within:
        return evidence
    facts = (("at", evidence.at.isoformat()), ("hours", str(round(fresh_within / timedelta(hours=1)))))
    return replace(evidence, verdict=Verdict.UNPROVEN, reason=STALE, facts=facts)


def judged(
    promise: Promise,
    evidence: Sequence[Evidence],
    *,
    bound: tuple[str, ...],
    now: datetime,
    fresh_within: timedelta,
) -> Proof:
    """The proof of a promise: uncovered when nothing binds it, else what its aged evidence says."""
    if not bound:
        return Proof(promise=promise, verdict=Verdict.UNCOVERED)
    counted = tuple(aged(one, now=now, fresh_within=fresh_within) for one in evidence)
    counted = counted or (Evidence(control="", verdict=Verdict.UNPROVEN, reason=NEVER_RAN),)
    return Proof(promise=promise, verdict=of_evidence(counted), bound=bound, evidence=counted)


def proofs_of(board: Board) -> dict[str, Proof]:
    """Every promise of the board by id; one that only a sentence names is uncovered, not forgotten."""
    proofs = {proof.promise.id: proof for proof in board.proofs}
    for sentence in board.sentences:
        for name in sentence.promises:
            unknown = Promise(id=name, kind="", obligation="")
            proofs.setdefault(name, Proof(promise=unknown, verdict=Verdict.UNCOVERED))
    return proofs


def tally(proofs: Iterable[Proof]) -> dict[Verdict, int]:
    """How many promises have each verdict; every verdict is there, zero or not."""
    seen = Counter(proof.verdict for proof in proofs)
    return {verdict: seen[verdict] for verdict in (*COUNTED, Verdict.NOTED)}


def exit_code(proofs: Iterable[Proof]) -> Exit:
    """What `kept prove` ends with: 1 when something is broken, 4 when something is unproven, else 0."""
    counts = tally(proofs)
    if counts[Verdict.BROKEN]:
        return Exit.BROKEN
    return Exit.PENDING if counts[Verdict.UNPROVEN] else Exit.FINE
