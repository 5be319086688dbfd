"""Fills in SQL: the value a cell gets, and the test whether it still holds something else."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.sql.elements import ColumnElement

from kept.decide.fill import FILL_WORD, TOKEN_LENGTH, UUID_PREFIX, Fill, fill_of
from kept.map.bound import Cell, Map
from kept.map.schema import Column, Family

_DAY = date(1900, 1, 1)
_EPOCH = date(1970, 1, 2)
"""MariaDB's TIMESTAMP begins in 1970; a day later it does so in every zone."""
_FIXED = re.compile(r"binary\((\d+)\)")


def holds(bound: Map, table: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The cell still holds something other than its fill."""
    cell = next(cell for cell in bound.tables[table].cells if cell.column.name == _name(column))
    fill = fill_of(cell)
    if fill is None or fill is Fill.NULL:
        return column.is_not(None)
    return _differs(fill, cell, column, bound.schema.dialect)


def value(fill: Fill, column: Column, dialect: str) -> Any:
    """The replacement as a bound value or, where every row needs its own, as an expression of the database."""
    match fill:
        case Fill.NULL:
            return sa.null()
        case Fill.TEXT:
            return FILL_WORD
        case Fill.TOKEN:
            return sa.literal(FILL_WORD + "-").concat(_random_hex(dialect, 16))
        case Fill.UUID:
            return _uuid(dialect)
        case Fill.DAY:
            return _day(column, dialect)
        case Fill.EMPTY:
            return _no_bytes(column) if column.family is Family.BINARY else _json(column, dialect)
        case Fill.ZERO:
            return 0
        case Fill.FALSE:
            return False if dialect == "postgresql" else 0


def _name(column: ColumnElement[Any]) -> str:
    return str(getattr(column, "name", ""))


def _differs(fill: Fill, cell: Cell, column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    text = sa.cast(column, sa.Text) if dialect == "postgresql" else column
    match fill:
        case Fill.TOKEN:
            return sa.not_(_is_token(column, dialect))
        case Fill.UUID:
            return sa.not_(text.like(_prefix(dialect) + "%"))
        case Fill.EMPTY if cell.column.family is Family.JSON:
            return text != "{}"
        case _:
            return column.is_distinct_from(value(fill, cell.column, dialect))


def _is_token(column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    """The whole shape of a token, letter by letter: a name that begins like one is no token."""
    digits = TOKEN_LENGTH - len(FILL_WORD) - 1
    if dialect == "sqlite":
        return column.op("GLOB", is_comparison=True)(f"{FILL_WORD}-" + "[0-9a-f]" * digits)
    pattern = f"^{FILL_WORD}-[0-9a-f]{{{digits}}}$"
    if dialect == "postgresql":
        return sa.cast(column, sa.Text).regexp_match(pattern)
    exact = sa.collate(sa.cast(column, mysql.CHAR(charset="utf8mb4")), "utf8mb4_bin")
    return exact.regexp_match(pattern)


def _random_hex(dialect: str, digits: int) -> ColumnElement[str]:
    if dialect == "postgresql":
        uuid = sa.cast(sa.func.gen_random_uuid(), sa.Text)
        # The last twelve digits of a version 4 UUID are all random; the version digit is not among them.
        return sa.func.right(uuid, 12).concat(sa.func.left(uuid, digits - 12))
    if dialect == "sqlite":
        return sa.func.lower(sa.func.hex(sa.func.randomblob(digits // 2)))
    return sa.func.lower(sa.func.hex(sa.func.random_bytes(digits // 2)))


def _uuid(dialect: str) -> ColumnElement[Any]:
    tail = sa.literal(_prefix(dialect)).concat(_random_hex(dialect, 12) if dialect != "postgresql" else _tail())
    return sa.cast(tail, sa.Uuid) if dialect == "postgresql" else tail


def _prefix(dialect: str) -> str:
    """MariaDB takes no UUID of version 8 for one; there it is a random one of version 4 with our digits."""
    return UUID_PREFIX.replace("-8000-8000-", "-4000-8000-") if dialect == "mariadb" else UUID_PREFIX


def _tail() -> ColumnElement[str]:
    return sa.func.right(sa.cast(sa.func.gen_random_uuid(), sa.Text), 12)


def _json(column: Column, dialect: str) -> Any:
    if dialect != "postgresql":
        return "{}"
    return sa.cast(sa.literal("{}"), postgresql.JSONB if column.type == "jsonb" else postgresql.JSON)


def _no_bytes(column: Column) -> bytes:
    """MariaDB pads BINARY(n): nothing is n zero bytes there."""
    fixed = _FIXED.fullmatch(column.type)
    return bytes(int(fixed[1])) if fixed else b""


def _day(column: Column, dialect: str) -> Any:
    if dialect == "sqlite":
        return "1900-01-01" if column.family is Family.DATE else "1900-01-01 00:00:00"
    if column.family is Family.DATE:
        return _DAY
    zoned = column.family is Family.INSTANT
    day = _EPOCH if zoned and dialect == "mariadb" else _DAY
    return sa.cast(datetime.combine(day, time()), sa.DateTime(timezone=zoned))
