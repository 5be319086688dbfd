"""The verb `kept schema`: a JSON Schema (2020-12) for editors, written from the registry of the grammar."""

from __future__ import annotations

from typing import Any, Final

from kept.law.terms import UNDECIDED
from kept.policy.keys import RESERVED, SECTIONS, SET_BY, VERSION
from kept.policy.shapes import Either, Key, Kind, Listed, Many, Named, Pairs, Record, Section, Shape, Value

Json = dict[str, Any]

_NAME: Final = r"^[^\W_A-Z]+(-[^\W_A-Z]+)*$"
_PERIOD: Final = r"[0-9]{1,7} (hour|day|month|year)s?|at once"
_KEEP: Final = (
    rf"^(undecided|no longer|while (account-open|hold|in-backup|needed)"
    rf"|at (most|least) (undecided|customer-set|{_PERIOD}))$"
)
_IDS: Final[Json] = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}

_KINDS: Final[dict[Kind, Json]] = {
    Kind.TEXT: {"type": ["string", "number", "boolean"]},
    Kind.NAME: {"type": "string", "pattern": _NAME},
    Kind.REFERENCE: {"type": "string"},
    Kind.PERIOD: {"type": "string", "pattern": f"^({_PERIOD})$"},
    Kind.KEEP: {"type": "string", "pattern": _KEEP},
    Kind.DAY: {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    Kind.NUMBER: {"type": "integer", "minimum": 0, "maximum": 200},
    Kind.SHARE: {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3})? ?%$"},
    Kind.FLAG: {"type": "boolean"},
    Kind.COUNTRY: {"type": "string", "pattern": "^[A-Z]{2}$"},
    Kind.ZONE: {"type": "string"},
    Kind.LANGUAGE: {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Z]{2})?$"},
    Kind.PROMISE: {"type": "string", "pattern": r"^[^\s{},]{1,64}$"},
}


def json_schema() -> Json:
    """The schema of the whole file."""
    sections = {section.name: _section(section) for section in SECTIONS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Kept policy",
        "type": "object",
        "properties": {"kept": {"const": int(VERSION), "description": "Version of the grammar."}, **sections},
        "required": ["kept", *(section.name for section in SECTIONS if section.required)],
        "additionalProperties": False,
    }


def _section(section: Section) -> Json:
    if section.listed and section.entry is not None:
        return {"type": "array", "items": _record(section.entry), "description": section.doc}
    keys = (*section.fixed, *(section.entry.keys if section.entry else ()))
    properties = {key.name: _key(key) for key in section.fixed}
    properties["says"] = _says(keys, section.main)
    schema: Json = {
        "type": "object",
        "description": section.doc,
        "properties": properties,
        "required": [key.name for key in section.fixed if key.required],
        "additionalProperties": False,
    }
    if section.entry is not None:
        _entries(schema, section, section.entry)
    else:
        properties[SET_BY.name] = _key(SET_BY)
    return schema


def _entries(schema: Json, section: Section, entry: Record) -> None:
    for name in RESERVED:
        schema["properties"].setdefault(name, _record(entry, general=True))
    if section.names:
        schema["properties"].update({name: _record(entry) for name in section.names})
    else:
        schema["additionalProperties"] = _record(entry)
        schema["propertyNames"] = {"pattern": _NAME}


def _record(record: Record, *, general: bool = False) -> Json:
    properties = {key.name: _key(key) for key in record.keys}
    if record.main:
        properties["says"] = _says(record.keys, record.main)
        properties[SET_BY.name] = _key(SET_BY)
    required = [] if general else [key.name for key in record.keys if key.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _says(keys: tuple[Key, ...], main: str) -> Json:
    cited = dict.fromkeys((main, *(key.name for key in keys)), _IDS)
    by_key: Json = {"type": "object", "properties": cited, "additionalProperties": False}
    return {"anyOf": [_IDS, by_key], "description": f"Promise ids; a list cites `{main}`."}


def _key(key: Key) -> Json:
    told = f" Without it: {key.default}." if key.default else ""
    return {**_shape(key.shape), "description": f"{key.doc}{told}"}


def _shape(shape: Shape) -> Json:
    match shape:
        case Value():
            return _value(shape)
        case Pairs():
            return {"type": "object", "propertyNames": _one(shape.key), "additionalProperties": _shape(shape.value)}
        case Record():
            return _record(shape)
        case Named():
            names: Json = {} if shape.free else {"propertyNames": {"pattern": _NAME}}
            return {"type": "object", "additionalProperties": _record(shape.record), **names}
        case Listed():
            return {"type": "array", "items": _record(shape.record)}
        case Either():
            return {"anyOf": [_value(shape.short), _shape(shape.long)]}
        case _:
            return {"not": {}}


def _value(value: Value) -> Json:
    if value.many is Many.ONE:
        return _one(value)
    several: Json = {"type": "array", "items": _alone(value), "uniqueItems": True}
    literals = [*value.also, *([UNDECIDED] if value.undecided else [])]
    if value.many is Many.EITHER:
        return {"anyOf": [_one(value), several]}
    return {"anyOf": [several, {"enum": literals}]} if literals else several


def _one(value: Value) -> Json:
    literals = [*value.also, *([UNDECIDED] if value.undecided else [])]
    alone = _alone(value)
    if value.kind is Kind.WORD:
        return {"enum": [*value.words, *literals]}
    return {"anyOf": [alone, {"enum": literals}]} if literals else alone


def _alone(value: Value) -> Json:
    if value.kind is Kind.WORD:
        return {"enum": [*value.words]}
    return _KINDS[value.kind]
