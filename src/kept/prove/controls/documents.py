"""Documents: present, signed, complete, in date; the text's own date; a lawful basis for every purpose.

A document key is proven by `documents/<section>-<entry>-<key>.md`. What stands at `all` holds for every entry: each
has its own document, or `documents/<section>-all-<key>.md` names it among its clauses.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from kept.law.periods import Edge, Period, civil_day, last_day
from kept.law.terms import Basis
from kept.policy.model import Citation, Entry
from kept.prove.controls.answer import Fault, broken, kept, unproven
from kept.prove.controls.papers import Document
from kept.prove.controls.recognise import EEA
from kept.prove.controls.witness import Inspection
from kept.prove.verdict import Count, Evidence

DOCUMENT: Final = "document"
VERSION: Final = "text-version"
BASIS: Final = "basis"
RESERVED: Final = frozenset({"", "all", "other"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One document that must be there: for which entry, and what it must say."""

    entry: str
    names: tuple[str, ...]
    """File names, the entry's own first."""
    clauses: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    """What the document must name when it is the one of `all`."""
    not_older: Period | None = None


def version(citation: Citation, inspection: Inspection) -> Evidence:
    """The text bears a date that has come, and its words have not changed since that date was first seen."""
    at, said, prose = inspection.as_of, inspection.policy.text.version, inspection.prose
    if said is None:
        return unproven(VERSION, "reason.no-version", at)
    if not prose:
        return unproven(VERSION, "reason.text-unreadable", at, ("file", inspection.policy.text.file or ""))
    if not _carries(prose, citation.promise):
        return unproven(VERSION, "reason.sentence-missing", at, ("promise", citation.promise))
    digest = hashlib.sha256(prose.encode()).hexdigest()
    known = inspection.texts.get(said, digest)
    file = inspection.policy.text.file or ""
    if known != digest:
        facts = (("version", said), ("file", file))
        return broken(VERSION, "reason.text-changed", at, *facts, counts=[_count(file, bad=True)])
    if _to_come(said, civil_day(at, inspection.zone)):
        return unproven(VERSION, "reason.not-in-force", at, ("version", said))
    facts = (("version", said), ("digest", digest[:12]))
    counts = [_count(file, bad=False)]
    return kept(VERSION, "reason.version-stands", at, *facts, counts=counts, positive=f"text {{{citation.promise}}}")


def basis(citation: Citation, inspection: Inspection) -> Evidence:
    """Every purpose names a lawful basis, one of those the text lists."""
    general = inspection.policy.entry("purposes", "all")
    allowed = set(general.items("basis")) if general and general.items("basis") else set(Basis)
    chosen = _entries(citation, inspection)
    at = inspection.as_of
    if not chosen:
        return unproven(BASIS, "reason.no-purpose", at)
    counts, faults = [], []
    for entry in chosen:
        named = entry.items("basis")
        bad = not named or not set(named) <= allowed & set(Basis)
        counts.append(_count(f"purposes.{entry.name}", bad=bad))
        faults += [entry.name] if bad else []
    n = ("n", str(len(chosen)))
    if faults:
        return broken(BASIS, "reason.purpose-without-basis", at, ("purpose", faults[0]), n, counts=counts)
    return kept(BASIS, "reason.every-basis", at, n, counts=counts, positive=f"purposes.{chosen[0].name}")


def interest(citation: Citation, inspection: Inspection) -> Evidence:
    """The balancing test of every purpose that rests on a legitimate interest."""
    general = inspection.policy.entry("purposes", "all")
    wanted = [
        _wanted(citation, entry, also=[*entry.items("interest"), *(general.items("interest") if general else ())])
        for entry in _entries(citation, inspection)
        if Basis.LEGITIMATE_INTERESTS in entry.items("basis")
    ]
    return _shelf(inspection, wanted)


def assurance(citation: Citation, inspection: Inspection) -> Evidence:
    """A proof of security of every recipient, no older than promised."""
    wanted = []
    for entry in _entries(citation, inspection):
        age = _value(entry, "assurance", inspection)
        wanted.append(_wanted(citation, entry, not_older=age if isinstance(age, Period) else None))
    return _shelf(inspection, wanted)


def contract(citation: Citation, inspection: Inspection) -> Evidence:
    """A contract with every clause the policy asks for (Art. 28(3))."""
    wanted = []
    for entry in _entries(citation, inspection):
        clauses = _value(entry, "contract", inspection)
        asked = tuple(str(c) for c in clauses) if isinstance(clauses, tuple) else ()
        wanted.append(_wanted(citation, entry, clauses=asked))
    return _shelf(inspection, wanted)


