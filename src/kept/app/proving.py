"""`kept prove`: run the control of every citation on live data and lay the board out as a value."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kept.app.context import Context
from kept.app.remarks import remarks
from kept.law.periods import Period, Unit
from kept.law.terms import Verdict
from kept.map.system import System
from kept.policy import text as prose_of
from kept.policy.findings import Refused
from kept.policy.model import Citation, Policy
from kept.prove.controls import registry
from kept.prove.controls.papers import Vouch, read_shelf
from kept.prove.controls.retention import RETENTION_COUNT, retention
from kept.prove.controls.witness import Inspection, Witness
from kept.prove.judge import judged, tally
from kept.prove.verdict import Board, Evidence, Promise, Proof, Sentence
from kept.records.ledger import Draft as Entry
from kept.records.ledger import Kind
from kept.store import evidence as evidence_store
from kept.store import ledger, texts
from kept.store.sealed import destroy_expired
from kept.systems.sql.system import open_system
from kept.texts import Lang

MORE: Mapping[registry.Key, registry.Control] = {
    ("retention", key): retention for key in ("keep", "from", "then", "ground", "law")
}
"""Controls that other rooms offer; `app` collects them."""

Ticked = Callable[[int, int], None]
"""(promises done, promises in all)."""


@dataclass(frozen=True, kw_only=True)
class Proven:
    """The board, and what stands in the ledger of it."""

    board: Board
    entry: int


def prove(context: Context, lang: str, ticked: Ticked | None = None) -> Proven:
    """Prove everything now. Evidence and one ledger entry are saved together."""
    inspection = _inspection(context)
    seen = _evidence(context.policy, inspection, ticked or (lambda _done, _all: None))
    at = datetime.now(UTC) if context.as_of == context.now else context.as_of
    standing = _standing(context, at)
    proofs = _proofs(context, lang, _dated(seen, standing), at)
    entry, head = _saved(context, _dated(seen, standing, first=context.now), proofs, inspection)
    recorded = tuple(
        replace(proof, evidence=tuple(replace(e, entry=entry) for e in proof.evidence)) for proof in proofs
    )
    board = _board(context, lang, recorded, at, head)
    reader: Lang = "de" if lang == "de" else "en"
    said = remarks(context, inspection, reader, _prose_file(context, lang))
    return Proven(board=replace(board, findings=said), entry=entry)


def _inspection(context: Context) -> Inspection:
    policy = context.policy
    with context.store.read() as tx:
        vouches = tuple(
            Vouch(promise=vouch.promise, role=vouch.role, at=vouch.at) for vouch in evidence_store.vouches(tx).values()
        )
        digests = texts.known(tx)
    return Inspection(
        policy=policy,
        as_of=context.as_of,
        witnesses=tuple(_witness(context, system) for system in policy.systems),
        shelf=read_shelf(context.folder / "documents"),
        prose=_prose(context.folder, policy),
        texts=digests,
        vouches=vouches,
    )


def _witness(context: Context, system: System) -> Witness:
    """A system that cannot be reached makes its promises unproven; the others are proven all the same."""
    try:
        opened = open_system(system, zone=context.policy.controller.timezone, env=context.env)
    except Refused as refused:
        return Witness(system, refused)
    return Witness(system, opened, bound=opened.bound)


def _prose(folder: Path, policy: Policy) -> str | None:
    try:
        return (folder / policy.text.file).read_text(encoding="utf-8") if policy.text.file else None
    except (OSError, UnicodeDecodeError):
        return None


Seen = dict[str, list[tuple[Citation, Evidence]]]


WORKERS = 2
"""Controls at work at once: a proof waits for the database, and must not crowd out those who work with it."""
Run = tuple[str, str, str, str]


def _evidence(policy: Policy, inspection: Inspection, ticked: Ticked) -> Seen:
    """Run each control once. The order of the board is that of the citations, whoever ends first."""
    first: dict[Run, Citation] = {}
    for citation in policy.citations:
        first.setdefault(_run(citation), citation)
    seen: Seen = {}
    with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="kept-proof") as pool:
        running = {run: pool.submit(registry.evidence, one, inspection, MORE) for run, one in first.items()}
        try:
            for number, citation in enumerate(policy.citations, start=1):
                seen.setdefault(citation.promise, []).append((citation, running[_run(citation)].result()))
                ticked(number, len(policy.citations))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever interrupts does not wait for the rest
    return seen


def _run(citation: Citation) -> Run:
    """Promises bound to the same key share one run of its control; those whose own id matters do not."""
    own = citation.promise if citation.section in {"text", "pledges"} or citation.undecided else ""
    return (citation.section, citation.element, citation.key, own)


Standing = Mapping[tuple[str, str, str], datetime]
"""Since when violations stand that the proof before this one saw, by promise, control and place."""


def _standing(context: Context, at: datetime) -> Standing:
    with context.store.read() as tx:
        before = evidence_store.latest(tx)
    return {
        (each.promise, each.evidence.control, count.place): count.since
        for each in before
        if each.evidence.verdict is Verdict.BROKEN
        for count in each.evidence.counts
        if count.violations and count.since and count.since <= at
    }


def _dated(seen: Seen, standing: Standing, *, first: datetime | None = None) -> Seen:
    """Let a violation that stood before say since when; what the data itself dates keeps its date.

    `first` dates those that are seen for the first time: by the clock, for a proof `as of` another day sees them today.
    """

    def dated(promise: str, found: Evidence) -> Evidence:
        if found.verdict is not Verdict.BROKEN or found.control == RETENTION_COUNT:
            return found
        known = {c.place: standing.get((promise, found.control, c.place), first) for c in found.counts if c.violations}
        return replace(found, counts=tuple(replace(c, since=known.get(c.place)) for c in found.counts))

    return {promise: [(c, dated(promise, e)) for c, e in found] for promise, found in seen.items()}


def _proofs(context: Context, lang: str, seen: Seen, at: datetime) -> tuple[Proof, ...]:
    fresh = _span(context.policy.safety.fresh_within)
    return tuple(_proof(promise, seen.get(promise.id, []), at, fresh, context) for promise in _register(context, lang))


def _proof(
    promise: Promise, found: list[tuple[Citation, Evidence]], at: datetime, fresh: timedelta, context: Context
) -> Proof:
    if not found:
        verdict = Verdict.NOTED if promise.id in context.policy.text.statements else Verdict.UNCOVERED
        return Proof(promise=promise, verdict=verdict)
    bound = tuple(dict.fromkeys(citation.place for citation, _ in found))
    made = judged(promise, [evidence for _, evidence in found], bound=bound, now=at, fresh_within=fresh)
    first = found[0][0]
    span = first.at or first.span
    return Proof(
        promise=promise,
        verdict=made.verdict,
        bound=made.bound,
        rule=first.rule,
        line=span.line,
        evidence=made.evidence,
        set_by=first.set_by,
    )


def _span(period: Period) -> timedelta:
    hours = {Unit.HOURS: 1, Unit.DAYS: 24, Unit.MONTHS: 24 * 30, Unit.YEARS: 24 * 365}[period.unit]
    return timedelta(hours=hours * period.count)


def _register(context: Context, lang: str) -> list[Promise]:
    """The register in the reader's language; promises the file cites beyond it come last."""
    name = context.policy.text.promises
    found: list[Promise] = []
    if name and (context.folder / name).is_file():
        with (context.folder / name).open(encoding="utf-8", newline="") as file:
            found = [
                Promise(
                    id=row["id"],
                    kind=row.get("kind", ""),
                    obligation=row.get(f"obligation_{lang}") or row["obligation"],
                )
                for row in csv.DictReader(file)
            ]
    known = {promise.id for promise in found}
    more = dict.fromkeys(citation.promise for citation in context.policy.citations if citation.promise not in known)
    return [*found, *(Promise(id=name, kind="", obligation="") for name in more)]


