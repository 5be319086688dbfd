"""Write docs/reference from the code: verbs, keys of the policy file, finding codes.

`python -m docs.generate` (or `make docs`) writes; a test compares, so the reference cannot fall behind.
"""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Union, get_args, get_origin, get_type_hints

from cyclopts import Parameter

from kept.app.codes import every
from kept.cli.main import VERBS
from kept.policy.codes import Code
from kept.policy.findings import Exit, Severity
from kept.policy.keys import CHECK_CONTROLS, SECTIONS, SET_BY, VERSION
from kept.policy.shapes import Either, Key, Kind, Listed, Many, Named, Pairs, Record, Section, Shape, Value

REFERENCE: Final = Path(__file__).parent / "reference"
NOTE: Final = "<!-- Written by `python -m docs.generate` from the code; edit the code, not this file. -->"


def pages() -> dict[str, str]:
    """Every page of the reference by file name."""
    return {"verbs.md": _page(_verbs()), "policy-file.md": _page(_policy_file()), "findings.md": _page(_findings())}


def _page(lines: Iterator[str]) -> str:
    return "\n".join((NOTE, "", *lines)).rstrip() + "\n"


# Verbs


def _verbs() -> Iterator[str]:
    yield from ("# Verbs", "", "Every verb leaves with one of these exit codes.", "", "| Code | Name |", "|---|---|")
    yield from (f"| {int(code)} | {code.name.lower().replace('_', ' ')} |" for code in Exit)
    for name, line in VERBS:
        verb = getattr(importlib.import_module(f"kept.cli.{name}"), name)
        yield from ("", f"## kept {name}", "", line, "")
        yield from _sentences(inspect.getdoc(verb) or "")
        yield from ("", "| Parameter | Values | Default | Meaning |", "|---|---|---|---|")
        yield from _parameters(verb)


def _sentences(doc: str) -> Iterator[str]:
    for part in doc.split("\n\n"):
        yield from re.split(r"(?<=[.!?]) (?=[A-Z`])", " ".join(part.split()))


def _parameters(verb: Callable[..., int]) -> Iterator[str]:
    hints = get_type_hints(verb, include_extras=True)
    found = inspect.signature(verb).parameters
    if not found:
        yield "| none | | | |"
    for name, parameter in found.items():
        kind, told = _annotated(hints[name])
        option = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        shown = f"`{_option(name, told)}`" if option else f"`{name.upper()}`"
        default = "required" if parameter.default is inspect.Parameter.empty else _default(parameter.default)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            shown, default = f"`{name.upper()} …`", "none"
        yield f"| {shown} | {_values(kind)} | {default} | {(told.help or '').replace('|', chr(92) + '|')} |"


def _annotated(hint: object) -> tuple[object, Parameter]:
    if get_origin(hint) is not Annotated:
        return hint, Parameter()
    kind, *rest = get_args(hint)
    return kind, next((each for each in rest if isinstance(each, Parameter)), Parameter())


def _option(name: str, told: Parameter) -> str:
    named = told.name
    if isinstance(named, str):
        return named
    return next(iter(named)) if named else "--" + name.replace("_", "-")


def _default(value: object) -> str:
    return "none" if value is None else "off" if value is False else f"`{value}`"


def _values(kind: object) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    if get_origin(kind) in {Union, typing.get_origin(int | None)}:
        return ", ".join(_values(each) for each in get_args(kind) if each is not type(None))
    return {"Path": "file", "str": "text", "int": "number", "bool": "flag"}.get(getattr(kind, "__name__", ""), "text")


# The policy file