def safeguard(citation: Citation, inspection: Inspection) -> Evidence:
    """What protects a transfer; a recipient in the EEA needs none, one whose country is unknown does (Art. 44)."""
    abroad = [e for e in _entries(citation, inspection) if not set(e.items("country")) & EEA]
    return _shelf(inspection, [_wanted(citation, entry) for entry in abroad])


def _shelf(inspection: Inspection, wanted: Sequence[Wanted]) -> Evidence:
    at = inspection.as_of
    if not inspection.shelf.present:
        return unproven(DOCUMENT, "reason.no-documents", at)
    if not wanted:
        return unproven(DOCUMENT, "reason.nothing-to-document", at)
    today = civil_day(at, inspection.zone)
    found = [(one, _fault(one, inspection.shelf.first(*one.names), today)) for one in wanted]
    counts = [_count(f"documents/{one.names[0]}", bad=fault is not None) for one, fault in found]
    faults = [fault for _, fault in found if fault]
    if faults:
        return broken(DOCUMENT, faults[0].reason, at, *faults[0].facts, counts=counts)
    return kept(
        DOCUMENT,
        "reason.documents-hold",
        at,
        ("n", str(len(found))),
        counts=counts,
        positive=_digests(inspection, wanted),
    )


def _fault(wanted: Wanted, document: Document | None, today: date) -> Fault | None:
    facts = (("file", f"documents/{(document.name if document else wanted.names[0])}"), ("entry", wanted.entry))
    if document is None:
        return Fault(reason="reason.document-missing", facts=facts)
    if not document.readable:
        return Fault(reason="reason.document-unreadable", facts=facts)
    if document.signed is None or document.signed > today:
        return Fault(reason="reason.document-unsigned", facts=facts)
    missing = [clause for clause in _asked(wanted, document) if clause not in document.clauses]
    if missing:
        return Fault(reason="reason.clause-missing", facts=(*facts, ("clause", missing[0])))
    ends = _ends(wanted, document)
    if ends is None:
        return Fault(reason="reason.document-undated", facts=facts)
    if today > ends:
        return Fault(reason="reason.document-expired", facts=(*facts, ("until", ends.isoformat())))
    return None


def _asked(wanted: Wanted, document: Document) -> tuple[str, ...]:
    return wanted.clauses if document.name == wanted.names[0] else (*wanted.clauses, *wanted.shared)


def _ends(wanted: Wanted, document: Document) -> date | None:
    """The day until which it counts: its own last day, and no longer than its age allows."""
    if document.valid_until is None or document.signed is None:
        return None
    if wanted.not_older is None:
        return document.valid_until
    return min(document.valid_until, last_day(document.signed, wanted.not_older, Edge.CEILING))


def _wanted(
    citation: Citation,
    entry: Entry,
    *,
    clauses: tuple[str, ...] = (),
    not_older: Period | None = None,
    also: Sequence[str] = (),
) -> Wanted:
    own = f"{entry.section}-{entry.name}-{citation.key}.md"
    names = dict.fromkeys([own, f"{entry.section}-all-{citation.key}.md", *(n for n in also if n.endswith(".md"))])
    return Wanted(entry=entry.name, names=tuple(names), clauses=clauses, shared=(entry.name,), not_older=not_older)


def _entries(citation: Citation, inspection: Inspection) -> list[Entry]:
    """The cited element; under `all`, every entry of the section."""
    section = inspection.policy.sections.get(citation.section, {})
    if citation.element not in RESERVED:
        return [section[citation.element]] if citation.element in section else []
    return [entry for name, entry in section.items() if name not in RESERVED]


def _value(entry: Entry, key: str, inspection: Inspection) -> object:
    general = inspection.policy.entry(entry.section, "all")
    return entry.values.get(key, general.values.get(key) if general else None)


def _digests(inspection: Inspection, wanted: Sequence[Wanted]) -> str:
    found = (inspection.shelf.first(*one.names) for one in wanted)
    return "; ".join(dict.fromkeys(f"{one.name} sha256:{one.digest[:12]}" for one in found if one))


def _carries(prose: str, promise: str) -> bool:
    """Whether a sentence of the text ends with the promise's id: the positive control of a text check."""
    return any(promise in re.split(r"[,;\s]+", ids) for ids in re.findall(r"\{([^{}\n]{1,2000})\}", prose))


def _to_come(version_: str, today: date) -> bool:
    try:
        return date.fromisoformat(version_) > today
    except ValueError:
        return False


def _count(place: str, *, bad: bool) -> Count:
    return Count(place=place, violations=int(bad), total=1)
