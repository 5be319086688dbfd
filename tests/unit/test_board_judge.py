"""Verdicts: what several checks of one promise mean together, what time does to them, and how a run ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from kept.law.terms import Verdict
from kept.policy.findings import Exit
from kept.prove.judge import (
    NEVER_RAN,
    STALE,
    WORST_FIRST,
    aged,
    exit_code,
    judged,
    of_evidence,
    proofs_of,
    tally,
    worst,
)
from kept.prove.verdict import Board, Evidence, Promise, Proof, Sentence

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
K, B, U, V = Verdict.KEPT, Verdict.BROKEN, Verdict.UNPROVEN, Verdict.VOUCHED


def evidence(verdict: Verdict, at: datetime | None = NOW) -> Evidence:
    return Evidence(control="retention-count", verdict=verdict, reason="figure.any", at=at)


def proof(name: str, verdict: Verdict) -> Proof:
    return Proof(promise=Promise(id=name, kind="", obligation=""), verdict=verdict)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ((), U),
        ((K,), K),
        ((K, K), K),
        ((B, K), B),
        ((U, B, K), B),
        ((K, U), U),
        ((V,), V),
        ((K, V), V),
        ((V, U), U),
        ((Verdict.NOTED,), Verdict.NOTED),
        ((K, Verdict.NOTED), U),
        ((K, V, Verdict.UNCOVERED), U),
    ],
)
def test_a_promise_checked_in_several_places_is_kept_only_if_every_place_is(
    seen: tuple[Verdict, ...], expected: Verdict
) -> None:
    assert of_evidence([evidence(v) for v in seen]) is expected


def test_the_order_of_evidence_never_matters_and_a_violation_always_wins() -> None:
    for seen in product(Verdict, repeat=3):
        forth = of_evidence([evidence(v) for v in seen])
        assert forth is of_evidence([evidence(v) for v in reversed(seen)])
        assert (forth is B) == (B in seen)
        assert (forth is K) == (set(seen) == {K})


def test_a_sentence_wears_its_worst_verdict_and_one_without_promises_wears_none() -> None:
    assert worst(()) is None
    for better in range(len(WORST_FIRST)):
        assert worst(WORST_FIRST[better:][::-1]) is WORST_FIRST[better]
    assert WORST_FIRST == (B, U, Verdict.UNCOVERED, V, K, Verdict.NOTED)


def test_kept_evidence_turns_unproven_the_moment_it_is_older_than_its_window() -> None:
    just = evidence(K, NOW - DAY)
    assert aged(just, now=NOW, fresh_within=DAY) is just
    late = aged(evidence(K, NOW - DAY - timedelta(seconds=1)), now=NOW, fresh_within=DAY)
    assert (late.verdict, late.reason) == (U, STALE)
    assert dict(late.facts) == {"at": "2026-11-23T11:59:59+00:00", "hours": "24"}


def test_evidence_from_a_distant_future_is_not_fresh_for_ever() -> None:
    assert aged(evidence(K, NOW + timedelta(days=9)), now=NOW, fresh_within=DAY).verdict is U
    assert aged(evidence(K, NOW + timedelta(minutes=1)), now=NOW, fresh_within=DAY).verdict is K


def test_evidence_without_a_time_never_ran() -> None:
    assert aged(evidence(K, None), now=NOW, fresh_within=DAY) == Evidence(
        control="retention-count", verdict=U, reason=NEVER_RAN
    )


@pytest.mark.parametrize("verdict", [B, U, V])
def test_waiting_never_improves_a_verdict(verdict: Verdict) -> None:
    old = evidence(verdict, NOW - 400 * DAY)
    assert aged(old, now=NOW, fresh_within=DAY) is old


def test_a_promise_that_nothing_binds_is_uncovered_whatever_was_seen() -> None:
    promise = Promise(id="P-1", kind="", obligation="")
    found = judged(promise, [evidence(K)], bound=(), now=NOW, fresh_within=DAY)
    assert found == Proof(promise=promise, verdict=Verdict.UNCOVERED)


def test_a_bound_promise_that_nothing_checked_is_unproven_and_says_so() -> None:
    promise = Promise(id="P-1", kind="", obligation="")
    found = judged(promise, [], bound=("retention.crm.keep",), now=NOW, fresh_within=DAY)
    assert (found.verdict, found.evidence[0].reason) == (U, NEVER_RAN)


def test_a_bound_promise_is_judged_by_its_evidence_as_it_counts_now() -> None:
    promise = Promise(id="P-1", kind="", obligation="")
    stale = [evidence(K), evidence(K, NOW - 2 * DAY)]
    found = judged(promise, stale, bound=("retention.crm.keep",), now=NOW, fresh_within=DAY)
    assert (found.verdict, [e.verdict for e in found.evidence]) == (U, [K, U])
    assert found.bound == ("retention.crm.keep",)


def test_every_verdict_is_counted_and_shown_even_at_zero() -> None:
    assert tally([]) == dict.fromkeys((K, B, U, V, Verdict.UNCOVERED, Verdict.NOTED), 0)
    counts = tally([proof("a", K), proof("b", K), proof("c", Verdict.NOTED)])
    assert (counts[K], counts[Verdict.NOTED], sum(counts.values())) == (2, 1, 3)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((), Exit.FINE),
        ((K, V, Verdict.UNCOVERED, Verdict.NOTED), Exit.FINE),
        ((K, U), Exit.PENDING),
        ((K, U, B), Exit.BROKEN),
        ((B,), Exit.BROKEN),
    ],
)
def test_prove_ends_with_the_code_of_its_worst_finding(verdicts: tuple[Verdict, ...], code: Exit) -> None:
    assert exit_code(proof(str(i), v) for i, v in enumerate(verdicts)) is code


def test_a_promise_that_only_a_sentence_names_is_uncovered_and_not_forgotten() -> None:
    board = Board(
        controller="",
        title="",
        version="",
        address="",
        at=NOW,
        timezone="UTC",
        policy_digest="",
        sentences=(Sentence(text="x", promises=("P-1", "P-2")),),
        proofs=(proof("P-1", B),),
    )
    proofs = proofs_of(board)
    assert {name: p.verdict for name, p in proofs.items()} == {"P-1": B, "P-2": Verdict.UNCOVERED}
