"""Texts for people, German and English, keyed; every room keeps its own TOML file here.

A text is a table with `de` and `en`, or with `de_one`, `de_other`, `en_one`, `en_other` where the fact `n` decides.
Placeholders are named; `{total:number}`, `{cut:day}`, `{at:moment}` write a fact the way the language does, times in
the fact `zone` when there is one. `KEY.short` is KEY without facts, for a margin or the head of a group.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from string import Formatter
from types import MappingProxyType
from typing import Final, Literal

from kept.texts.forms import number, written

Lang = Literal["de", "en"]
LANGUAGES: Final[tuple[Lang, ...]] = ("de", "en")
FORMS: Final = ("", "_one", "_other")


class TextMissingError(LookupError):
    """A text, one of its languages, or one of its facts is missing: a fault of ours, never of the user."""


def say(key: str, lang: Lang, /, **facts: object) -> str:
    """Say the text of `key` in a language, filled with facts; numbers and dates as the language writes them."""
    text = _form(key, lang, facts.get("n"))
    try:
        return _Spoken(lang, facts.get("zone")).vformat(text, (), facts)
    except (KeyError, IndexError) as missing:
        raise TextMissingError(f"text `{key}` ({lang}) needs the fact {missing}") from None


def known(key: str) -> bool:
    """Whether there is a text of this key."""
    return key in catalogue()


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every text by key and form, read once. A key written in two files is refused."""
    texts: dict[str, Mapping[str, str]] = {}
    for name, content in _sources():
        for key, forms in _leaves(tomllib.loads(content)):
            if key in texts:
                raise TextMissingError(f"text `{key}` in {name} is already written in another file")
            texts[key] = forms
    return MappingProxyType(texts)


def _sources() -> Iterator[tuple[str, str]]:
    for entry in sorted(files(__name__).iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            yield entry.name, entry.read_text("utf-8")


def _leaves(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    forms = {name: value for name, value in table.items() if isinstance(value, str)}
    if forms:
        yield prefix, forms
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}.{name}" if prefix else name)


def _form(key: str, lang: Lang, n: object) -> str:
    forms = catalogue().get(key)
    if forms is None:
        raise TextMissingError(f"no text `{key}`")
    plural = f"{lang}_one" if _as_count(n) == 1 else f"{lang}_other"
    text = forms.get(lang, forms.get(plural))
    if text is None:
        raise TextMissingError(f"text `{key}` has no {lang}")
    return text


def _as_count(n: object) -> int | None:
    """A count, also where evidence carries it as a word."""
    if isinstance(n, int):
        return n
    return int(n) if isinstance(n, str) and n.isdecimal() else None


class _Spoken(Formatter):
    """str.format whose format words are the language's: number, day, moment. `n` is always a number."""

    def __init__(self, lang: Lang, zone: object) -> None:
        self.lang = lang
        self.zone = None if zone is None else str(zone)

    def get_value(self, key: int | str, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        """One fact by its name; the count is a number even where evidence carries it as a word."""
        value: object = super().get_value(key, args, kwargs)
        count = _as_count(value) if key == "n" else None
        return value if count is None else count

    def format_field(self, value: object, format_spec: str) -> str:
        """Write one fact; without a word, whole numbers are grouped and words stand as they are."""
        if not format_spec:
            return number(value, self.lang) if isinstance(value, int) else str(value)
        return written(value, format_spec, self.lang, self.zone)
