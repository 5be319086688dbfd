"""Papers as values: documents beside the policy with their front matter, and what roles have affirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

LARGEST: Final = 1_000_000
_FENCE: Final = "---"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """One affirmation on record: a role vouches for a pledge, for as long as its review period lasts."""

    promise: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document and what its front matter says of it."""

    name: str
    clauses: tuple[str, ...] = ()
    """What it covers: clauses of a contract, purposes of a balancing test."""
    signed: date | None = None
    valid_until: date | None = None
    digest: str = ""
    readable: bool = True
    """False when there is no front matter, or it is no YAML map."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """All documents of one policy. `present` is false when there is no folder at all."""

    present: bool = False
    documents: Mapping[str, Document] = field(default_factory=dict)

    def first(self, *names: str) -> Document | None:
        """The first of these documents that is there."""
        return next((self.documents[name] for name in names if name in self.documents), None)


def read_shelf(folder: Path) -> Shelf:
    """Read `documents/*.md` beside a policy. Never raises for a bad document: its control says what is wrong."""
    if not folder.is_dir():
        return Shelf()
    return Shelf(present=True, documents={path.name: _read(path) for path in sorted(folder.glob("*.md"))})


def _read(path: Path) -> Document:
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError:
        content = b""
    return document(path.name, content)


def document(name: str, content: bytes) -> Document:
    """Read one document from its bytes."""
    digest = hashlib.sha256(content).hexdigest()
    said = _front_matter(content)
    if said is None:
        return Document(name=name, digest=digest, readable=False)
    clauses = said.get("clauses")
    return Document(
        name=name,
        clauses=tuple(str(clause) for clause in clauses) if isinstance(clauses, list) else (),
        signed=_day(said.get("signed")),
        valid_until=_day(said.get("valid-until")),
        digest=digest,
    )


def _front_matter(content: bytes) -> dict[object, object] | None:
    try:
        lines = content.decode("utf-8").splitlines()
        if not lines or lines[0].strip() != _FENCE:
            return None
        end = next(i for i, line in enumerate(lines[1:], start=1) if line.strip() == _FENCE)
        said = YAML(typ="safe", pure=True).load("\n".join(lines[1:end]))
    except (UnicodeDecodeError, YAMLError, StopIteration, ValueError):
        return None
    return said if isinstance(said, dict) else None


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
