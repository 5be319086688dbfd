"""JSON: stable, versioned, complete, and the same whoever reads it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from tests.samples import board_sample as sample

from kept.law.terms import Verdict
from kept.prove.export import board_json
from kept.prove.verdict import Board, Count, Evidence, Promise, Proof, Sentence


def exported(board: Board) -> dict[str, Any]:
    """What a reader of the JSON gets back."""
    found: dict[str, Any] = json.loads(json.dumps(board_json(board), allow_nan=False))
    return found


def test_version_one_has_exactly_these_fields() -> None:
    made = exported(sample.board())
    assert made["kept-board"] == 1
    assert list(made) == [
        *("kept-board", "controller", "title", "version", "address", "language", "at", "timezone"),
        *("fresh-within-seconds", "policy-digest", "ledger-head", "exit", "counts", "sentences", "proofs", "findings"),
    ]
    assert list(made["sentences"][0]) == ["text", "promises", "verdict", "heading", "paragraph", "item"]
    proof = next(p for p in made["proofs"] if p["verdict"] == "broken")
    assert list(proof) == [
        *("promise", "kind", "obligation", "verdict", "bound", "rule", "line", "set-by", "evidence"),
    ]
    assert list(proof["evidence"][0]) == [
        *("control", "verdict", "reason", "facts", "counts", "query", "positive", "at", "ledger-entry"),
    ]
    assert proof["evidence"][0]["counts"][0] == {
        "place": "video.account",
        "violations": 203,
        "total": 41203,
        "since": "2025-03-15T00:00:00+00:00",
    }


def test_no_field_of_a_value_is_left_out() -> None:
    made = exported(sample.board())
    proof = next(p for p in made["proofs"] if p["verdict"] == "broken")
    for value, shown in ((Board, made), (Proof, proof), (Sentence, made["sentences"][0])):
        assert len(fields(value)) <= len(shown) + 2, f"{value.__name__} has grown"
    evidence = proof["evidence"][0]
    assert len(fields(Evidence)) == len(evidence)
    assert len(fields(Count)) == len(evidence["counts"][0])


def test_counts_and_exit_code_agree_with_the_proofs() -> None:
    board = sample.board()
    made = exported(board)
    assert made["counts"] == {v.value: sum(p.verdict is v for p in board.proofs) for v in Verdict}
    assert list(made["counts"]) == ["kept", "broken", "unproven", "vouched", "uncovered", "noted"]
    assert made["exit"] == 1
    assert exported(sample.board(sentences=(), proofs=()))["exit"] == 0


def test_a_sentence_carries_its_worst_verdict_or_none() -> None:
    proofs = tuple(
        Proof(promise=Promise(id=v.value, kind="", obligation=""), verdict=v) for v in (Verdict.KEPT, Verdict.BROKEN)
    )
    sentences = (Sentence(text="a", promises=("kept", "broken")), Sentence(text="b", promises=()))
    made = exported(sample.board(sentences=sentences, proofs=proofs))
    assert [s["verdict"] for s in made["sentences"]] == ["broken", None]


def test_a_promise_that_only_the_text_names_is_exported_as_uncovered() -> None:
    made = exported(sample.board(sentences=(Sentence(text="a", promises=("P-9",)),), proofs=()))
    assert [(p["promise"], p["verdict"]) for p in made["proofs"]] == [("P-9", "uncovered")]


def test_the_same_board_gives_the_same_bytes() -> None:
    assert json.dumps(board_json(sample.board())) == json.dumps(board_json(sample.board()))