def _saved(context: Context, seen: Seen, proofs: tuple[Proof, ...], inspection: Inspection) -> tuple[int, str]:
    counts = {verdict.value: number for verdict, number in tally(proofs).items()}
    rows = [
        evidence_store.Seen(promise=promise, bound=citation.place, evidence=evidence)
        for promise, found in seen.items()
        for citation, evidence in found
    ]
    with context.store.write() as tx:
        destroy_expired(tx, context.now)
        links = {"policy": context.policy.digest}
        entry = Entry(kind=Kind.PROOF_MADE, actor="clock", counts=counts, links=links)
        appended = ledger.append(tx, [entry], at=context.now)
        evidence_store.save(tx, rows, at=context.now, entry=appended.first)
        version = context.policy.text.version
        if version and inspection.prose:
            texts.remember(tx, version, hashlib.sha256(inspection.prose.encode()).hexdigest())
    return appended.first, f"{appended.head.size}:{appended.head.root.hex()}"


def _board(context: Context, lang: str, proofs: tuple[Proof, ...], at: datetime, head: str) -> Board:
    policy = context.policy
    path = _prose_file(context, lang)
    lines = _sentences(path)
    title = next((line.text for line in lines if line.heading == 1), policy.controller.name)
    return Board(
        controller=policy.controller.name,
        title=title,
        version=policy.text.version or "",
        address=policy.text.address or "",
        at=at,
        timezone=policy.controller.timezone,
        policy_digest=policy.digest,
        sentences=lines,
        proofs=proofs,
        head=head,
        language=_language(context, path),
        fresh_within=_span(policy.safety.fresh_within),
    )


def _prose_file(context: Context, lang: str) -> Path | None:
    """The published text, in the reader's language where the company publishes it (`policy.de.md` → `policy.en.md`)."""
    name = context.policy.text.file
    if name is None:
        return None
    translated = context.folder / re.sub(r"\.[a-z]{2}(?=\.[a-z]+$)", f".{lang}", name)
    return translated if translated.is_file() else context.folder / name


def _language(context: Context, path: Path | None) -> str:
    """The language the text is written in: by its file's name, else the controller's first."""
    named = re.search(r"\.([a-z]{2})\.[a-z]+$", path.name) if path else None
    return named[1] if named else context.policy.controller.languages[0]


def _sentences(path: Path | None) -> tuple[Sentence, ...]:
    found = prose_of.read_prose(path)[0] if path else ()
    return tuple(
        Sentence(
            text=each.text,
            promises=each.promises,
            heading=min(each.heading, 3),
            paragraph=each.paragraph,
            item=each.item,
        )
        for each in found
    )