def _policy_file() -> Iterator[str]:
    yield from ("# The policy file", "", f"A file begins with `kept: {VERSION}`.")
    yield "Any element may carry `says`: the ids of the promises it is bound to, as a list or key by key."
    yield f"Any element may carry `set-by`: {_small(SET_BY.doc)}"
    yield "The last column names what proves a promise bound to the key; plumbing keys carry no promises."
    yield "A promise whose control does not run yet is unproven on the board, with that reason."
    for section in SECTIONS:
        yield from _section(section)
    yield from ("", "## What proves `measures.check`", "", "| Word | Proven by |", "|---|---|")
    yield from (f"| `{check}` | {control} |" for check, control in CHECK_CONTROLS.items())
    yield "| every other | config check in the system |"


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {section.name}", "", section.doc)
    if section.names:
        yield "Its entries are called " + ", ".join(f"`{name}`" for name in section.names) + "."
    if section.fixed:
        yield from ("", *_table(section.fixed, section.name))
    if section.entry:
        middle = f"{section.name}[]" if section.listed else f"{section.name}.NAME"
        yield from ("", *_table(section.entry.keys, middle))


def _table(keys: tuple[Key, ...], path: str) -> Iterator[str]:
    yield from ("| Key | What stands there | Meaning | Proven by |", "|---|---|---|---|")
    for key in keys:
        yield from _rows(key, path)


def _rows(key: Key, path: str) -> Iterator[str]:
    name = f"{path}.{key.name}"
    extra = " Required." if key.required else f" Default: {key.default}." if key.default else ""
    yield f"| `{name}` | {_shape(key.shape)} | {key.doc}{extra} | {key.control or '–'} |"
    below = _below(key.shape)
    if below:
        inner, suffix = below
        for each in inner.keys:
            yield from _rows(each, name + suffix)


def _below(shape: Shape) -> tuple[Record, str] | None:
    match shape:
        case Record():
            return shape, ""
        case Named():
            return shape.record, ".NAME"
        case Listed():
            return shape.record, "[]"
        case Either():
            return _below(shape.long)
        case Pairs():
            found = _below(shape.value)
            return (found[0], ".NAME" + found[1]) if found else None
        case _:
            return None


def _shape(shape: Shape) -> str:
    match shape:
        case Value():
            return _value(shape)
        case Pairs():
            return f"map from {_value(shape.key)} to {_shape(shape.value)}"
        case Record():
            return "map"
        case Named():
            return "map of named elements"
        case Listed():
            return "list of maps"
        case Either():
            return f"{_value(shape.short)}, or {_shape(shape.long)}"
        case _:
            return "reserved"


def _value(value: Value) -> str:
    words = ", ".join(f"`{word}`" for word in value.words)
    said = f"one of {words}" if words else _kind(value)
    said += "".join(f" or `{word}`" for word in value.also)
    said += " or `undecided`" if value.undecided else ""
    return {Many.ONE: said, Many.LIST: f"list: {said}", Many.EITHER: f"one or a list: {said}"}[value.many]


def _kind(value: Value) -> str:
    if value.kind is Kind.REFERENCE:
        return "name from " + ", ".join(f"`{section}`" for section in value.refers)
    return str(value.kind.value)


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


# Findings


def _findings() -> Iterator[str]:
    yield from ("# Findings", "")
    yield "Every message about a fault carries one of these codes; `kept explain CODE` prints the same page."
    yield "The first letter says where it comes from."
    yield from ("", "| Letter | About |", "|---|---|")
    yield from (f"| {letter} | {about} |" for letter, about in LETTERS.items())
    for _, code in sorted(every().items()):
        yield from _code(code)


LETTERS: Final = {
    "C": "collection and consent",
    "K": "Kept's own store",
    "L": "the ledger",
    "P": "the policy file and the command line",
    "R": "rights and the people a request names",
    "S": "systems, plans and runs",
    "T": "retention",
}


def _code(code: Code) -> Iterator[str]:
    yield from ("", f"## {code.code}: {code.title}", "")
    if code.severity is not Severity.ERROR:
        yield f"Severity: {code.severity.value}."
    yield from _sentences(code.page)
    if code.why:
        yield from ("", f"Why: {code.why}")
    if code.help:
        yield from ("", f"Next step: {code.help}")


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
