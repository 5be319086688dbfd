"""What may stand behind a key, as a small tree of values that the loader, the JSON Schema and the reference read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Kind(StrEnum):
    """What a word means."""

    TEXT = "text"
    NAME = "name"  # a kebab-case noun of an open list
    WORD = "word"  # one of a closed vocabulary
    REFERENCE = "reference"  # the name of something declared elsewhere in the file
    PERIOD = "period"
    KEEP = "keep"
    DAY = "date"
    NUMBER = "number"
    SHARE = "share"
    FLAG = "yes or no"
    COUNTRY = "country"
    ZONE = "time zone"
    LANGUAGE = "language"
    PROMISE = "promise id"


class Many(StrEnum):
    """Whether one word stands here, a list, or either."""

    ONE = "one"
    LIST = "list"
    EITHER = "either"


class Control(StrEnum):
    """What proves a key; a key has exactly one, so the policy file never names a test."""

    GUARD = "guard denies every other use or flow"
    CASE = "request test case runs through"
    COUNT = "count rows past date or in a forbidden state"
    SCAN = "scan schema and values for what is not declared"
    DOCUMENT = "document present, complete, in date"
    LEDGER = "every ledger entry complete"
    PAGE = "page check in a browser"
    SEND = "suppression and class checked at send"
    DELIVERY = "due dates met (delivered in time)"
    NONE = "none (binds nobody)"
    CANARY = "canary message becomes a case"
    PLEDGE = "pledge"
    CONFIG = "config check in the system"
    DRILL = "rolled-back drill of the real plan"
    TEXT = "text check (broken until amended)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One word or a list of words."""

    kind: Kind
    words: tuple[str, ...] = ()
    """The closed vocabulary of a WORD."""
    refers: tuple[str, ...] = ()
    """Where a REFERENCE is declared: sections, `channels`, `residences`, …"""
    also: tuple[str, ...] = ()
    """Literals that may stand in place of a value: `all`, `any`, `none`, …"""
    many: Many = Many.ONE
    undecided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """A map from words to values: `{US: 13, EEA: 16}`."""

    key: Value
    value: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A map with fixed keys. With `main` it is an element: it may carry `says`, and a list cites that key."""

    keys: tuple[Key, ...]
    main: str = ""

    def key(self, name: str) -> Key | None:
        """One of its keys."""
        return next((key for key in self.keys if key.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A map of elements, each under a name of its own."""

    record: Record
    free: bool = False
    """True when names are not ours to choose: tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of elements without names."""

    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """A short form and a long form; what stands in the file decides."""

    short: Value
    long: Record | Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A word kept for later: an error until it is described."""


Shape: TypeAlias = Value | Pairs | Record | Named | Listed | Either | Reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the grammar: what stands there, what it is for, and what proves it."""

    name: str
    shape: Shape
    doc: str
    control: Control | None = None
    required: bool = False
    default: str = ""
    """What holds when the key is missing, so that a promise may still be bound to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: its fixed keys, and what its named entries look like."""

    name: str
    doc: str
    main: str
    fixed: tuple[Key, ...] = ()
    entry: Record | None = None
    names: tuple[str, ...] = ()
    """The closed list of entry names; empty: any kebab-case noun."""
    listed: bool = False
    """True when the section is a list of elements."""
    required: bool = False
    plumbing: bool = False

    def key(self, name: str) -> Key | None:
        """A fixed key, or a key of its entries."""
        keys = (*self.fixed, *(self.entry.keys if self.entry else ()))
        return next((key for key in keys if key.name == name), None)


# Constructors that let the registry read like the grammar's table.


def text(*, undecided: bool = False, many: Many = Many.ONE, also: tuple[str, ...] = ()) -> Value:
    """Any text."""
    return Value(kind=Kind.TEXT, undecided=undecided, many=many, also=also)


def name(*also: str, undecided: bool = False) -> Value:
    """A noun of an open list."""
    return Value(kind=Kind.NAME, also=also, undecided=undecided)


def names(*also: str, undecided: bool = False) -> Value:
    """Several nouns of an open list."""
    return Value(kind=Kind.NAME, many=Many.LIST, also=also, undecided=undecided)


def word(*words: str, undecided: bool = False) -> Value:
    """One of a closed vocabulary."""
    return Value(kind=Kind.WORD, words=words, undecided=undecided)


def words(*vocabulary: str, many: Many = Many.LIST, also: tuple[str, ...] = (), undecided: bool = False) -> Value:
    """Several of a closed vocabulary."""
    return Value(kind=Kind.WORD, words=vocabulary, many=many, also=also, undecided=undecided)


def refer(*sections: str, also: tuple[str, ...] = (), many: Many = Many.ONE, undecided: bool = False) -> Value:
    """A name declared elsewhere."""
    return Value(kind=Kind.REFERENCE, refers=sections, also=also, many=many, undecided=undecided)


def plain(kind: Kind, *also: str, many: Many = Many.ONE, undecided: bool = False) -> Value:
    """A value of one of the other kinds."""
    return Value(kind=kind, also=also, many=many, undecided=undecided)


def period(*also: str, undecided: bool = False) -> Value:
    """`60 days`, `1 month`, `at once`."""
    return Value(kind=Kind.PERIOD, also=also, undecided=undecided)


def key(
    name: str,
    shape: Shape,
    doc: str,
    control: Control | None = None,
    *,
    required: bool = False,
    default: str = "",
) -> Key:
    """One line of the registry."""
    return Key(name=name, shape=shape, doc=doc, control=control, required=required, default=default)
