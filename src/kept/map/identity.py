"""The one matcher: normal forms under which two identifiers are the same person's (decided semantics 2.30).

The narrow form finds and erases: case and Unicode form are folded, dots and plus tags are not.
`folds_case` and `strips_marks` say what the SQL side does to a column so that both meet; tests compare the two.
A server folds plain characters only: a stored value with one of `doubtful` is folded here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import Final

_PHONE_NOISE: Final = re.compile(r"[^0-9+]")
_NEAR: Final = 16
"""Ranges closer than this are one: a character too many costs a look at some value, a range too many costs all rows."""
PHONE_MARKS: Final = (" ", "-", "/", "(", ")", ".")
"""Characters people put between digits; the SQL side strips exactly these."""


def narrow(identifier: str, value: str) -> str:
    """Fold a value as finding and erasing need it; `identifier` is email, phone, cookie, reference and the like."""
    text = unicodedata.normalize("NFC", value).strip()
    if identifier == "phone":
        return _phone(text)
    if identifier == "email":
        return text.lower()
    return text


def _phone(text: str) -> str:
    digits = _PHONE_NOISE.sub("", text)
    return "+" + digits[2:] if digits.startswith("00") else digits


def folds_case(identifier: str) -> bool:
    """Whether the SQL side compares the lower-cased column."""
    return identifier == "email"


def strips_marks(identifier: str) -> bool:
    """Whether the SQL side strips `PHONE_MARKS` and turns a leading 00 into +."""
    return identifier == "phone"


@cache
def doubtful(identifier: str) -> str:
    """Characters that a server may fold otherwise than `narrow`, as ranges in a regular expression's class.

    Those that Unicode spells in several ways and, where case is folded, capitals beyond ASCII: a server's own lower
    case depends on its locale. Empty where nothing but digits is left.
    """
    if strips_marks(identifier):
        return ""
    capitals = folds_case(identifier)
    # No letter with marks, no capital and no second spelling lies beyond these planes.
    letters = map(chr, chain(range(0x80, 0xD800), range(0xE000, 0x20000), range(0x2F800, 0x2FA20)))
    return _ranges(char for char in letters if _has_spellings(char) or (capitals and char.lower() != char))


def _has_spellings(char: str) -> bool:
    part_of_a_syllable = "\u1100" <= char <= "\u11ff"  # Hangul
    return part_of_a_syllable or unicodedata.category(char)[0] == "M" or not unicodedata.is_normalized("NFC", char)


def _ranges(chars: Iterable[str]) -> str:
    ends: list[tuple[str, str]] = []
    for char in chars:
        if ends and ord(char) - ord(ends[-1][1]) <= _NEAR:
            ends[-1] = (ends[-1][0], char)
        else:
            ends.append((char, char))
    return "".join(low if low == high else f"{low}-{high}" for low, high in ends)


def plausible(identifier: str, value: str) -> bool:
    """Whether a value can be an identifier of this type at all; empty and shapeless ones find strangers."""
    if identifier == "email":
        local, at, domain = value.partition("@")
        return bool(local and at and "." in domain) and len(value) <= 320  # noqa: PLR2004 - RFC 3696 erratum
    if identifier == "phone":
        return len(_PHONE_NOISE.sub("", value).lstrip("+")) >= 6  # noqa: PLR2004 - shorter ones are extensions
    return bool(value.strip())
