"""An invented company's board with 160 promises and every verdict; the sentences are ours.

Letters behind a sentence are its promises: k kept, b broken, u unproven, v vouched, n noted, . uncovered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kept import texts
from kept.law.terms import Verdict
from kept.prove.verdict import Board, Count, Evidence, Promise, Proof, Sentence

AT = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
VERDICTS = {
    "k": Verdict.KEPT,
    "b": Verdict.BROKEN,
    "u": Verdict.UNPROVEN,
    "v": Verdict.VOUCHED,
    "n": Verdict.NOTED,
    ".": Verdict.UNCOVERED,
}
TEXT = Path(__file__).with_name("policy.txt").read_text("utf-8")
UNPLACED = (
    ("k", "Im Protokoll der Zugriffe steht keine Nutzlast."),
    ("u", "Die Widerspruchsliste gilt auch für importierte Adressen."),
    ("b", "Kein Feld außerhalb der erklärten enthält E-Mail-Adressen."),
)
TABLES = ("account", "account_user", "call", "support_case", "crm_note", "login")
REASONS = ("reason.never-ran", "reason.stale", "sample.no-number", "sample.unreachable")
ROWS = (41203, 980, 128344, 17, 2310077, 5120)


def board(**changes: object) -> Board:
    """The sample, with fields changed at will."""
    sentences, proofs = _read()
    facts: dict[str, object] = {
        "controller": "Fernblick AS",
        "title": "Datenschutzerklärung der Fernblick AS",
        "version": "2026-05-01",
        "address": "https://fernblick.example/datenschutz",
        "at": AT,
        "timezone": "Europe/Oslo",
        "policy_digest": "9f2c41d07be35a1188c0e4b6d95f7a2036ce81bb4d7f0a95e3c2616ad8845b1e",
        "sentences": sentences,
        "proofs": proofs,
        "head": "1841:3b7e0f5c9ad2e4188f60c1b7a94d2e35",
        "language": "de",
        "findings": ("3 Tabellen sind keiner Datenart zugeordnet: video.tmp_import, video.feature_flag, video.jobs.",),
    }
    return Board(**{**facts, **changes})  # type: ignore[arg-type]


def _read() -> tuple[tuple[Sentence, ...], tuple[Proof, ...]]:
    sentences: list[Sentence] = []
    proofs: list[Proof] = []
    for number, line in enumerate(_lines()):
        text, codes = line[1]
        ids = tuple(f"FB-{len(proofs) + i + 1}" for i in range(len(codes)))
        proofs += [proof(name, code, text) for name, code in zip(ids, codes, strict=True)]
        marks = re.match(r"(#{1,3}|-)? ?(.*)", text)
        assert marks is not None
        sign, words = marks[1] or "", marks[2]
        level = len(sign) if sign.startswith("#") else 0
        paragraph = 1000 + number if sign == "-" or level else line[0]
        sentences.append(Sentence(text=words, promises=ids, heading=level, paragraph=paragraph, item=sign == "-"))
    proofs += [proof(f"FB-X{i}", code, text) for i, (code, text) in enumerate(UNPLACED, 1)]
    return tuple(sentences), tuple(proofs)


def _lines() -> Iterator[tuple[int, tuple[str, str]]]:
    paragraph = 0
    for line in TEXT.strip().splitlines():
        if not line.strip():
            paragraph += 1
            continue
        found = re.fullmatch(r"(.*?)(?: \{([kbuvn.]+)\})?", line)
        assert found is not None
        yield paragraph, (found[1], found[2] or "")


def proof(name: str, code: str, text: str) -> Proof:
    """One promise and its evidence; the figures follow from the number of the promise."""
    verdict = VERDICTS[code]
    promise = Promise(id=name, kind="retention", obligation=f"In eigenen Worten: {text.lstrip('- ')}")
    if verdict in {Verdict.UNCOVERED, Verdict.NOTED}:
        return Proof(promise=promise, verdict=verdict)
    number = int(re.sub(r"\D", "", name))
    make = {Verdict.KEPT: kept, Verdict.BROKEN: broken, Verdict.UNPROVEN: unproven, Verdict.VOUCHED: vouched}[verdict]
    return Proof(
        promise=promise,
        verdict=verdict,
        bound=("retention.support.keep",),
        rule="support: {from: account-closed, keep: at most 3 years, then: delete, says: [FB-67]}",
        line=112,
        evidence=(make(number),),
        set_by="privacy-officer" if name.endswith("7") else None,
    )


def kept(number: int) -> Evidence:
    """Nothing past its date."""
    return _counted(number, 0)


def broken(number: int) -> Evidence:
    """Some rows past their date."""
    return _counted(number, 3 + ROWS[number % 6] % 313)


def _counted(number: int, violations: int) -> Evidence:
    table, rows = f"video.{TABLES[number % 6]}", ROWS[number % 6]
    since = datetime(2025, 3, 1 + violations % 27, tzinfo=UTC) if violations else None
    return Evidence(
        control="retention-count",
        verdict=Verdict.BROKEN if violations else Verdict.KEPT,
        reason="sample.past" if violations else "sample.none-past",
        facts=(("n", str(violations)), ("cut", "2023-11-24")),
        counts=(
            Count(place=table, violations=violations, total=rows, since=since),
            Count(place="video.account_archive", violations=0, total=418),
        ),
        query=f"SELECT count(*) FROM {table} AS t JOIN video.account AS a ON a.id = t.account_id\n"
        "WHERE a.closed_at < :cut_support",
        positive="canary video.account",
        at=AT - timedelta(minutes=2),
        entry=1800 + number,
    )


def unproven(number: int) -> Evidence:
    """No valid evidence, for one of four reasons."""
    reason = REASONS[number % 4]
    facts = (("at", (AT - timedelta(days=9)).isoformat()), ("hours", "24"), ("system", "video"), ("key", "keep"))
    at = None if reason == "reason.never-ran" else AT - timedelta(days=9)
    return Evidence(control="retention-count", verdict=Verdict.UNPROVEN, reason=reason, facts=facts, at=at)


def vouched(number: int) -> Evidence:
    """A role stands for it."""
    return Evidence(
        control="pledge",
        verdict=Verdict.VOUCHED,
        reason="sample.vouched",
        facts=(("until", "2027-03-01"),),
        at=AT - timedelta(days=41),
        entry=1200 + number,
    )


def with_sample_texts(patch: Any) -> None:
    """Let the sample's own reasons be known while a test runs; `patch` is pytest's monkeypatch."""
    written = [*texts._sources(), ("sample", Path(__file__).with_name("texts.toml").read_text("utf-8"))]
    patch.setattr(texts, "_sources", lambda: iter(written))
    texts.catalogue.cache_clear()
