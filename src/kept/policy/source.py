"""The text of a policy file: read once, refused early, and turned into nodes that know their place."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from kept.policy.codes import finding
from kept.policy.findings import Finding, Span

LARGEST: Final = 1_000_000
"""Bytes of the largest policy file; five businesses' files have 12,000."""

_BIDI: Final = "\u202a-\u202e\u2066-\u2069"
_CONTROL: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
_REFUSED: Final = re.compile(f"[{_BIDI}{_CONTROL}]")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file as it was read: its name for messages, its text, and the digest of its bytes."""

    path: Path
    text: str
    digest: str

    @property
    def name(self) -> str:
        """The path as the user gave it."""
        return str(self.path)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Lines as editors count them."""
        return tuple(line.removesuffix("\r") for line in self.text.split("\n"))

    def span(self, offset: int, width: int = 1, note: str = "") -> Span:
        """The place of a character of the text."""
        line = self.text.count("\n", 0, offset)
        start = self.text.rfind("\n", 0, offset) + 1
        return Span(file=self.name, line=line + 1, column=offset - start + 1, width=width, note=note)


def read_source(path: Path) -> tuple[Source | None, tuple[Finding, ...]]:
    """Read a text file, or say why it is refused: missing, too large, not UTF-8, or holding hidden characters."""
    place = Span(file=str(path), line=1, column=1)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        return None, (finding("P001", f"cannot read the file: {reason.lower()}", place),)
    if len(data) > LARGEST:
        return None, (finding("P002", "the file is larger than 1 MB", place),)
    return _decoded(path, data)


def _decoded(path: Path, data: bytes) -> tuple[Source | None, tuple[Finding, ...]]:
    digest = hashlib.sha256(data).hexdigest()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = Source(path=path, text=data[: error.start].decode("utf-8-sig"), digest=digest)
        return None, (finding("P003", "the file is not UTF-8", good.span(len(good.text))),)
    source = Source(path=path, text=text.replace("\r\n", "\n").replace("\r", "\n"), digest=digest)
    hidden = tuple(_hidden(source, match) for match in _REFUSED.finditer(source.text))
    return (None, hidden[:20]) if hidden else (source, ())


def _hidden(source: Source, match: re.Match[str]) -> Finding:
    character = match[0]
    bidi = re.match(f"[{_BIDI}]", character)
    what = "a character that turns the writing direction" if bidi else "a control character"
    return finding(
        "P005" if bidi else "P004", f"the file holds {what}, U+{ord(character):04X}", source.span(match.start())
    )
