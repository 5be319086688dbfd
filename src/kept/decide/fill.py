"""What stands in a cell after it was emptied or masked in place. No hash of the old value, ever (2.10)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from kept.law.terms import Fate
from kept.map.bound import Cell
from kept.map.schema import Column, Family


class Fill(StrEnum):
    """The replacement, by what the column can hold; each can be recognised again."""

    NULL = "null"
    TEXT = "text"  # one constant word
    TOKEN = "token"  # the word and random hex, where every row needs its own value  # noqa: S105
    ZERO = "zero"
    FALSE = "false"
    DAY = "day"  # 1 January 1900
    EMPTY = "empty"  # JSON {} or no bytes
    UUID = "uuid"  # version 8, our own prefix, random tail


FILL_WORD: Final = "removed"
"""What a NOT NULL text column reads after masking."""
TOKEN_LENGTH: Final = len(FILL_WORD) + 1 + 16
"""`removed-` and 16 hex digits: 64 random bits keep 100,000 rows apart."""
UUID_PREFIX: Final = "6b657074-0000-8000-8000-"
"""«kept» in hex, version 8, variant 1; twelve random hex digits follow."""

_CONSTANT: Final = {
    Family.TEXT: Fill.TEXT,
    Family.INTEGER: Fill.ZERO,
    Family.DECIMAL: Fill.ZERO,
    Family.REAL: Fill.ZERO,
    Family.BOOLEAN: Fill.FALSE,
    Family.DATE: Fill.DAY,
    Family.TIMESTAMP: Fill.DAY,
    Family.INSTANT: Fill.DAY,
    Family.BINARY: Fill.EMPTY,
    Family.JSON: Fill.EMPTY,
    Family.UUID: Fill.UUID,
}


def fill_of(cell: Cell) -> Fill | None:
    """The replacement for a cell, or None when its type allows none: the plan is then refused, not skipped."""
    if cell.column.nullable:
        return Fill.NULL
    if cell.unique:
        return _unique(cell.column)
    fill = _CONSTANT.get(cell.column.family)
    if fill is Fill.TEXT and _too_short(cell.column, len(FILL_WORD)):
        return None
    return fill


def stays(cell: Cell) -> bool:
    """Whether the policy keeps this column when the rest of the row is emptied, with a reason on file."""
    return cell.fate is Fate.KEEP


def _unique(column: Column) -> Fill | None:
    if column.family is Family.UUID:
        return Fill.UUID
    if column.family is Family.TEXT and not _too_short(column, TOKEN_LENGTH):
        return Fill.TOKEN
    return None


def _too_short(column: Column, needed: int) -> bool:
    return column.length is not None and column.length < needed
