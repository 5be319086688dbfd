"""Selections become SQLAlchemy expressions: one compiler for counting, applying and verifying (law 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ColumnElement

from kept.decide.select import (
    All,
    Always,
    Before,
    Down,
    Equals,
    Holds,
    IsNull,
    Named,
    Not,
    Selection,
    Some,
    Up,
)
from kept.map.bound import Map
from kept.map.schema import Column, Family
from kept.systems.sql.fills import holds
from kept.systems.sql.instants import bound_instant

Keys = Mapping[str, Sequence[Any]]
Condition = ColumnElement[bool]

_TYPES: Mapping[Family, sa.types.TypeEngine[Any]] = {
    Family.INTEGER: sa.BigInteger(),
    Family.TEXT: sa.Text(),
    Family.UUID: sa.Uuid(as_uuid=False),
}


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """Knows the map (types, keys, clocks, fills), the controller's zone, and the values of one evaluation."""

    bound: Map
    zone: str
    cuts: Mapping[str, datetime] = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)

    def table(self, name: str) -> sa.TableClause:
        """The table as SQL: names from the catalogue, quoted by the dialect."""
        columns = self.bound.schema.by_name[name].columns
        return sa.table(name, *(sa.column(column.name) for column in columns))

    def where(self, selection: Selection, name: str, source: sa.FromClause) -> Condition:
        """The condition on `source`, which is the table `name` or an alias of it."""
        match selection:
            case Always(value=value):
                return sa.true() if value else sa.false()
            case IsNull(column=column):
                return source.c[column].is_(None)
            case Equals(column=column, value=value):
                return source.c[column] == _literal(value, self._column(name, column))
            case Before() | Holds() | Named():
                return self._leaf(selection, name, source)
            case Up() | Down():
                return self._related(selection, source)
            case All(parts=parts):
                return sa.and_(sa.true(), *(self.where(part, name, source) for part in parts))
            case Some(parts=parts):
                return sa.or_(sa.false(), *(self.where(part, name, source) for part in parts))
            case Not(part=part):
                return self._negated(part, name, source)

    def _leaf(self, selection: Before | Holds | Named, name: str, source: sa.FromClause) -> Condition:
        match selection:
            case Before(column=column, cut=cut):
                value = bound_instant(self.bound, name, column, self.cuts[cut], self.zone)
                return source.c[column] < sa.bindparam(_slug(cut), value, unique=True, type_=value_type(value))
            case Holds(column=column):
                return holds(self.bound, name, source.c[column])
            case Named(columns=columns, keys=keys):
                return self._named(name, columns, keys, source)

    def _named(self, name: str, columns: tuple[str, ...], keys: str, source: sa.FromClause) -> Condition:
        values = self.keys[keys]
        if len(columns) > 1:
            return sa.tuple_(*(source.c[column] for column in columns)).in_([tuple(value) for value in values])
        return among(self.bound.schema.dialect, source.c[columns[0]], self._column(name, columns[0]), values, keys)

    def _related(self, selection: Up | Down, source: sa.FromClause) -> Condition:
        other = self.table(selection.table).alias()
        inner = self.where(selection.where, selection.table, other)
        if isinstance(selection, Up):
            chosen = sa.select(*(other.c[column] for column in selection.to)).where(inner)
            return one_or_tuple(source, selection.via).in_(chosen)
        joined = [other.c[via] == source.c[to] for via, to in zip(selection.via, selection.to, strict=True)]
        return sa.exists().where(*joined, inner)

    def _negated(self, part: Selection, name: str, source: sa.FromClause) -> Condition:
        inner = self.where(part, name, source)
        # EXISTS is never unknown: a plain NOT lets the database choose an anti-join.
        negated: Condition = sa.not_(inner) if isinstance(part, Down | IsNull) else _not_true(inner)
        return negated

    def _column(self, table: str, column: str) -> Column:
        return self.bound.schema.by_name[table].by_name[column]


def among(dialect: str, column: ColumnElement[Any], described: Column, values: Sequence[Any], label: str) -> Condition:
    """The column is among bound values, sent as one parameter where the database has arrays or JSON."""
    if dialect == "postgresql":
        array = postgresql.ARRAY(_array_type(described))
        return column == sa.any_(sa.bindparam(_slug(label), list(values), unique=True, type_=array))
    if dialect == "sqlite":
        text = sa.bindparam(_slug(label), json.dumps(list(values), default=str), unique=True, type_=sa.Text())
        each = sa.func.json_each(text).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column.in_(list(values))


def value_type(value: object) -> sa.types.TypeEngine[Any] | None:
    """An aware instant must reach the driver as one."""
    return sa.DateTime(timezone=True) if isinstance(value, datetime) and value.tzinfo else None


def _array_type(column: Column) -> sa.types.TypeEngine[Any]:
    if column.family is Family.INTEGER and column.type in {"integer", "smallint"}:
        return sa.Integer()
    return _TYPES.get(column.family, sa.Text())


def _literal(value: str, column: Column) -> object:
    return int(value) if column.family is Family.INTEGER else value


def one_or_tuple(source: sa.FromClause, columns: tuple[str, ...]) -> Any:
    """One column, or a row of several to compare at once."""
    parts = [source.c[column] for column in columns]
    return parts[0] if len(parts) == 1 else sa.tuple_(*parts)


def _not_true(condition: Condition) -> Condition:
    negated: Condition = condition.is_not(sa.true())
    return negated


def _slug(name: str) -> str:
    return re.sub(r"\W", "_", name)
