"""SQLite's catalogue through its table-valued pragmas, joined in one statement per kind of object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from kept.map.schema import Column, ForeignKey, Shape, Trigger
from kept.systems.sql.catalogue import Catalogue, Relation, digest, grouped
from kept.systems.sql.families import sqlite_family, sqlite_length

_EVENT: Final = re.compile(r"""(?:BEFORE|AFTER|INSTEAD\s+OF|["\]`\w])\s+(DELETE|INSERT|UPDATE)\b""", re.IGNORECASE)
_SHAPES: Final = {"view": Shape.VIEW, "virtual": Shape.FOREIGN}

_RELATIONS: Final = sa.text("""
    SELECT name, type AS kind FROM pragma_table_list
    WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
""")
_COLUMNS: Final = sa.text("""
    SELECT m.name AS name, c.name AS column_name, c.type AS declared, c."notnull" AS not_null,
           c.dflt_value AS default_value, c.pk AS place, c.hidden AS hidden
    FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, c.cid
""")
_VIEW_COLUMNS: Final = sa.text("""
    SELECT :name AS name, c.name AS column_name, c.type AS declared, c."notnull" AS not_null,
           c.dflt_value AS default_value, c.pk AS place, c.hidden AS hidden
    FROM pragma_table_xinfo(:name) c ORDER BY c.cid
""")
# hidden: 1 is a virtual table's own column, 2 and 3 are generated ones
_INDEXES: Final = sa.text("""
    SELECT m.name AS name, i.name AS index_name, i."unique" AS is_unique, i.origin AS origin, c.name AS column_name
    FROM sqlite_schema m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c
    WHERE m.type = 'table' AND NOT i.partial ORDER BY m.name, i.name, c.seqno
""")
_FOREIGN_KEYS: Final = sa.text("""
    SELECT m.name AS name, f.id AS id, f."table" AS referred, f."from" AS column_name, f."to" AS target,
           f.on_delete AS on_delete
    FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
    WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq
""")
_TRIGGERS: Final = sa.text(
    "SELECT tbl_name AS name, name AS trigger_name, sql FROM sqlite_schema WHERE type = 'trigger'"
)
_HAS_STATISTICS: Final = sa.text("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'")
_STATISTICS: Final = sa.text(
    "SELECT tbl AS name, max(CAST(stat AS INTEGER)) AS estimate FROM sqlite_stat1 GROUP BY tbl"
)


def read(connection: sa.Connection) -> Catalogue:
    """Read the catalogue of the main database of the file."""
    relations = connection.execute(_RELATIONS).all()
    names = {row.name.lower(): row.name for row in relations}
    columns = [*connection.execute(_COLUMNS), *_view_columns(connection, relations)]
    indexes = _indexes(connection.execute(_INDEXES).all())
    keys = _keys(columns)
    rows = _estimates(connection)
    return Catalogue(
        relations=tuple(_relation(row, rows) for row in relations),
        columns=grouped((row.name, _column(row)) for row in columns if row.hidden != 1),
        keys=keys,
        uniques=grouped((name, plain) for name, unique, plain, whole in indexes if unique and whole),
        indexes=grouped([*_key_indexes(keys), *((name, plain) for name, _, plain, _ in indexes if plain)]),
        foreign_keys=grouped(_foreign_keys(connection.execute(_FOREIGN_KEYS).all(), names, keys, _spelled(columns))),
        triggers=grouped(
            (names.get(row.name.lower(), row.name), _trigger(row)) for row in connection.execute(_TRIGGERS)
        ),
    )


def _view_columns(connection: sa.Connection, relations: Iterable[sa.Row[Any]]) -> list[sa.Row[Any]]:
    """One by one: a view whose table has gone is an error that must not hide the others."""
    found: list[sa.Row[Any]] = []
    for view in (row.name for row in relations if row.kind == "view"):
        try:
            found += connection.execute(_VIEW_COLUMNS, {"name": view}).all()
        except sa.exc.OperationalError:
            continue
    return found


def _estimates(connection: sa.Connection) -> dict[str, int]:
    if connection.execute(_HAS_STATISTICS).first() is None:
        return {}
    return {row.name: row.estimate for row in connection.execute(_STATISTICS)}


def _relation(row: sa.Row[Any], rows: Mapping[str, int]) -> Relation:
    return Relation(name=row.name, shape=_SHAPES.get(row.kind, Shape.TABLE), rows=rows.get(row.name))


def _column(row: sa.Row[Any]) -> Column:
    return Column(
        name=row.column_name,
        type=row.declared,
        family=sqlite_family(row.declared),
        nullable=not row.not_null and not (row.place and "INT" in row.declared.upper()),
        length=sqlite_length(row.declared),
        generated=row.hidden in (2, 3),
        default=row.default_value is not None,
    )


def _keys(columns: Iterable[sa.Row[Any]]) -> dict[str, tuple[str, ...]]:
    parts = grouped((row.name, (row.place, row.column_name)) for row in columns if row.place)
    return {name: tuple(column for _, column in sorted(places)) for name, places in parts.items()}


def _spelled(columns: Iterable[sa.Row[Any]]) -> dict[str, dict[str, str]]:
    """Per table how each column is spelled, by its name in lower case: a reference may spell it otherwise."""
    spelled = grouped((row.name, (row.column_name.lower(), row.column_name)) for row in columns)
    return {name: dict(pairs) for name, pairs in spelled.items()}


def _key_indexes(keys: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, tuple[str, ...]]]:
    """A key is always searchable: by the row id, by its own index, or as the table itself."""
    return keys.items()


def _indexes(rows: Iterable[sa.Row[Any]]) -> list[tuple[str, bool, tuple[str, ...], bool]]:
    """(table, unique beside the key, plain leading columns, whether these are all) per index."""
    found = []
    for (name, _, unique, origin), members in groupby(
        rows, key=lambda row: (row.name, row.index_name, bool(row.is_unique), row.origin)
    ):
        columns = [row.column_name for row in members]
        plain = columns[: columns.index(None)] if None in columns else columns
        found.append((name, unique and origin != "pk", tuple(plain), len(plain) == len(columns)))
    return found


def _foreign_keys(
    rows: Iterable[sa.Row[Any]],
    names: Mapping[str, str],
    keys: Mapping[str, tuple[str, ...]],
    columns: Mapping[str, Mapping[str, str]],
) -> Iterable[tuple[str, ForeignKey]]:
    """Declared references whose target can be told; SQLite itself refuses every change under one that leads nowhere."""
    for (name, _), members in groupby(rows, key=lambda row: (row.name, row.id)):
        parts = list(members)
        referred = names.get(parts[0].referred.lower(), parts[0].referred)
        written = [part.target for part in parts if part.target is not None]
        spelled = columns.get(referred, {})
        targets = tuple(spelled.get(target.lower(), "") for target in written) or keys.get(referred, ())
        if len(targets) == len(parts) and all(targets):
            yield (
                name,
                ForeignKey(
                    columns=tuple(part.column_name for part in parts),
                    table=referred,
                    referred=targets,
                    on_delete=parts[0].on_delete,
                ),
            )


def _trigger(row: sa.Row[Any]) -> Trigger:
    found = _EVENT.search(row.sql)
    return Trigger(name=row.trigger_name, digest=digest(row.sql), event=found[1].upper() if found else "")
