"""Selections become SQLAlchemy expressions: one compiler for counting, applying and verifying (law 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
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
    every,
)
from kept.map.bound import Map
from kept.map.schema import Column, Family
from kept.policy.findings import Finding, could_not_run
from kept.systems.sql.fills import holds
from kept.systems.sql.instants import bound_instant, zone_of

Keys = Mapping[str, Sequence[Any]]
Condition = ColumnElement[bool]

_TYPES: Mapping[Family, sa.types.TypeEngine[Any]] = {
    Family.INTEGER: sa.BigInteger(),
    Family.TEXT: sa.Text(),
    Family.UUID: sa.Uuid(as_uuid=False),
    Family.DECIMAL: sa.Numeric(),
    Family.BINARY: sa.LargeBinary(),
}
OFFSETS = timedelta(days=2)
"""A text that lies this far before a cut lies before it in whatever zone it was written: offsets span 26 hours."""
_TRUTHS: Mapping[str, bool] = {"true": True, "yes": True, "false": False, "no": False}


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
                return _equal(self.bound.schema.dialect, source.c[column], self._column(name, column), value)
            case Before() | Holds() | Named():
                return self._leaf(selection, name, source)
            case Up() | Down():
                return self._related(selection, name, source)
            case All(parts=parts):
                return sa.and_(sa.true(), *(self.where(part, name, source) for part in parts))
            case Some(parts=parts):
                return sa.or_(sa.false(), *(self.where(part, name, source) for part in parts))
            case Not(part=part):
                return self._negated(part, name, source)

    def _leaf(self, selection: Before | Holds | Named, name: str, source: sa.FromClause) -> Condition:
        match selection:
            case Before():
                one, *more = self.before(selection, name, source)
                return sa.and_(self._lower(selection, name, source), sa.or_(one, *more)) if more else one
            case Holds(column=column):
                return holds(self.bound, name, source.c[column])
            case Named(columns=columns, keys=keys):
                return self._named(name, columns, keys, source)

    def before(self, selection: Before, name: str, source: sa.FromClause) -> list[Condition]:
        """Disjoint conditions that together say «before the cut»: each is one range of the column."""
        column, instant = selection.column, self.cuts[selection.cut]
        value, label = bound_instant(self.bound, name, column, instant, self.zone), _slug(selection.cut)
        if not isinstance(value, str):
            bound = sa.bindparam(label, value, unique=True, type_=value_type(value))
            return [sa.and_(source.c[column] < bound, *_sure(self.bound.schema.dialect, source.c[column], value))]
        sure = str(bound_instant(self.bound, name, column, instant - OFFSETS, self.zone))
        utc = zone_of(self.bound, name, column) in {"UTC", "Etc/UTC"}
        text = self._by_byte(source.c[column])
        late = sa.and_(_between(text, label, sure, value), _own(text, utc=utc))
        return [*(_between(text, label, *ends) for ends in _years(sure)), late]

    def _lower(self, selection: Before, name: str, source: sa.FromClause) -> Condition:
        """What all ranges of a text clock have in common: most rows are told by this alone."""
        value = bound_instant(self.bound, name, selection.column, self.cuts[selection.cut], self.zone)
        bound: sa.BindParameter[str] = sa.bindparam(_slug(selection.cut), str(value), unique=True)
        return self._by_byte(source.c[selection.column]) < bound

    def _by_byte(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.collate(text, "C") if self.bound.schema.dialect == "postgresql" else text

    def _named(self, name: str, columns: tuple[str, ...], keys: str, source: sa.FromClause) -> Condition:
        values, dialect = self.keys[keys], self.bound.schema.dialect
        described = [self._column(name, column) for column in columns]
        exact = [as_text(dialect, source.c[c.name]) if self._folds(keys, c) else source.c[c.name] for c in described]
        folded = any(self._folds(keys, column) for column in described)
        if len(columns) > 1:
            rows = [tuple(value) for value in values]
            found = sa.tuple_(*(source.c[column] for column in columns)).in_(rows)
            return sa.and_(found, sa.tuple_(*exact).in_(rows)) if folded else found
        one = among(dialect, source.c[columns[0]], described[0], values, keys)
        return sa.and_(one, among(dialect, exact[0], described[0], values, keys)) if folded else one

    def _folds(self, keys: str, column: Column) -> bool:
        """Whether a collation could take two keys for one: a text that no constraint makes unique under it."""
        table = self.bound.tables.get(keys)
        if table is None or column.family is not Family.TEXT or self.bound.schema.dialect == "postgresql":
            return False
        return not any(set(unique) <= set(table.key) for unique in (table.table.key, *table.table.unique) if unique)

    def _related(self, selection: Up | Down, name: str, source: sa.FromClause) -> Condition:
        if isinstance(selection, Up):
            return self._up(selection, name, source)
        other = self.table(selection.table).alias()
        inner = self.where(selection.where, selection.table, other)
        ends = zip(selection.to, selection.via, strict=True)
        joined = [other.c[via] == self.alike(source.c[to], name, to, (selection.table, via)) for to, via in ends]
        return sa.exists().where(*joined, inner)

    def _up(self, selection: Up, name: str, source: sa.FromClause) -> Condition:
        """One subquery for a whole path upwards, its tables joined: depth of the graph is no depth of the SQL."""
        via, other = selection.via, self.table(selection.table).alias()
        chosen = self._keys(selection, name, other)
        conditions: list[Condition] = []
        while (further := _further(selection.where)) is not None:
            up, rest = further
            conditions.append(self.where(rest, selection.table, other))
            above = self.table(up.table).alias()
            keys = self._keys(up, selection.table, above)
            conditions += [other.c[column] == key for column, key in zip(up.via, keys, strict=True)]
            selection, other = up, above
        inner = sa.select(*chosen).where(*conditions, self.where(selection.where, selection.table, other))
        found: Condition = one_or_tuple(source, via).in_(inner)
        return found

    def _keys(self, up: Up, name: str, other: sa.FromClause) -> list[ColumnElement[Any]]:
        """The columns a path arrives at, as the columns that point at them read them."""
        return [self.alike(other.c[to], up.table, to, (name, via)) for to, via in zip(up.to, up.via, strict=True)]

    def alike(self, key: ColumnElement[Any], table: str, column: str, pointing: tuple[str, str]) -> ColumnElement[Any]:
        """A key as the column that points at it reads it: a number must not meet a word, nor the start of one."""
        dialect = self.bound.schema.dialect
        mine, theirs = self._column(table, column), self._column(*pointing)
        if mine.family is Family.TEXT and theirs.family is Family.INTEGER:
            return _as_number(dialect, key)
        as_word = theirs.family is Family.TEXT and mine.family is not Family.TEXT
        return as_text(dialect, key) if as_word or self._folds(table, mine) else key

    def _negated(self, part: Selection, name: str, source: sa.FromClause) -> Condition:
        inner = self.where(part, name, source)
        # EXISTS is never unknown: a plain NOT lets the database choose an anti-join.
        negated: Condition = sa.not_(inner) if isinstance(part, Down | IsNull) else _not_true(inner)
        return negated

    def _column(self, table: str, column: str) -> Column:
        return self.bound.schema.by_name[table].by_name[column]


def among(dialect: str, column: ColumnElement[Any], described: Column, values: Sequence[Any], label: str) -> Condition:
    """The column is among bound values, sent as one parameter where the database has arrays or JSON."""
    sent = in_one(dialect, described, values)
    if sent is None:
        return column.in_(_fitting(values, described.family))
    if dialect == "postgresql":
        array = postgresql.ARRAY(_array_type(described))
        return column == sa.any_(sa.bindparam(_slug(label), sent, unique=True, type_=array))
    each = sa.func.json_each(sa.bindparam(_slug(label), sent, unique=True, type_=sa.Text())).table_valued("value")
    return column.in_(sa.select(each.c.value))


def in_one(dialect: str, described: Column, values: Sequence[Any]) -> Any:
    """Keys as the one parameter they are sent as; None where each needs one of its own."""
    fitted = _fitting(values, described.family)
    if dialect == "postgresql":
        return fitted
    if dialect != "sqlite" or any(isinstance(value, bytes) for value in fitted):
        return None
    return json.dumps(fitted, default=str)


def _fitting(values: Sequence[Any], family: Family) -> list[Any]:
    """Keys in the words of the column they meet, without those it can never hold."""
    return [fit for value in values if (fit := _fit(value, family)) is not None]


def _fit(value: Any, family: Family) -> Any:
    """A key in the words of the column it meets; None where it can meet none: a word is no number."""
    if family is Family.TEXT and isinstance(value, int | Decimal):
        return str(value)
    if family is Family.INTEGER and isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]+", value) else None
    return value


def value_type(value: object) -> sa.types.TypeEngine[Any] | None:
    """An aware instant must reach the driver as one."""
    return sa.DateTime(timezone=True) if isinstance(value, datetime) and value.tzinfo else None


def _array_type(column: Column) -> sa.types.TypeEngine[Any]:
    if column.family is Family.INTEGER and column.type in {"integer", "smallint"}:
        return sa.Integer()
    return _TYPES.get(column.family, sa.Text())


def as_text(dialect: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as text, compared byte by byte: a collation must not make two people one."""
    if dialect == "mariadb":
        return sa.collate(sa.cast(column, mysql.CHAR(charset="utf8mb4")), "utf8mb4_bin")
    text = sa.cast(column, sa.Text())
    return sa.collate(text, "BINARY") if dialect == "sqlite" else text


