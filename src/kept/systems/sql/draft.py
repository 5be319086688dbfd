"""`kept init`: a first policy file for a visitor's own database. It deletes nothing: every period is undecided.

Each guess is marked `# guess`, each gap `# decide`; a reader goes through them from top to bottom.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from textwrap import fill
from typing import Final

from kept.law.terms import Event
from kept.map.schema import Column, Family, Schema
from kept.systems.sql.draft_guess import Guess, Link, Map, categories, guess

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_LISTED: Final = 10
_OF_ACCOUNTS: Final = (Event.ACCOUNT_CLOSED, Event.COLLECTED)
_OF_OTHERS: Final = (Event.CASE_CLOSED, Event.APPLICATION_DECIDED, Event.COLLECTED, Event.ACCOUNT_CLOSED)


def draft(
    schema: Schema,
    *,
    name: str,
    url_env: str,
    controller: str = "Company to be named",
    country: str = "DE",
    timezone: str = "Europe/Berlin",
    languages: tuple[str, ...] = ("de", "en"),
) -> str:
    """Write the draft of a policy over one system `name` whose URL stands in the environment as `url_env`."""
    mapped = guess(schema)
    who = f"name: {_text(controller)}, country: {country}, timezone: {timezone}, languages: [{', '.join(languages)}]"
    lines = [
        *_HEAD,
        "# decide: who answers",
        f"controller: {{{who}, contact: undecided}}",
        "",
        *_people(mapped),
        *_data(mapped),
        *_purposes(mapped),
        *_retention(mapped),
        *_requests(mapped),
        *_system(schema, mapped, name, url_env),
        "safety: {stop-above: 5 %, approve: [erasure], fresh-within: 24 hours}",
    ]
    return "\n".join(lines) + "\n"


_HEAD: Final = (
    "# A first draft by `kept init`, from the names in the catalogue alone: no row was read.",
    "# Go through every «guess» and every «decide»; `kept check` tells what is missing. Nothing is deleted while a",
    "# period is undecided.",
    "kept: 1",
)


def _people(mapped: Map) -> Iterator[str]:
    yield "people:                            # decide: are we controller or processor for each of them?"
    for person in mapped.people or ("person",):
        yield f"  {person}: {{role: undecided}}"
    yield ""


def _data(mapped: Map) -> Iterator[str]:
    yield "data:                              # guess: kinds by the names of tables, categories by the names of columns"
    for kind, guesses in _by_kind(mapped).items():
        found = categories(guesses)
        said = f", categories: [{', '.join(found)}]" if found else ""
        yield f"  {kind}: {{people: [{', '.join(_owners(mapped, guesses))}]{said}}}"
    if not mapped.tables:
        yield "  account: {people: [person]}       # decide: no table with people was recognised"
    yield ""


def _purposes(mapped: Map) -> Iterator[str]:
    kinds = ", ".join(_by_kind(mapped)) or "account"
    yield "purposes:                          # decide: what each kind is used for, and on which basis (Art. 6(1) GDPR)"
    yield "  provide-service:"
    yield "    basis: undecided"
    yield from fill(f"data: [{kinds}]", width=100, initial_indent="    ", subsequent_indent="           ").splitlines()
    yield ""


def _retention(mapped: Map) -> Iterator[str]:
    yield "# decide: every period; write `set-by: ROLE` beside one that the published text does not give"
    yield "retention:"
    for kind, guesses in _by_kind(mapped).items():
        event = _event(mapped, kind, guesses)
        yield f"  {kind}: {{from: {event}, keep: at most undecided, then: delete}}"
    if not mapped.tables:
        yield "  account: {from: undecided, keep: at most undecided, then: delete}"
    yield ""


def _event(mapped: Map, kind: str, guesses: list[Guess]) -> str:
    """The first event that every table of the kind has, itself or on its path upwards."""
    for event in _OF_ACCOUNTS if kind == "account" else _OF_OTHERS:
        if all(_reaches(mapped, guess, event) for guess in guesses):
            return event.value
    return "undecided"


def _reaches(mapped: Map, start: Guess, event: Event) -> bool:
    by_name = {guess.table.name: guess for guess in mapped.tables}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if event in dict(here.on):
            return True
        waiting.extend(by_name[link.to] for link in here.parents if not link.mention)
    return False


def _requests(mapped: Map) -> Iterator[str]:
    people = ", ".join(mapped.people or ("person",))
    yield "requests:"
    yield "  answer-within: 1 month           # Art. 12(3) GDPR"
    for right in ("access", "rectification", "erasure"):
        yield f"  {right}: {{for: [{people}]}}"
    yield ""


def _system(schema: Schema, mapped: Map, name: str, url_env: str) -> Iterator[str]:
    yield "systems:"
    yield f"  {name}:"
    yield f"    url: env:{url_env}"
    yield from _canary(mapped)
    yield "    clock: UTC                     # guess: zone of date columns without one"
    if mapped.tables:
        yield "    tables:"
    for entry in mapped.tables:
        yield from _table(entry)
    yield from _others(schema, mapped)
    yield ""


def _canary(mapped: Map) -> Iterator[str]:
    """A canary cannot be guessed: it is a row that always stays."""
    first = next((entry.table for entry in mapped.tables if len(entry.table.key) == 1), None)
    if first is not None:
        yield "    # decide: a row that always stays, found before «nothing found» is believed:"
        yield f"    # canary: {{table: {_text(first.name)}, key: 1}}"


def _table(entry: Guess) -> Iterator[str]:
    role = _role(entry)
    yield f"      {_text(entry.table.name)}:{' ' * max(1, 27 - len(_text(entry.table.name)))}# {role}"
    if entry.person:
        yield f"        is: {entry.person}"
    yield from _key(entry)
    yield from _parents(entry)
    if entry.find_by:
        yield f"        find-by: {{{', '.join(f'{type_}: {_text(column)}' for type_, column in entry.find_by)}}}"
    yield f"        kind: {entry.kind}"
    if entry.on:
        yield f"        on: {{{', '.join(f'{event}: {_clock(column)}' for event, column in entry.on)}}}"
    yield from _warnings(entry)


def _role(entry: Guess) -> str:
    if entry.shared:
        return "guess: shared by several people; goes with the last of them"
    if entry.person:
        return "guess: each row is a person"
    return "belongs to " + ", ".join(dict.fromkeys(_text(link.to) for link in entry.parents if not link.mention))


def _key(entry: Guess) -> Iterator[str]:
    table = entry.table
    if not table.key and not any(_whole(entry, columns) for columns in table.unique):
        yield "        # decide: no key names a row; write `key: [COLUMN, …]` of columns that do"


def _whole(entry: Guess, columns: tuple[str, ...]) -> bool:
    return not any(entry.table.by_name[column].nullable for column in columns)


def _parents(entry: Guess) -> Iterator[str]:
    note = "" if all(link.declared for link in entry.parents) else "   # guess: by name, no foreign key says so"
    if len(entry.parents) == 1 and entry.parents[0].mention is False and _by_key(entry.parents[0]):
        (link,) = entry.parents
        yield f"        of: {_text(link.to)}{note}"
        yield f"        via: {_columns(link.via)}"
    elif entry.parents:
        yield f"        of:{note}"
        for link in entry.parents:
            more = f", to: {_columns(link.referred)}" if not _by_key(link) else ""
            more += ", edge: mention" if link.mention else ""
            yield f"          - {{table: {_text(link.to)}, via: {_columns(link.via)}{more}}}"


def _by_key(link: Link) -> bool:
    """One column to one column: the parent's key is the default."""
    return len(link.via) == 1


