"""The promise board as JSON: stable and versioned; a new field is no new version, a changed one is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from kept.prove.judge import exit_code, proofs_of, tally, worst
from kept.prove.verdict import Board, Count, Evidence, Proof, Sentence

VERSION: Final = 1


def board_json(board: Board) -> dict[str, object]:
    """The board in plain JSON types; texts stay keys with facts, so any language can be written from it."""
    proofs = proofs_of(board)
    return {
        "kept-board": VERSION,
        "controller": board.controller,
        "title": board.title,
        "version": board.version,
        "address": board.address,
        "language": board.language,
        "at": board.at.isoformat(),
        "timezone": board.timezone,
        "fresh-within-seconds": int(board.fresh_within.total_seconds()),
        "policy-digest": board.policy_digest,
        "ledger-head": board.head,
        "exit": int(exit_code(proofs.values())),
        "counts": {verdict.value: n for verdict, n in tally(proofs.values()).items()},
        "sentences": [_sentence(s, proofs) for s in board.sentences],
        "proofs": [_proof(p) for p in proofs.values()],
        "findings": list(board.findings),
    }


def _sentence(sentence: Sentence, proofs: Mapping[str, Proof]) -> dict[str, object]:
    verdict = worst(proofs[name].verdict for name in sentence.promises)
    return {
        "text": sentence.text,
        "promises": list(sentence.promises),
        "verdict": verdict.value if verdict else None,
        "heading": sentence.heading,
        "paragraph": sentence.paragraph,
        "item": sentence.item,
    }


def _proof(proof: Proof) -> dict[str, object]:
    return {
        "promise": proof.promise.id,
        "kind": proof.promise.kind,
        "obligation": proof.promise.obligation,
        "verdict": proof.verdict.value,
        "bound": list(proof.bound),
        "rule": proof.rule,
        "line": proof.line,
        "set-by": proof.set_by,
        "evidence": [_evidence(e) for e in proof.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, object]:
    return {
        "control": evidence.control,
        "verdict": evidence.verdict.value,
        "reason": evidence.reason,
        "facts": dict(evidence.facts),
        "counts": [_count(c) for c in evidence.counts],
        "query": evidence.query,
        "positive": evidence.positive,
        "at": _instant(evidence.at),
        "ledger-entry": evidence.entry,
    }


def _count(count: Count) -> dict[str, object]:
    return {
        "place": count.place,
        "violations": count.violations,
        "total": count.total,
        "since": _instant(count.since),
    }


def _instant(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
