"""MariaDB's information_schema, one statement per kind of object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from kept.map.schema import Column, Family, ForeignKey, Shape, Trigger
from kept.systems.sql.catalogue import Catalogue, Relation, digest, grouped
from kept.systems.sql.families import mariadb_family

_REMOTE_ENGINES: Final = frozenset({"FEDERATED", "CONNECT", "SPIDER"})
_JSON_CHECK: Final = re.compile(r"^json_valid\(`((?:[^`]|``)+)`\)$", re.IGNORECASE)
_UNBOUNDED: Final = 2**24 - 1  # mediumtext and longer

_RELATIONS: Final = sa.text("""
    SELECT table_name AS name, table_type AS kind, engine AS engine, create_options AS options, table_rows AS estimate
    FROM information_schema.tables WHERE table_schema = :schema AND table_type <> 'SEQUENCE'
""")
_COLUMNS: Final = sa.text("""
    SELECT table_name AS name, column_name AS column_name, column_type AS column_type, data_type AS data_type,
           is_nullable = 'YES' AS nullable, character_maximum_length AS length, generation_expression AS expression,
           column_default AS default_value, extra AS extra, column_comment AS comment
    FROM information_schema.columns WHERE table_schema = :schema ORDER BY table_name, ordinal_position
""")
_CHECKS: Final = sa.text("""
    SELECT table_name AS name, check_clause AS clause FROM information_schema.check_constraints
    WHERE constraint_schema = :schema AND check_clause LIKE 'json_valid(%'
""")
_INDEXES: Final = sa.text("""
    SELECT table_name AS name, index_name AS index_name, non_unique AS non_unique, column_name AS column_name
    FROM information_schema.statistics WHERE table_schema = :schema AND index_type <> 'FULLTEXT'
    ORDER BY table_name, index_name, seq_in_index
""")
_FOREIGN_KEYS: Final = sa.text("""
    SELECT k.table_name AS name, k.constraint_name AS constraint_name, k.column_name AS column_name,
           IF(k.referenced_table_schema = DATABASE(), '', CONCAT(k.referenced_table_schema, '.')) AS prefix,
           k.referenced_table_name AS referred, k.referenced_column_name AS target, r.delete_rule AS delete_rule
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
     AND r.table_name = k.table_name
    WHERE k.table_schema = :schema AND r.constraint_schema = :schema AND k.referenced_table_name IS NOT NULL
    ORDER BY k.table_name, k.constraint_name, k.ordinal_position
""")
_REFERRERS: Final = sa.text("""
    SELECT DISTINCT table_schema AS other, table_name AS name FROM information_schema.key_column_usage
    WHERE referenced_table_schema = DATABASE() AND table_schema <> DATABASE()
""")
# The names of triggers are shown only to a role with the TRIGGER privilege: `kept doctor` insists on it.
_TRIGGERS: Final = sa.text("""
    SELECT event_object_table AS name, trigger_name AS trigger_name, event_manipulation AS event,
           action_timing AS timing, action_statement AS statement
    FROM information_schema.triggers WHERE event_object_schema = :schema ORDER BY event_object_table, trigger_name
""")


_VERSIONED: Final = "SYSTEM VERSIONED"
_TRANSACTIONAL: Final = frozenset({"INNODB", "ROCKSDB"})
HISTORY: Final = "SYSTEM VERSIONING"
ENGINE: Final = "ENGINE = "


def read(connection: sa.Connection) -> Catalogue:
    """Read the catalogue of the connection's database, and of tables elsewhere whose foreign keys point into it."""
    home = _read(connection, str(connection.scalar(sa.select(sa.func.database()))))
    elsewhere = grouped((row.other, row.name) for row in connection.execute(_REFERRERS))
    for other, names in elsewhere.items():
        home = home.joined(_read(connection, other), names=names, prefix=f"{other}.")
    return home


