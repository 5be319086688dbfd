"""Load a policy file: all findings at once, and the frozen policy when none of them is an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kept.law.terms import RequestKind
from kept.policy import build, tables
from kept.policy.checks import check, check_register
from kept.policy.cite import citations
from kept.policy.codes import finding
from kept.policy.findings import Exit, Finding, Refused, Severity, Span
from kept.policy.keys import BUILT_IN_CHANNELS, BY_NAME, RESERVED, SECTIONS, VERSION
from kept.policy.model import Citation, Entry, Policy
from kept.policy.nodes import List, Map, Node, Word, parse
from kept.policy.shapes import Record, Section
from kept.policy.source import Source, read_source
from kept.policy.text import Registered, read_promises
from kept.policy.walk import Place, Reading, bad_name, expect, read_record, require_keys, unknown
from kept.policy.words import is_name

UNREAD = frozenset({"P001", "P002", "P003", "P004", "P005", "P006", "P007", "P008"})
"""Findings that mean the file could not be read at all."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A policy file as it was read; no policy when a finding is an error."""

    path: Path
    policy: Policy | None
    findings: tuple[Finding, ...]
    source: Source | None
    register: tuple[Registered, ...] = ()
    """The promises of `text.promises`, in its order."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that stop."""
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)


def load_policy(path: Path) -> Loaded:
    """Read and check a policy file; never raises for what stands in it."""
    source, findings = read_source(path)
    if source is None:
        return Loaded(path=path, policy=None, findings=findings, source=None)
    root, faults = parse(source)
    if root is None:
        empty = () if faults else (finding("P006", "the file is empty", Span(file=source.name, line=1, column=1)),)
        return Loaded(path=path, policy=None, findings=(*faults, *empty), source=source)
    reading = Reading(names=_names(root))
    reading.findings.extend(faults)
    policy = _policy(reading, root, source)
    register = _registered(policy, reading, path.parent) if policy else ()
    return _loaded(source, policy, reading, register)


def require(path: Path) -> Policy:
    """The policy of a file, or a refusal with everything that is wrong with it."""
    loaded = load_policy(path)
    if loaded.policy is not None:
        return loaded.policy
    unread = any(found.code in UNREAD for found in loaded.errors)
    raise Refused(*loaded.errors, exit_code=Exit.COULD_NOT_RUN if unread else Exit.BROKEN)


def _loaded(source: Source, policy: Policy | None, reading: Reading, register: tuple[Registered, ...]) -> Loaded:
    findings = tuple(sorted(reading.findings, key=_order))
    sound = policy is not None and all(found.severity is not Severity.ERROR for found in findings)
    good = replace(policy, promises=tuple(p.id for p in register)) if sound and policy else None
    return Loaded(path=source.path, policy=good, findings=findings, source=source, register=register)


def _order(found: Finding) -> tuple[int, int, str]:
    first = found.spans[0] if found.spans else None
    return (first.line, first.column, found.code) if first else (0, 0, found.code)


def _policy(reading: Reading, root: Node, source: Source) -> Policy | None:
    if not expect(reading, root, Map) or not isinstance(root, Map):
        return None
    _top(reading, root)
    for section in SECTIONS:
        node = root.get(section.name)
        if node is not None:
            _section(reading, section, node)
    policy = _assembled(reading, source, citations(reading))
    check(policy, reading)
    return policy


def _registered(policy: Policy, reading: Reading, folder: Path) -> tuple[Registered, ...]:
    """The promises of the register; what is cited must be among them."""
    text = policy.entry("text")
    if text is None or policy.text.promises is None:
        if policy.citations:
            reading.report("P124", "promises are cited, and no register lists them", policy.citations[0].span)
        return ()
    register, faults = read_promises(folder / policy.text.promises)
    for fault in faults:
        where = text.spans["promises"]
        reading.report("P126", f"`{policy.text.promises}`: {fault.message}", where, beside=fault.spans[0])
    if register:
        check_register(policy, reading, frozenset(promise.id for promise in register))
    return register


def _assembled(reading: Reading, source: Source, cited: tuple[Citation, ...]) -> Policy:
    sections = _by_section(reading)
    data = build.data(sections["data"])
    text = build.prose(sections["text"].get(""), _defects(reading, cited))
    return Policy(
        path=source.name,
        digest=source.digest,
        controller=build.controller(sections["controller"].get("")),
        people=build.people(sections["people"]),
        data=data,
        retention=build.rules(sections["retention"], tuple(data), reading),
        systems=tables.systems(sections["systems"]),
        safety=build.safety(sections["safety"].get("")),
        citations=cited,
        text_version=build.version(text),
        text=text,
        sections=sections,
    )


