"""The grammar of the policy file as one registry: sections, keys, shapes, controls.

The loader, the JSON Schema (`kept schema`) and the reference read this table and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kept.law.terms import Check
from kept.policy.grammar_duties import DISCLOSURES, MEASURES, NOTICES, PLEDGES, RECIPIENTS, REQUESTS, RETENTION
from kept.policy.grammar_plumbing import SAFETY, SYSTEMS
from kept.policy.grammar_uses import CONSENT, CONTROLLER, COOKIES, DATA, LAWS, PEOPLE, PURPOSES, TEXT
from kept.policy.shapes import Control, Key, Record, Shape, name

VERSION: Final = "1"
"""The grammar this program reads: `kept: 1`."""

RESERVED: Final = ("all", "other")
"""`all` holds for every entry of its section, `other` for whatever has no entry."""

BUILT_IN_CHANNELS: Final = ("link", "preference-page")
"""Channels that need no entry under `requests.channels`."""

SET_BY: Final = Key(
    name="set-by",
    shape=name(),
    doc="The role that chose a value the text does not give; any element may carry it.",
    control=Control.DOCUMENT,
)

SECTIONS: Final = (
    CONTROLLER, TEXT, LAWS, PEOPLE, DATA, PURPOSES, CONSENT, COOKIES, NOTICES, RETENTION, REQUESTS, RECIPIENTS,
    DISCLOSURES, MEASURES, PLEDGES, SYSTEMS, SAFETY,
)  # fmt: skip
"""All sections in the order of the file."""

BY_NAME: Final = {section.name: section for section in SECTIONS}

CHECK_CONTROLS: Final = {
    Check.ANONYMITY: Control.SCAN,
    Check.SENSITIVE_VALUES: Control.SCAN,
    Check.SECRET_SCAN: Control.SCAN,
    Check.BACKUP_RESTORED: Control.DRILL,
    Check.RESET_PAGE: Control.PAGE,
    Check.REGISTER_COMPLETE: Control.LEDGER,
    Check.INCIDENT_REGISTER: Control.LEDGER,
}
"""`measures.check` is the one key whose word names what is checked; every other check reads a system's settings."""


def control_of(section: str, key: str, value: object = None) -> str:
    """What proves a key of the grammar, in the words of the grammar; empty when the key does not exist.

    `value` matters for `measures.check` alone.
    """
    if (section, key) == ("measures", "check") and isinstance(value, str) and value in set(Check):
        return CHECK_CONTROLS.get(Check(value), Control.CONFIG)
    found = next((k for k in citable(section) if k.name == key), None)
    return found.control or Control.CONFIG if found else ""


def citable(section: str) -> Iterator[Key]:
    """Every key of a section that a promise may be bound to, those of inner elements included."""
    known = BY_NAME.get(section)
    if known is None:
        return
    for key in (*known.fixed, *(known.entry.keys if known.entry else ())):
        yield key
        yield from _inner(key.shape)
    yield SET_BY


def _inner(shape: Shape) -> Iterator[Key]:
    record = shape if isinstance(shape, Record) else getattr(shape, "record", None)
    if isinstance(record, Record) and record.main:
        for key in record.keys:
            yield key
            yield from _inner(key.shape)