def _read(connection: sa.Connection, schema: str) -> Catalogue:
    here = {"schema": schema}
    checks = connection.execute(_CHECKS, here)
    json_columns = {(row.name, found[1]) for row in checks if (found := _JSON_CHECK.match(row.clause))}
    indexes = _indexes(connection.execute(_INDEXES, here).all())
    relations = connection.execute(_RELATIONS, here).all()
    written = [(row.name, _trigger(row)) for row in connection.execute(_TRIGGERS, here)]
    return Catalogue(
        relations=tuple(_relation(row) for row in relations),
        columns=grouped((row.name, _column(row, json_columns)) for row in connection.execute(_COLUMNS, here)),
        keys={table: columns for table, index, _, columns in indexes if index == "PRIMARY"},
        uniques=grouped((table, columns) for table, index, unique, columns in indexes if unique and index != "PRIMARY"),
        indexes=grouped((table, columns) for table, _, _, columns in indexes),
        foreign_keys=grouped(_foreign_keys(connection.execute(_FOREIGN_KEYS, here).all())),
        triggers=grouped([*written, *_built_in(relations)]),
    )


def keeps_transactions(engine: str | None) -> bool:
    """Whether a table of this engine can roll back."""
    return (engine or "").upper() in _TRANSACTIONAL


def _built_in(relations: Iterable[sa.Row[Any]]) -> Iterator[tuple[str, Trigger]]:
    """What a table does of itself when rows go, told as triggers: a plan over such a table waits for a review.

    A history keeps the rows; an engine without transactions lets them go at once, in a rehearsal too.
    """
    for row in relations:
        if row.kind == _VERSIONED:
            yield row.name, Trigger(name=HISTORY, digest=digest(HISTORY), event="UPDATE, DELETE")
        if _shape(row) in (Shape.TABLE, Shape.PARTITIONED) and not keeps_transactions(row.engine):
            name = f"{ENGINE}{row.engine}"
            yield row.name, Trigger(name=name, digest=digest(name), event="UPDATE, DELETE")


def _relation(row: sa.Row[Any]) -> Relation:
    return Relation(name=row.name, shape=_shape(row), rows=None if row.kind == "VIEW" else row.estimate)


def _shape(row: sa.Row[Any]) -> Shape:
    if row.kind in ("VIEW", "SYSTEM VIEW"):
        return Shape.VIEW
    if (row.engine or "").upper() in _REMOTE_ENGINES:
        return Shape.FOREIGN
    return Shape.PARTITIONED if "partitioned" in (row.options or "") else Shape.TABLE


def _column(row: sa.Row[Any], json_columns: set[tuple[str, str]]) -> Column:
    family = (
        Family.JSON if (row.name, row.column_name) in json_columns else mariadb_family(row.data_type, row.column_type)
    )
    bounded = family is Family.TEXT and row.length is not None and row.length < _UNBOUNDED
    return Column(
        name=row.column_name,
        type=row.column_type,
        family=family,
        nullable=bool(row.nullable),
        length=row.length if bounded else None,
        generated=bool(row.expression),
        default=row.default_value not in (None, "NULL") or "auto_increment" in row.extra,
        comment=row.comment or "",
    )


def _indexes(rows: Iterable[sa.Row[Any]]) -> list[tuple[str, str, bool, tuple[str, ...]]]:
    groups = groupby(rows, key=lambda row: (row.name, row.index_name, not row.non_unique))
    return [(*group, tuple(row.column_name for row in members)) for group, members in groups]


def _foreign_keys(rows: Iterable[sa.Row[Any]]) -> Iterable[tuple[str, ForeignKey]]:
    for (name, _), members in groupby(rows, key=lambda row: (row.name, row.constraint_name)):
        parts = list(members)
        yield (
            name,
            ForeignKey(
                columns=tuple(part.column_name for part in parts),
                table=parts[0].prefix + parts[0].referred,
                referred=tuple(part.target for part in parts),
                on_delete=parts[0].delete_rule,
            ),
        )


def _trigger(row: sa.Row[Any]) -> Trigger:
    return Trigger(name=row.trigger_name, digest=digest(row.timing, row.event, row.statement), event=row.event)