def _defects(reading: Reading, cited: tuple[Citation, ...]) -> Iterator[tuple[str, str]]:
    words = {entry.span: entry.values.get("defect") for entry in reading.entries if entry.name == "defects"}
    for citation in cited:
        if (
            citation.section == "text"
            and citation.key == "defects"
            and (word := words.get(citation.at or citation.span))
        ):
            yield citation.promise, str(word)


def _by_section(reading: Reading) -> dict[str, dict[str, Entry]]:
    found: dict[str, dict[str, Entry]] = {name: {} for name in BY_NAME}
    for entry in reading.entries:
        section = found[entry.section]
        section[entry.name if entry.name not in section else f"{entry.name}.{entry.span.line}"] = entry
    return found


def _top(reading: Reading, root: Map) -> None:
    known = ("kept", *BY_NAME)
    for word, _ in root.pairs:
        if word.text not in known:
            unknown(reading, "P011", f"there is no section `{word.text[:40]}`", word, known)
    for section in SECTIONS:
        if section.required and root.get(section.name) is None:
            reading.report("P012", f"the section `{section.name}` is missing", root.span, help=section.doc)
    version = root.get("kept")
    if not isinstance(version, Word) or version.text != VERSION:
        span = root.span if version is None else version.span
        reading.report("P014", "the file does not begin with `kept: 1`", span)


def _section(reading: Reading, section: Section, node: Node) -> None:
    if section.listed:
        _listed(reading, section, node)
        return
    if not expect(reading, node, Map) or not isinstance(node, Map):
        return
    fixed = {key.name for key in section.fixed} | {"says"}
    own = Map(pairs=tuple(pair for pair in node.pairs if pair[0].text in fixed), span=node.span)
    _own_keys(reading, section, own)
    for word, value in node.pairs:
        if word.text not in fixed:
            _entry(reading, section, word, value)


def _own_keys(reading: Reading, section: Section, own: Map) -> None:
    if not own.pairs and not section.fixed:
        return
    keys = (*section.fixed, *(section.entry.keys if section.entry else ()))
    entry = read_record(reading, own, Record(keys=keys, main=section.main), Place(section=section.name), own.span)
    for key in section.fixed:
        if key.required and key.name not in entry.values and own.get(key.name) is None:
            reading.report("P012", f"the key `{key.name}` is missing", own.span, help=f"`{key.name}`: {key.doc}")
    statements = own.get("statements")
    if section.name == "text" and isinstance(statements, List):
        reading.statements.extend((entry, item) for item in statements.items if isinstance(item, Word))


def _entry(reading: Reading, section: Section, word: Word, value: Node) -> None:
    if section.entry is None:
        unknown(reading, "P011", f"there is no key `{word.text[:40]}` here", word, (k.name for k in section.fixed))
    elif section.names and word.text not in (*section.names, *RESERVED):
        unknown(reading, "P102", f"unknown word `{word.text[:40]}`", word, section.names)
    elif not is_name(word.text):
        bad_name(reading, word)
    elif expect(reading, value, Map) and isinstance(value, Map):
        if word.text not in RESERVED:
            require_keys(reading, value, section.entry, word.span)
        read_record(reading, value, section.entry, Place(section=section.name, element=word.text), word.span)


def _listed(reading: Reading, section: Section, node: Node) -> None:
    if not expect(reading, node, List) or not isinstance(node, List) or section.entry is None:
        return
    for number, item in enumerate(node.items, start=1):
        if expect(reading, item, Map) and isinstance(item, Map):
            require_keys(reading, item, section.entry, item.span)
            read_record(reading, item, section.entry, Place(section=section.name, element=str(number)), item.span)


def _names(root: Node) -> dict[str, frozenset[str]]:
    """What the file declares, so that every reference can be checked where it stands."""
    found = {section.name: frozenset(_declared(root, section)) for section in SECTIONS}
    requests = root.get("requests") if isinstance(root, Map) else None
    channels = requests.get("channels") if isinstance(requests, Map) else None
    names = {word.text for word, _ in channels.pairs} if isinstance(channels, Map) else set()
    return {
        **found,
        "channels": frozenset(names) | frozenset(BUILT_IN_CHANNELS),
        "requests": found["requests"] | frozenset(RequestKind),
    }


def _declared(root: Node, section: Section) -> Iterator[str]:
    node = root.get(section.name) if isinstance(root, Map) else None
    if not isinstance(node, Map):
        return
    taken = {key.name for key in section.fixed} | {"says", *RESERVED}
    yield from (word.text for word, _ in node.pairs if word.text not in taken)
