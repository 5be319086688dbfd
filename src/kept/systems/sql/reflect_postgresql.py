"""PostgreSQL's catalogue in six statements, whatever the number of tables.

A partition's rows are rows of its whole: triggers and foreign keys of its own are told of the whole as well, and the
copies that the catalogue keeps of the whole's are left out. A table that others inherit from holds their rows too,
under keys that nothing makes unique: that is told as a trigger, so a plan over it waits for a review.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from kept.map.schema import Column, ForeignKey, Shape, Trigger
from kept.systems.sql.catalogue import Catalogue, Relation, digest, grouped
from kept.systems.sql.families import postgresql_family

_SHAPES: Final = {"r": Shape.TABLE, "p": Shape.PARTITIONED, "v": Shape.VIEW, "m": Shape.VIEW, "f": Shape.FOREIGN}
_ON_DELETE: Final = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_EVENTS: Final = ((4, "INSERT"), (16, "UPDATE"), (8, "DELETE"), (32, "TRUNCATE"))
_RULE_EVENTS: Final = {"2": "UPDATE", "3": "INSERT", "4": "DELETE"}

# Tables of other schemas are listed (as schema.table) when a foreign key of theirs points here, for a cascade may reach
# them, and when they hold rows of a table from here.
_RELATIONS: Final = sa.text("""
    WITH RECURSIVE below AS (
        SELECT t.oid FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace WHERE s.nspname = current_schema()
        UNION SELECT i.inhrelid FROM pg_inherits i JOIN below ON below.oid = i.inhparent)
    SELECT c.oid, c.relname, n.nspname, n.nspname = current_schema() AS ours, c.relkind::text AS kind,
           c.relispartition, row_security_active(c.oid) AS row_security, c.reltuples::bigint AS rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND (c.oid IN (SELECT oid FROM below) OR c.oid IN (
            SELECT k.conrelid FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid
            JOIN pg_namespace s ON s.oid = t.relnamespace
            WHERE k.contype = 'f' AND s.nspname = current_schema()))
""")

_INHERITED: Final = sa.text("""
    SELECT i.inhrelid AS child, i.inhparent AS parent FROM pg_inherits i
    WHERE i.inhrelid = ANY(:oids) AND i.inhparent = ANY(:oids) ORDER BY i.inhparent, i.inhrelid
""")

# What a domain is made of may be a domain again; each may forbid NULL.
_COLUMNS: Final = sa.text("""
    WITH RECURSIVE made AS (
        SELECT oid AS domain, oid, typbasetype AS of_type, typnotnull AS required, typtypmod AS typmod,
               typdefault IS NOT NULL AS preset
        FROM pg_type WHERE typtype = 'd'
        UNION ALL
        SELECT made.domain, t.oid, t.typbasetype, made.required OR t.typnotnull,
               CASE WHEN made.typmod < 0 THEN t.typtypmod ELSE made.typmod END,
               made.preset OR t.typdefault IS NOT NULL
        FROM made JOIN pg_type t ON t.oid = made.of_type)
    SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod) AS type,
           b.typname AS base, b.typtype::text AS kind, coalesce(made.typmod, a.atttypmod) AS typmod,
           NOT (a.attnotnull OR coalesce(made.required, false)) AS nullable,
           a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
           a.atthasdef OR a.attidentity <> '' OR coalesce(made.preset, false) AS has_default, d.description
    FROM pg_attribute a LEFT JOIN made ON made.domain = a.atttypid AND made.of_type = 0
    JOIN pg_type b ON b.oid = coalesce(made.oid, a.atttypid)
    LEFT JOIN pg_description d ON d.objoid = a.attrelid AND d.objsubid = a.attnum AND d.classoid = 'pg_class'::regclass
    WHERE a.attrelid = ANY(:oids) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
""")

# An index over a condition cannot serve every row; of one over expressions only the plain leading columns count.
_INDEXES: Final = sa.text("""
    SELECT i.indrelid, i.indisprimary, i.indisunique, i.indnkeyatts AS width,
           array_agg(a.attname::text ORDER BY u.place) FILTER (WHERE u.place <= i.indnkeyatts) AS columns
    FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS u(number, place)
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number AND u.number > 0
    WHERE i.indrelid = ANY(:oids) AND i.indisvalid AND i.indpred IS NULL
    GROUP BY i.indexrelid, i.indrelid, i.indisprimary, i.indisunique, i.indnkeyatts ORDER BY i.indexrelid
""")

# A key from or to a partitioned table is repeated in the catalogue for each partition: those copies are left out.
_FOREIGN_KEYS: Final = sa.text("""
    SELECT k.conrelid, k.confrelid, k.confdeltype::text AS on_delete,
           r.relname AS referred, rn.nspname AS referred_schema,
           rn.nspname = current_schema() AS referred_ours,
           array_agg(f.attname::text ORDER BY u.place) AS columns,
           array_agg(p.attname::text ORDER BY u.place) AS targets
    FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(child, parent, place)
    JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = u.child
    JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = u.parent
    WHERE k.contype = 'f' AND k.conrelid = ANY(:oids) AND k.conparentid = 0
    GROUP BY k.oid, k.conrelid, k.confrelid, k.confdeltype, r.relname, rn.nspname ORDER BY k.oid