def _as_number(dialect: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A text as the whole number it is, else NULL; SQLite compares the two by itself."""
    if dialect == "sqlite":
        return column
    number = sa.cast(column, mysql.BIGINT() if dialect == "mariadb" else sa.BigInteger())
    return sa.case((as_text(dialect, column).regexp_match("^-?[0-9]{1,18}$"), number))


def _equal(dialect: str, column: ColumnElement[Any], described: Column, value: str) -> Condition:
    if described.family is Family.BOOLEAN and value.lower() in _TRUTHS:
        truth = _TRUTHS[value.lower()]
        return column.is_(sa.true() if truth else sa.false()) if dialect == "postgresql" else column == int(truth)
    if described.family in {Family.INTEGER, Family.DECIMAL, Family.BOOLEAN}:
        return column == _number(value, described)
    return as_text(dialect, column) == value if dialect != "sqlite" else column == value


def _number(value: str, column: Column) -> int | Decimal:
    try:
        return Decimal(value) if column.family is Family.DECIMAL else int(value)
    except (ValueError, ArithmeticError):
        raise could_not_run(
            Finding(
                code="S325",
                message=f"`when` compares the column `{column.name}` of type {column.type} with a word",
                where=column.name,
                help="give `when` a value of the column's type",
            )
        ) from None


def _sure(dialect: str, column: ColumnElement[Any], value: object) -> list[Condition]:
    """What an event needs besides lying before the cut: zeros are never due."""
    if isinstance(value, int):
        return [column > 0]
    return [part(column) > 0 for part in (sa.func.year, sa.func.month, sa.func.day)] if dialect == "mariadb" else []


def _years(sure: str) -> list[tuple[str, str]]:
    """Texts that begin with a year of this century or the last and lie before `sure`, as ranges by byte.

    A colon follows the digits: `1999:` ends the last century, and is no number to SQLite beside a column of dates.
    """
    year = int(sure[:4])
    ends = ((1900, min(year, 2000)), (2000, year))
    whole = [(f"{first}-", f"{end - 1}:") for first, end in ends if first < end]
    return [*whole, (f"{year}-", sure)]


def _between(column: ColumnElement[Any], label: str, low: str, high: str) -> Condition:
    first: sa.BindParameter[str] = sa.bindparam(f"{label}_from", low, unique=True)
    after: sa.BindParameter[str] = sa.bindparam(f"{label}_to", high, unique=True)
    return sa.and_(column >= first, column < after)


def _own(text: ColumnElement[Any], *, utc: bool) -> Condition:
    """The text names no offset other than the one it is read in."""
    plain = sa.not_(sa.or_(*(text.like(pattern) for pattern in ("%Z", "%+%", "%-__:__", "%:%-____", "%:%-__"))))
    return sa.or_(plain, text.like("%Z"), text.like("%+00:00")) if utc else plain


def _further(where: Selection) -> tuple[Up, Selection] | None:
    """The one step further up that a condition begins with, and the rest of the condition."""
    parts = where.parts if isinstance(where, All) else (where,)
    ups = [part for part in parts if isinstance(part, Up)]
    return (ups[0], every(*(part for part in parts if part is not ups[0]))) if len(ups) == 1 else None


def one_or_tuple(source: sa.FromClause, columns: tuple[str, ...]) -> Any:
    """One column, or a row of several to compare at once."""
    parts = [source.c[column] for column in columns]
    return parts[0] if len(parts) == 1 else sa.tuple_(*parts)


def _not_true(condition: Condition) -> Condition:
    negated: Condition = condition.is_not(sa.true())
    return negated


def _slug(name: str) -> str:
    return re.sub(r"\W", "_", name)
