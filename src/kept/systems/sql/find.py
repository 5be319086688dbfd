"""From identifiers to keys: which rows of the person tables they name, and which shared rows go with their last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from kept.decide.reach import last_of, roots, shared
from kept.map.bound import Map
from kept.map.identity import doubtful, folds_case, narrow, strips_marks
from kept.map.schema import Column, Family
from kept.policy.findings import Finding, stopped
from kept.systems.sql.compile import Compiler, among, as_text

Found = dict[str, list[Any]]
_ASCII_SPACES: Final = "".join(map(chr, (*range(0x09, 0x0E), *range(0x1C, 0x21))))
_SPACES: Final = r"\s" + "".join(
    map(chr, (*range(0x1C, 0x20), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)


def keys_of(
    connection: sa.Connection, bound: Map, zone: str, people: frozenset[str], identifiers: Mapping[str, Sequence[str]]
) -> Found:
    """Key sets by table: one statement per person table and one per shared table."""
    found: Found = {name: _people(connection, bound, name, identifiers) for name in roots(bound, people)}
    compiler = Compiler(bound=bound, zone=zone, keys=found)
    for name in shared(bound, people):
        table = compiler.table(name)
        where = compiler.where(last_of(bound, name, people), name, table)
        keys = [table.c[column] for column in bound.tables[name].key]
        found[name] = _keys(bound, name, connection.execute(sa.select(*keys).where(where)).all())
    return found


def _people(connection: sa.Connection, bound: Map, name: str, identifiers: Mapping[str, Sequence[str]]) -> list[Any]:
    """Keys of the rows these identifiers name.

    A server knows neither every spelling of a letter nor every capital. The few rows in which it could err come with
    their value and are matched by `narrow` itself, row by row as they come; the value is kept nowhere.
    """
    table = bound.tables[name]
    asked = [(identifier, column) for identifier, column in table.entry.find_by if identifiers.get(identifier)]
    wanted = {identifier: {narrow(identifier, value) for value in identifiers[identifier]} for identifier, _ in asked}
    width = len(table.key)
    query = _matching(bound, name, asked, wanted, _codec(connection)).execution_options(stream_results=True)
    rows = connection.execute(query)
    return _keys(bound, name, [row[:width] for row in rows if _is_one(row[width:], asked, wanted)])


def _codec(connection: sa.Connection) -> str:
    """How the server writes text; what it cannot write it cannot hold."""
    if connection.dialect.name != "postgresql":
        return "utf-8"
    driver: Any = connection.connection.driver_connection
    return str(driver.info.encoding)


def _is_one(found: Sequence[Any], asked: Sequence[tuple[str, str]], wanted: Mapping[str, set[str]]) -> bool:
    """The server is sure, or one of the values it shows folds to one that was asked for."""
    sure, *values = found
    return bool(sure) or any(
        value is not None and narrow(identifier, _shown(value)) in wanted[identifier]
        for (identifier, _), value in zip(asked, values, strict=True)
    )


def _shown(value: str | bytes) -> str:
    """A server without an encoding gives bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _matching(
    bound: Map, name: str, asked: Sequence[tuple[str, str]], wanted: Mapping[str, set[str]], codec: str
) -> sa.Select[Any]:
    """The key, whether the server is sure, and per identifier the value where it is not."""
    table, dialect = bound.tables[name], bound.schema.dialect
    source = sa.table(name, *(sa.column(column.name) for column in table.table.columns))
    matches = [_match(dialect, source.c[column], each, wanted[each], codec) for each, column in asked]
    unsure = [_unsure(dialect, source.c[column], identifier, codec) for identifier, column in asked]
    shown = [
        sa.case((doubt, as_text(dialect, source.c[column])), else_=sa.null())
        for doubt, (_, column) in zip(unsure, asked, strict=True)
    ]
    sure = sa.or_(sa.false(), *matches)
    keys = [source.c[column] for column in table.key]
    columns = (sa.case((sure, sa.literal_column("1")), else_=sa.literal_column("0")), *shown)
    return sa.select(*keys, *(column.label(None) for column in columns)).where(sa.or_(sure, *unsure))


def _unsure(dialect: str, column: ColumnElement[Any], identifier: str, codec: str) -> ColumnElement[bool]:
    """The server could fold this value otherwise than the matcher does; the length says quickly that it could not."""
    if dialect == "sqlite" or not doubtful(identifier):
        return sa.false()
    text = as_text(dialect, column)
    if codec != "utf-8":
        return text.regexp_match("[^\x01-\x7f]")
    beyond_ascii = sa.func.octet_length(text) > sa.func.char_length(text)
    return sa.and_(beyond_ascii, text.regexp_match(f"[{doubtful(identifier)}]"))


def _match(
    dialect: str, column: ColumnElement[Any], identifier: str, values: Iterable[str], codec: str
) -> ColumnElement[bool]:
    described = Column(name=identifier, type="text", family=Family.TEXT, nullable=True)
    storable = sorted(value for value in values if value.encode(codec, errors="ignore").decode(codec) == value)
    return among(dialect, folded(dialect, column, identifier, codec), described, storable, identifier)


def folded(dialect: str, column: ColumnElement[Any], identifier: str, codec: str = "utf-8") -> ColumnElement[Any]:
    """The column as `map.identity.narrow` folds a value, but for what is doubtful on a server."""
    if dialect == "sqlite":
        return sa.func.kept_narrow(identifier, column)
    text = as_text(dialect, column)
    if strips_marks(identifier):
        digits = _without(dialect, text, "[^0-9+]")
        return sa.case((digits.like("00%"), sa.literal("+").concat(sa.func.substr(digits, 3))), else_=digits)
    spaces = _SPACES.encode(codec, errors="ignore").decode(codec)
    bare = _without(dialect, text, f"^[{spaces}]+|[{spaces}]+$")
    if dialect == "postgresql" and codec == "utf-8":  # most values hold ASCII only, and a pattern costs twice as much
        plain = sa.func.octet_length(text) == sa.func.char_length(text)
        bare = sa.case((plain, sa.func.btrim(text, _ASCII_SPACES)), else_=bare)
    return sa.func.lower(bare) if folds_case(identifier) else bare


def _without(dialect: str, text: ColumnElement[Any], pattern: str) -> ColumnElement[Any]:
    flags = ("g",) if dialect == "postgresql" else ()
    return sa.func.regexp_replace(text, pattern, "", *flags)


def _keys(bound: Map, name: str, rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Keys in order. A row without one cannot be named again, so it could not be erased: that is said, not skipped."""
    keys = [tuple(row) for row in rows]
    if any(part is None for key in keys for part in key):
        raise stopped(
            Finding(
                code="S305",
                message="a row of these people has no key: NULL stands in its key column",
                where=f"{bound.system.name}.{name}",
                help=f"give the row a key, or declare another `key` for `{name}` in `systems`",
            )
        )
    return sorted(key[0] if len(key) == 1 else key for key in keys)