""")

# A rewrite rule (ON DELETE DO …) acts as a trigger does, so it is one. A partition's copy of a trigger is its own when
# it is switched otherwise than the whole's.
_TRIGGERS: Final = sa.text("""
    SELECT t.tgrelid AS relation, t.tgname::text AS name, t.tgtype::int AS bits, NULL AS rule,
           t.tgenabled::text AS state,
           EXISTS (SELECT FROM pg_trigger p WHERE p.oid = t.tgparentid AND p.tgenabled = t.tgenabled) AS copied,
           pg_get_triggerdef(t.oid) AS definition, pg_get_functiondef(t.tgfoid) AS body
    FROM pg_trigger t WHERE t.tgrelid = ANY(:oids) AND NOT t.tgisinternal
    UNION ALL
    SELECT r.ev_class, r.rulename::text, 0, r.ev_type::text, r.ev_enabled::text, false, pg_get_ruledef(r.oid), ''
    FROM pg_rewrite r WHERE r.ev_class = ANY(:oids) AND r.ev_type <> '1'
    ORDER BY relation, name
""")


def read(connection: sa.Connection) -> Catalogue:
    """Read the catalogue of the connection's default schema, the first of its search_path that exists."""
    relations = connection.execute(_RELATIONS).all()
    names = {row.oid: _name(row.relname, row.nspname, ours=row.ours) for row in relations}
    oids = {"oids": list(names)}
    indexes = connection.execute(_INDEXES, oids).all()
    parents = grouped((row.child, row.parent) for row in connection.execute(_INHERITED, oids))
    partitions = {row.oid for row in relations if row.relispartition}
    return Catalogue(
        relations=tuple(_relation(row, names[row.oid]) for row in relations),
        columns=grouped((names[row.attrelid], _column(row)) for row in connection.execute(_COLUMNS, oids)),
        keys={names[row.indrelid]: tuple(row.columns) for row in indexes if row.indisprimary},
        uniques=grouped((names[row.indrelid], _plain(row)) for row in indexes if _is_unique(row)),
        indexes=grouped((names[row.indrelid], _plain(row)) for row in indexes if _plain(row)),
        foreign_keys=grouped(
            (names[holder], key)
            for row in connection.execute(_FOREIGN_KEYS, oids)
            for holder in (_wholes(row.conrelid, parents) if row.conrelid in partitions else [row.conrelid])
            for key in _foreign_keys(row, [names[whole] for whole in _wholes(row.confrelid, parents)])
        ),
        triggers=grouped(
            (names[holder], trigger)
            for holder, trigger in (
                *_triggers(connection.execute(_TRIGGERS, oids).all(), parents),
                *_heirs(parents, partitions, names),
            )
        ),
    )


def _wholes(relation: int, parents: Mapping[int, list[int]]) -> list[int]:
    """The tables whose rows a table's rows are as well, all the way up."""
    above = parents.get(relation, [])
    return [*above, *(whole for parent in above for whole in _wholes(parent, parents))]


def _triggers(rows: Iterable[sa.Row[Any]], parents: Mapping[int, list[int]]) -> Iterator[tuple[int, Trigger]]:
    for row in rows:
        for holder in (row.relation, *([] if row.copied else _wholes(row.relation, parents))):
            yield holder, _trigger(row)


def _heirs(
    parents: Mapping[int, list[int]], partitions: set[int], names: Mapping[int, str]
) -> Iterator[tuple[int, Trigger]]:
    for child in parents:
        if child not in partitions:
            for whole in _wholes(child, parents):
                name = f"{names[child]} INHERITS {names[whole]}"
                yield whole, Trigger(name=name, digest=digest(name), event="UPDATE, DELETE")


def _name(relation: str, schema: str, *, ours: bool) -> str:
    return relation if ours else f"{schema}.{relation}"


def _relation(row: sa.Row[Any], name: str) -> Relation:
    shape = Shape.PARTITION if row.relispartition else _SHAPES[row.kind]
    return Relation(name=name, shape=shape, row_security=row.row_security, rows=row.rows if row.rows >= 0 else None)


def _column(row: sa.Row[Any]) -> Column:
    limited = row.base in ("varchar", "bpchar") and row.typmod > 0
    return Column(
        name=row.attname,
        type=row.type,
        family=postgresql_family(row.base, row.kind),
        nullable=row.nullable,
        length=row.typmod - 4 if limited else None,  # the four bytes of a varlena header
        generated=row.generated,
        default=row.has_default and not row.generated,
        comment=row.description or "",
    )


def _plain(row: sa.Row[Any]) -> tuple[str, ...]:
    columns: Sequence[str | None] = row.columns
    first_expression = next((place for place, column in enumerate(columns) if column is None), len(columns))
    return tuple(column for column in columns[:first_expression] if column is not None)


def _is_unique(row: sa.Row[Any]) -> bool:
    return bool(row.indisunique) and not row.indisprimary and len(_plain(row)) == row.width


def _foreign_keys(row: sa.Row[Any], wholes: Iterable[str]) -> Iterator[ForeignKey]:
    """The key, and the same one to the tables whose rows its target's rows are as well."""
    for table in (_name(row.referred, row.referred_schema, ours=row.referred_ours), *wholes):
        yield ForeignKey(
            columns=tuple(row.columns),
            table=table,
            referred=tuple(row.targets),
            on_delete=_ON_DELETE[row.on_delete],
        )


def _trigger(row: sa.Row[Any]) -> Trigger:
    events = [_RULE_EVENTS[row.rule]] if row.rule else [word for bit, word in _EVENTS if row.bits & bit]
    return Trigger(name=row.name, digest=digest(row.state, row.definition, row.body), event=", ".join(events))
