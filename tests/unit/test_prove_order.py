"""Controls run side by side: the order of the board does not change, and whoever interrupts does not wait."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from kept.app import proving
from kept.prove.controls import registry


def citations(number: int) -> Any:
    made = [SimpleNamespace(promise=f"P-{n}", section="data", element=f"e{n}", key="fields") for n in range(number)]
    return SimpleNamespace(citations=[SimpleNamespace(**vars(each), undecided=False) for each in made])


def test_evidence_stands_in_the_order_of_the_citations(monkeypatch: pytest.MonkeyPatch) -> None:
    last = threading.Event()

    def evidence(citation: Any, *_: Any) -> str:
        if citation.element == "e0":
            assert last.wait(10), "the second control was not run beside the first"
        else:
            last.set()
        return str(citation.element)

    monkeypatch.setattr(registry, "evidence", evidence)
    seen: Any = proving._evidence(citations(3), SimpleNamespace(), lambda _done, _all: None)  # type: ignore[arg-type]
    assert {promise: [found for _, found in each] for promise, each in seen.items()} == {
        "P-0": ["e0"],
        "P-1": ["e1"],
        "P-2": ["e2"],
    }


def test_an_interrupt_does_not_run_what_was_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    interrupted = threading.Event()

    def evidence(citation: Any, *_: Any) -> str:
        begun.append(citation.element)
        if citation.element != "e0":
            interrupted.wait(0.2)
        return "seen"

    def interrupt(_done: int, _all: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "evidence", evidence)
    with pytest.raises(KeyboardInterrupt):
        proving._evidence(citations(50), SimpleNamespace(), interrupt)  # type: ignore[arg-type]
    assert 0 < len(begun) < 10
