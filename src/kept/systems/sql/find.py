"""From identifiers to keys: which rows of the person tables they name, and which shared rows go with their last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from kept.decide.reach import last_of, roots, shared
from kept.map.bound import Map
from kept.map.identity import PHONE_MARKS, folds_case, narrow, strips_marks
from kept.systems.sql.compile import Compiler, among

Found = dict[str, list[Any]]


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
        _match(bound, name, source.c[column], identifier, identifiers[identifier])
        for identifier, column in table.entry.find_by
        if identifiers.get(identifier)
    ]
    return sa.select(*(source.c[column] for column in table.key)).where(sa.or_(sa.false(), *matches))


def _match(
    bound: Map, name: str, column: ColumnElement[Any], identifier: str, values: Sequence[str]
) -> ColumnElement[bool]:
    described = bound.tables[name].table.by_name[str(getattr(column, "name", ""))]
    normal = sorted({narrow(identifier, value) for value in values})
    return among(bound.schema.dialect, folded(column, identifier), described, normal, identifier)


def folded(column: ColumnElement[Any], identifier: str) -> ColumnElement[Any]:
    """The column as `map.identity.narrow` folds a value."""
    if folds_case(identifier):
        return sa.func.lower(sa.func.trim(column))
    if strips_marks(identifier):
        for mark in PHONE_MARKS:
            column = sa.func.replace(column, mark, "")
        return sa.case((column.like("00%"), sa.literal("+").concat(sa.func.substr(column, 3))), else_=column)
    return sa.func.trim(column)


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Any]:
    rows = connection.execute(query).all()
    return sorted(row[0] if len(row) == 1 else tuple(row) for row in rows)
