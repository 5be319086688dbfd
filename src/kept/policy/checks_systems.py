"""Systems against the rest of the policy: links that lead somewhere, clocks that are mapped, kinds that are held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from kept.law.terms import COLUMN_EVENTS, Event, Fate
from kept.map.system import System, TableEntry
from kept.policy.build import pairs
from kept.policy.findings import Span
from kept.policy.model import Entry, Policy, Rule
from kept.policy.tables import maps, tables_of
from kept.policy.walk import Reading
from kept.policy.words import nearest

_DESTROYS: Final = frozenset({Fate.EMPTY, Fate.ANONYMISE})


def check_systems(policy: Policy, reading: Reading) -> None:
    """Report everything that is wrong between systems and the rest."""
    section = policy.sections["systems"]
    for system in policy.systems:
        entry = section[system.name]
        tables = dict(tables_of(entry, section))
        _system(reading, system, entry)
        for name, table in tables.items():
            _table(policy, reading, system, system.by_name[name], table)
    if policy.systems:
        _held(policy, reading)
        _clocks(policy, reading)


def _system(reading: Reading, system: System, entry: Entry) -> None:
    if _has_secret(system.url):
        reading.report("S110", "the address holds a password", entry.spans["url"])
    known = {*system.by_name, *system.ignored}
    for key in ("canary", "controllers"):
        table = pairs(entry, key).get("table")
        if table is not None and table not in known:
            _unlisted(reading, "S107", str(table), known, entry.spans[key])
    for table in system.ignored:
        if table in system.by_name:
            reading.report("S112", f"`{table}` is mapped and set aside", entry.spans["nothing-personal"])


def _has_secret(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return "@" in url


def _unlisted(reading: Reading, code: str, table: str, known: set[str], span: Span) -> None:
    close = nearest(table, known)
    note = f"did you mean `{close}`?" if close else ""
    listed = f"one of {', '.join(sorted(known)[:30])}" if known else "list the table under `tables`"
    reading.report(code, f"the table `{table}` is not mapped in this system", span, note=note, help=listed)


def _table(policy: Policy, reading: Reading, system: System, table: TableEntry, entry: Entry) -> None:
    _links(reading, system, table, entry)
    _columns(reading, table, entry)
    if "find-by" in entry.spans and "is" not in entry.spans:
        reading.report("S108", f"rows of `{table.name}` are no person", entry.spans["find-by"])
    if table.person and "find-by" not in entry.spans:
        reading.report("S109", f"nothing finds a person in `{table.name}`", entry.spans["is"])
    if "kind" not in entry.spans and not any(column.kind for column in table.columns.values()):
        reading.report("S111", f"`{table.name}` holds no kind of data", entry.span)
    kind = policy.data.get(table.kind or "")
    if table.person and kind and kind.people and not {table.person, "all"} & set(kind.people):
        message = f"rows of `{table.name}` are `{table.person}`, and `{kind.name}` is not declared for them"
        reading.report("S105", message, entry.spans["is"], beside=entry.spans["kind"])


def _links(reading: Reading, system: System, table: TableEntry, entry: Entry) -> None:
    known = set(system.by_name)
    short = isinstance(entry.values.get("of"), str)
    if (short and "via" not in entry.spans) or ("via" in entry.spans and not short and "of" not in entry.spans):
        reading.report(
            "S102", f"half a link on `{table.name}`", entry.spans.get("of", entry.spans.get("via", entry.span))
        )
    if not short and "via" in entry.spans and "of" in entry.spans:
        reading.report("S102", "`via` stands inside each path of a list", entry.spans["via"])
    of = [str(entry.values["of"])] if short else [str(item.get("table", "")) for item in maps(entry.values.get("of"))]
    for key, targets in {"of": of, "links": [str(i.get("to", "")) for i in maps(entry.values.get("links"))]}.items():
        for target in targets:
            if target and target not in known:
                _unlisted(reading, "S101", target, known, entry.spans[key])


def _columns(reading: Reading, table: TableEntry, entry: Entry) -> None:
    needed = {*table.key, *(clock.column for clock in table.on.values())}
    for name, column in table.columns.items():
        cells = {name: column, **{f"{name} {path}": cell for path, cell in column.json}}
        for cell, what in cells.items():
            if what.fate is Fate.KEEP and not what.reason:
                reading.report("S104", f"`{table.name}.{cell}` is kept without a reason", entry.spans["columns"])
        if column.fate in _DESTROYS and name in needed:
            message = f"`{table.name}.{name}` is a key or a clock, and its fate is {column.fate}"
            reading.report("S106", message, entry.spans["columns"])


def _held(policy: Policy, reading: Reading) -> None:
    held = {kind for system in policy.systems for table in system.tables for kind in kinds_of(table)}
    for name in policy.data:
        entry = policy.entry("data", name)
        if name not in held and entry is not None:
            reading.report("T309", f"no table holds `{name}`", entry.span)


def kinds_of(table: TableEntry) -> frozenset[str]:
    """The kinds of data a table holds: its own, its columns', and those inside JSON."""
    columns = table.columns.values()
    inner = (cell.kind for column in columns for _, cell in column.json)
    return frozenset(kind for kind in (table.kind, *(c.kind for c in columns), *inner) if kind)


def _clocks(policy: Policy, reading: Reading) -> None:
    for rule in policy.retention:
        event = Event.COLLECTED if rule.event is Event.END_OF_CALENDAR_YEAR else rule.event
        if event not in COLUMN_EVENTS:
            continue
        missing = list(_without_clock(policy, rule, event))
        if missing:
            entry = policy.sections["retention"][rule.name]
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""  # noqa: PLR2004 - a line has room for three
            message = f"`{event}` is not mapped for {', '.join(missing[:3])}{more}"
            reading.report("T308", message, entry.spans["from"])


def _without_clock(policy: Policy, rule: Rule, event: Event) -> Iterator[str]:
    for system in policy.systems:
        for table in system.tables:
            if kinds_of(table) & set(rule.data) and not _has_clock(system, table, event):
                yield f"{system.name}.{table.name}"


def _has_clock(system: System, table: TableEntry, event: Event) -> bool:
    """Whether the table, or one up its `of` path, maps the event to a column."""
    seen: set[str] = set()
    waiting = [table.name]
    while waiting:
        name = waiting.pop()
        found = system.by_name.get(name)
        if found is None or event in found.on:
            return True  # a table that is not mapped is a finding of its own
        if name in seen:
            continue
        seen.add(name)
        waiting.extend(parent.table for parent in found.parents)
    return False