def _clock(column: Column) -> str:
    formats = {Family.INTEGER: "epoch", Family.TEXT: "iso"}
    if column.family in formats:
        return f"{{column: {_text(column.name)}, format: {formats[column.family]}}}"
    return _text(column.name)


def _warnings(entry: Guess) -> Iterator[str]:
    for link in entry.left_out:
        yield f"        # guess: left out, {_text(link.to)} does not stand above this table: {_columns(link.via)}"
    if any(link.mention for link in entry.parents):
        yield "        # decide: a mention does not make the row that person's; `edge: own` would delete it with them"
    for trigger in entry.table.triggers:
        named = _text(trigger.name)
        yield f"        # decide: read trigger {named}; list it in `triggers` if it copies nothing personal"


def _others(schema: Schema, mapped: Map) -> Iterator[str]:
    if mapped.others:
        yield "    # decide: nothing in the names of these tables speaks of people. Look at each: what holds nothing"
        yield "    # personal is listed as `nothing-personal: [TABLE, …]`, the rest is mapped above."
        for start in range(0, len(mapped.others), _LISTED):
            yield "    #   " + ", ".join(_text(name) for name in mapped.others[start : start + _LISTED])
    views = [table.name for table in schema.tables if table.shape in ("view", "foreign")]
    if views:
        yield f"    # views and foreign tables are left out: {', '.join(map(_text, views))}"
    elsewhere = [table.name for table in schema.tables if "." in table.name and table.shape in ("table", "partitioned")]
    if elsewhere:
        yield f"    # decide: left out for the dot, as if of another schema: {', '.join(map(_text, elsewhere))}"


def _by_kind(mapped: Map) -> dict[str, list[Guess]]:
    kinds: dict[str, list[Guess]] = {}
    for entry in mapped.tables:
        kinds.setdefault(entry.kind, []).append(entry)
    return kinds


def _owners(mapped: Map, guesses: Iterable[Guess]) -> tuple[str, ...]:
    """People whose rows hold the kind: those up the path, or all."""
    by_name = {entry.table.name: entry for entry in mapped.tables}
    found: dict[str, None] = {}
    waiting = list(guesses)
    while waiting:
        here = waiting.pop(0)
        if here.person:
            found[here.person] = None
        waiting.extend(by_name[link.to] for link in here.parents if not link.mention)
    return tuple(found) or mapped.people or ("person",)


def _columns(names: tuple[str, ...]) -> str:
    return _text(names[0]) if len(names) == 1 else f"[{', '.join(map(_text, names))}]"


def _text(value: str) -> str:
    """A word of the file: bare where it is plain, else quoted with everything unusual escaped."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(map(_character, value)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
