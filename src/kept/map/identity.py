"""The one matcher: normal forms under which two identifiers are the same person's (decided semantics 2.30).

The narrow form finds and erases: case and Unicode form are folded, dots and plus tags are not.
`folds_case` and `strips_marks` say what the SQL side does to a column so that both meet; tests compare the two.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PHONE_NOISE: Final = re.compile(r"[^\d+]")
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


def plausible(identifier: str, value: str) -> bool:
    """Whether a value can be an identifier of this type at all; empty and shapeless ones find strangers."""
    if identifier == "email":
        local, at, domain = value.partition("@")
        return bool(local and at and "." in domain) and len(value) <= 320  # noqa: PLR2004 - RFC 3696 erratum
    if identifier == "phone":
        return len(_PHONE_NOISE.sub("", value).lstrip("+")) >= 6  # noqa: PLR2004 - shorter ones are extensions
    return bool(value.strip())
