"""Values of some rows, spread over a table without reading all of it; the same rows each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from kept.map.schema import Column, Family, Schema, Shape, Table
from kept.ports import Sample
from kept.systems.sql.connect import system_of
from kept.systems.sql.faults import translated

LENGTH: Final = 2_000
"""Characters of a value that are looked at."""

_SMALL_PAGES: Final = 64
_ROW_IDS: Final = ("rowid", "_rowid_", "oid")

Records = list[sa.Row[Any]]


def sample(engine: sa.Engine, schema: Schema, table: str, columns: Sequence[str], rows: int) -> Sample:
    """At most `rows` rows as text, NULL left out. Values stay in memory and are never shown."""
    described = schema.by_name[table]
    chosen = [described.by_name[column] for column in columns]
    with translated(system=system_of(engine), doing="reading a sample"), engine.connect() as connection:
        found = _READERS[schema.dialect](connection, described, chosen, rows)
    values = {column.name: _texts(record[place] for record in found) for place, column in enumerate(chosen)}
    return Sample(table=table, columns=values, rows=len(found))


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(_text(value)[:LENGTH] for value in values if value is not None)


def _text(value: Any) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)


def _source(table: Table) -> sa.TableClause:
    return sa.table(table.name, *(sa.column(column.name) for column in table.columns))


def _cut(source: sa.FromClause, column: Column, dialect: str) -> sa.ColumnElement[Any]:
    """The start of the value; binary columns as bytes, everything else as text."""
    value = source.c[column.name]
    as_text = dialect == "postgresql" and column.family is not Family.BINARY
    return sa.func.substr(sa.cast(value, sa.Text) if as_text else value, 1, LENGTH).label(None)


def _first(connection: sa.Connection, table: Table, columns: list[Column], rows: int) -> Records:
    """The first rows as they come: for views, and for tables without a key to spread over."""
    source = _source(table)
    cuts = [_cut(source, column, connection.dialect.name) for column in columns]
    return list(connection.execute(sa.select(*cuts).select_from(source).limit(rows)))


# PostgreSQL: some blocks of the table, and of each block some lines.

_PAGES: Final = sa.text("""
    SELECT coalesce(sum(pg_relation_size(p.oid)), 0) / current_setting('block_size')::int AS pages
    FROM pg_class c CROSS JOIN LATERAL (
        SELECT relid AS oid FROM pg_partition_tree(c.oid) WHERE isleaf UNION SELECT c.oid) p
    WHERE c.relname = :name AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
""")
_SHARES: Final = 65_536


def _postgresql(connection: sa.Connection, table: Table, columns: list[Column], rows: int) -> Records:
    if table.shape in (Shape.VIEW, Shape.FOREIGN):
        return _first(connection, table, columns, rows)
    pages = int(connection.scalar(_PAGES, {"name": table.name}) or 0)
    blocks = min(pages, max(rows, _SMALL_PAGES))
    plain = _source(table)
    source = plain.tablesample(sa.func.system(100.0 * blocks / max(pages, 1)), name="sampled", seed=sa.literal(0))
    in_blocks = int(connection.scalar(sa.select(sa.func.count()).select_from(source)) or 0)
    share = min(_SHARES, int(_SHARES * rows / max(in_blocks, 1)) + 1)
    line = sa.func.hashtext(sa.cast(sa.literal_column("sampled.ctid"), sa.Text)).op("&")(_SHARES - 1)
    cuts = [_cut(source, column, "postgresql") for column in columns]
    return list(connection.execute(sa.select(*cuts).select_from(source).where(line < share).limit(rows)))


# MariaDB and SQLite: the rows that follow evenly spread key values.


def _mariadb(connection: sa.Connection, table: Table, columns: list[Column], rows: int) -> Records:
    if table.shape in (Shape.VIEW, Shape.FOREIGN) or len(table.key) != 1:
        return _first(connection, table, columns, rows)
    return _by_key(connection, table, table.by_name[table.key[0]], columns, rows)


_WITHOUT_ROW_ID: Final = sa.text("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = :name")


def _sqlite(connection: sa.Connection, table: Table, columns: list[Column], rows: int) -> Records:
    key = _sqlite_key(connection, table)
    if table.shape is not Shape.TABLE or key is None:
        return _first(connection, table, columns, rows)
    return _by_key(connection, table, key, columns, rows)


def _sqlite_key(connection: sa.Connection, table: Table) -> Column | None:
    if connection.scalar(_WITHOUT_ROW_ID, {"name": table.name}):
        return table.by_name[table.key[0]] if len(table.key) == 1 else None
    taken = {name.lower() for name in table.by_name}
    free = next((name for name in _ROW_IDS if name not in taken), None)
    return Column(name=free, type="INTEGER", family=Family.INTEGER, nullable=False) if free else None


def _by_key(connection: sa.Connection, table: Table, key: Column, columns: list[Column], rows: int) -> Records:
    source = sa.table(table.name, *(sa.column(name) for name in {key.name, *table.by_name}))
    ends = connection.execute(sa.select(sa.func.min(source.c[key.name]), sa.func.max(source.c[key.name]))).one()
    spread = _probes(ends[0], ends[1], rows)
    if not spread or _fits(connection, source, rows):
        return _first(connection, table, columns, rows)
    cuts = [_cut(source, column, connection.dialect.name) for column in columns]
    found = list(connection.execute(_picked(source, key, cuts, spread)))
    return found if 2 * len(found) >= rows else _both_ends(connection, source, source.c[key.name], cuts, rows)


def _fits(connection: sa.Connection, source: sa.TableClause, rows: int) -> bool:
    some = sa.select(sa.literal(1)).select_from(source).limit(rows + 1).subquery()
    return int(connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0) <= rows


def _probes(low: Any, high: Any, rows: int) -> list[int] | list[str]:
    if isinstance(low, int) and isinstance(high, int):
        return sorted({low + (high - low) * place // max(rows - 1, 1) for place in range(rows)})
    if isinstance(low, str):  # random keys such as UUIDs as text; for others the ends of the table are read
        return sorted({f"{4096 * place // rows:03x}" for place in range(rows)})
    return []


def _picked(
    source: sa.TableClause, key: Column, cuts: list[sa.ColumnElement[Any]], probes: Sequence[Any]
) -> sa.Select[Any]:
    """For each probe the row with the next key: one index seek each, in one statement."""
    kind = sa.BigInteger() if isinstance(probes[0], int) else sa.String(40)
    values = sa.values(sa.column("probe", kind), name="probes").data([(probe,) for probe in probes]).cte()
    inner = source.alias("following")
    following = (
        sa.select(inner.c[key.name]).where(inner.c[key.name] >= values.c.probe).order_by(inner.c[key.name]).limit(1)
    )
    pick = following.correlate(values).scalar_subquery().label("pick")
    picks = sa.select(pick).select_from(values).distinct().subquery("picks")
    return sa.select(*cuts).select_from(source.join(picks, source.c[key.name] == picks.c.pick))


def _both_ends(
    connection: sa.Connection,
    source: sa.TableClause,
    key: sa.ColumnElement[Any],
    cuts: list[sa.ColumnElement[Any]],
    rows: int,
) -> Records:
    """Keys with wide gaps: the first half and the last half of more rows than are wanted."""
    halves = ((key, rows - rows // 2), (key.desc(), rows // 2))
    reads = (sa.select(*cuts).select_from(source).order_by(order).limit(size) for order, size in halves)
    return [record for read in reads for record in connection.execute(read)]


_READERS: Final = {"postgresql": _postgresql, "mariadb": _mariadb, "sqlite": _sqlite}
