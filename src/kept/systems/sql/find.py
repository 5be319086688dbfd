"""From identifiers to keys: which rows of the person tables they name, and which shared rows go with their last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from kept.decide.reach import last_of, roots, shared
from kept.map.bound import Map
from kept.map.identity import folds_case, narrow, strips_marks
from kept.map.schema import Column, Family
from kept.systems.sql.compile import Compiler, among, as_text

Found = dict[str, list[Any]]
_SPACES: Final = r"\s" + "".join(
    map(chr, (0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)


def keys_of(
    connection: sa.Connection, bound: Map, zone: str, people: frozenset[str], identifiers: Mapping[str, Sequence[str]]
) -> Found:
    """Key sets by table: one statement per person table and one per shared table."""
    found: Found = {name: _rows(connection, _matching(bound, name, identifiers)) for name in roots(bound, people)}
    compiler = Compiler(bound=bound, zone=zone, keys=found)
    for name in shared(bound, people):
        table = compiler.table(name)
        where = compiler.where(last_of(bound, name, people), name, table)
        keys = [table.c[column] for column in bound.tables[name].key]
        found[name] = _rows(connection, sa.select(*keys).where(where))
    return found


def _matching(bound: Map, name: str, identifiers: Mapping[str, Sequence[str]]) -> sa.Select[Any]:
    table = bound.tables[name]
    source = sa.table(name, *(sa.column(column.name) for column in table.table.columns))
    matches = [
        _match(bound.schema.dialect, source.c[column], identifier, identifiers[identifier])
        for identifier, column in table.entry.find_by
        if identifiers.get(identifier)
    ]
    return sa.select(*(source.c[column] for column in table.key)).where(sa.or_(sa.false(), *matches))


def _match(dialect: str, column: ColumnElement[Any], identifier: str, values: Sequence[str]) -> ColumnElement[bool]:
    described = Column(name=identifier, type="text", family=Family.TEXT, nullable=True)
    normal = sorted({narrow(identifier, value) for value in values})
    return among(dialect, folded(dialect, column, identifier), described, normal, identifier)


def folded(dialect: str, column: ColumnElement[Any], identifier: str) -> ColumnElement[Any]:
    """The column as `map.identity.narrow` folds a value."""
    if dialect == "sqlite":
        return sa.func.kept_narrow(identifier, column)
    text = as_text(dialect, column)
    if dialect == "postgresql":
        text = sa.func.normalize(text)
    if strips_marks(identifier):
        digits = _without(dialect, text, "[^0-9+]")
        return sa.case((digits.like("00%"), sa.literal("+").concat(sa.func.substr(digits, 3))), else_=digits)
    bare = _without(dialect, text, f"^[{_SPACES}]+|[{_SPACES}]+$")
    return sa.func.lower(bare) if folds_case(identifier) else bare


def _without(dialect: str, text: ColumnElement[Any], pattern: str) -> ColumnElement[Any]:
    flags = ("g",) if dialect == "postgresql" else ()
    return sa.func.regexp_replace(text, pattern, "", *flags)


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Any]:
    rows = connection.execute(query).all()
    return sorted(row[0] if len(row) == 1 else tuple(row) for row in rows)
