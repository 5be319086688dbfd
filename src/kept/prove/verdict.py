"""Evidence and verdicts as values: what a control found, and what that means for a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kept.law.terms import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One figure of a control: violations of a total in one place."""

    place: str
    """`shop.support_record`, `shop.account_user.email`, `documents/interests.md`."""
    violations: int
    total: int
    since: datetime | None = None
    """Since when it stands: the oldest violation's date where the data tells it, else the first proof that saw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one control saw for one citation. Texts are keys with parameters, so both languages agree."""

    control: str
    """`retention-count`, `declared-fields`, `document`, …"""
    verdict: Verdict
    reason: str
    """Key into `texts/`, filled with `facts`; says why, above all for broken and unproven."""
    facts: tuple[tuple[str, str], ...] = ()
    counts: tuple[Count, ...] = ()
    query: str = ""
    """What ran, with parameters named, never a personal value."""
    positive: str = ""
    """The positive control that passed: `canary shop.account_user`, `estimate`, …"""
    at: datetime | None = None
    entry: int | None = None
    """Ledger entry that records it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One promise of the register: id, kind and obligation in our own words, per language."""

    id: str
    kind: str
    obligation: str


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of the published text and the promises it carries."""

    text: str
    promises: tuple[str, ...]
    heading: int = 0
    """1 to 3 for a heading, 0 for running text."""
    paragraph: int = 0
    """Sentences with the same number stand in one paragraph."""
    item: bool = False
    """A list item."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The verdict of one promise: where the policy binds it and what was seen."""

    promise: Promise
    verdict: Verdict
    bound: tuple[str, ...] = ()
    """`retention.crm.keep`; empty when uncovered."""
    rule: str = ""
    """The line of the policy in words, as the file has it."""
    line: int | None = None
    evidence: tuple[Evidence, ...] = ()
    set_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Board:
    """The promise board as a value: rendered as page, terminal, JSON and exit code."""

    controller: str
    title: str
    version: str
    address: str
    at: datetime
    timezone: str
    policy_digest: str
    sentences: tuple[Sentence, ...]
    proofs: tuple[Proof, ...]
    head: str = ""
    """Signed ledger head (size:root) the board was made at."""
    findings: tuple[str, ...] = ()
    """Warnings that touch no single promise."""
    language: str = ""
    """Language of the published text (`de`), for readers aloud and hyphens; empty: not known."""
    fresh_within: timedelta = timedelta(hours=24)
    """How long the board may be believed; a page opened later says so."""
