"""Rows of a catalogue, the same for every database, and how they become a Schema."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from kept.map.schema import Column, ForeignKey, Schema, Shape, Table, Trigger

T = TypeVar("T")
K = TypeVar("K")

OWN_TABLE: Final = "kept_marker"
"""Kept's marker in the target is no part of the customer's schema: its creation must not invalidate a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A name in the catalogue before its parts are known."""

    name: str
    shape: Shape
    row_security: bool = False
    rows: int | None = None


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All relations and their parts, by the relation's name."""

    relations: tuple[Relation, ...]
    columns: Mapping[str, list[Column]]
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uniques: Mapping[str, list[tuple[str, ...]]] = field(default_factory=dict)
    indexes: Mapping[str, list[tuple[str, ...]]] = field(default_factory=dict)
    foreign_keys: Mapping[str, list[ForeignKey]] = field(default_factory=dict)
    triggers: Mapping[str, list[Trigger]] = field(default_factory=dict)

    def joined(self, other: Catalogue, *, names: Iterable[str], prefix: str) -> Catalogue:
        """Add some relations of another schema under prefixed names: what a cascade from here may reach."""
        chosen = frozenset(names)
        return Catalogue(
            relations=self.relations
            + tuple(replace(r, name=prefix + r.name) for r in other.relations if r.name in chosen),
            columns=_joined(self.columns, other.columns, chosen, prefix),
            keys=_joined(self.keys, other.keys, chosen, prefix),
            uniques=_joined(self.uniques, other.uniques, chosen, prefix),
            indexes=_joined(self.indexes, other.indexes, chosen, prefix),
            foreign_keys=_joined(self.foreign_keys, other.foreign_keys, chosen, prefix),
            triggers=_joined(self.triggers, other.triggers, chosen, prefix),
        )

    def schema(self, dialect: str) -> Schema:
        """Put every part at its table."""
        described = (relation for relation in self.relations if relation.name != OWN_TABLE)
        ordered = sorted(described, key=lambda relation: relation.name)
        return Schema(dialect=dialect, tables=tuple(self._table(relation) for relation in ordered))

    def _table(self, relation: Relation) -> Table:
        name = relation.name
        return Table(
            name=name,
            shape=relation.shape,
            columns=tuple(self.columns.get(name, ())),
            key=self.keys.get(name, ()),
            unique=_distinct(self.uniques.get(name, ())),
            indexes=_distinct(self.indexes.get(name, ())),
            foreign_keys=tuple(self.foreign_keys.get(name, ())),
            triggers=tuple(self.triggers.get(name, ())),
            row_security=relation.row_security,
            rows=relation.rows,
        )


def grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, list[T]]:
    """Collect values by name, in the order they come."""
    groups: dict[K, list[T]] = defaultdict(list)
    for name, value in pairs:
        groups[name].append(value)
    return dict(groups)


def _joined(ours: Mapping[str, T], others: Mapping[str, T], chosen: frozenset[str], prefix: str) -> dict[str, T]:
    return {**ours, **{prefix + name: part for name, part in others.items() if name in chosen}}


def digest(*parts: str) -> str:
    """SHA-256 of a trigger's source."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _distinct(values: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(values))
