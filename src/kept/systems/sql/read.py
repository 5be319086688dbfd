"""Reading named people's rows: one statement per table and person, prepared once, answered page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from kept.decide.select import Named, Selection
from kept.map.bound import Map
from kept.map.schema import Column
from kept.ports import Keys, Page, Reader
from kept.systems.sql.compile import Compiler, Condition, in_one
from kept.systems.sql.connect import system_of
from kept.systems.sql.faults import translate

ROWS: Final = 1_000
"""Rows of a page: what of a person is in memory at any time."""

Rows: TypeAlias = Sequence[tuple[Any, ...]]
Values: TypeAlias = Mapping[str, Any]


@contextmanager
def reading(connection: sa.Connection, bound: Map, zone: str, reach: Mapping[str, Selection]) -> Iterator[Reader]:
    """Stand ready to read people one after another, in one transaction that changes nothing and sees one state."""
    if connection.dialect.name == "postgresql":  # the other two read one state without being asked
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    tables = [_open(connection, _Table(bound=bound, zone=zone, name=name, where=reach[name])) for name in reach]
    with connection.begin():
        yield _Desk(connection=connection, cursor=_cursor(connection), tables=tables).read


@dataclass(frozen=True, kw_only=True)
class _Table:
    """Which rows of one table are a person's."""

    bound: Map
    zone: str
    name: str
    where: Selection

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column, in the order of the table."""
        return tuple(column.name for column in self.bound.schema.by_name[self.name].columns)

    def compiler(self, keys: Keys) -> Compiler:
        """The compiler of plan, apply and verify."""
        return Compiler(bound=self.bound, zone=self.zone, keys=keys)

    def select(self, compiler: Compiler) -> sa.Select[Any]:
        """The person's rows."""
        source = compiler.table(self.name)
        return sa.select(*source.c).where(compiler.where(self.where, self.name, source))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a key set stands in a statement: the one parameter it is sent as, or None, and the column it meets."""

    bind: sa.BindParameter[Any] | None
    keys: str
    column: Column


@dataclass(frozen=True, kw_only=True)
class _Watched(Compiler):
    """The same compiler, noting where key sets stand."""

    places: list[_Place] = field(default_factory=list)

    def where(self, selection: Selection, name: str, source: sa.FromClause) -> Condition:
        """The condition, unchanged."""
        condition = super().where(selection, name, source)
        if isinstance(selection, Named):
            column = self.bound.schema.by_name[name].by_name[selection.columns[0]]
            self.places.append(_Place(bind=_bind(condition), keys=selection.keys, column=column))
        return condition


@dataclass(frozen=True, kw_only=True)
class _Statement:
    """A compiled statement in the words of the driver, and the parameters a person's keys go into."""

    text: str
    order: tuple[str, ...] | None
    """Names of the parameters by position; None where the driver takes names."""
    constants: Values
    places: tuple[tuple[str, _Place], ...]
    dialect: str

    def arguments(self, keys: Keys) -> Values | Sequence[Any] | None:
        """What the driver gets for somebody's keys; None where they do not fit into one parameter each."""
        values = dict(self.constants)
        for name, place in self.places:
            sent = in_one(self.dialect, place.column, keys[place.keys])
            if sent is None:
                return None
            values[name] = sent
        return values if self.order is None else [values[name] for name in self.order]


def _open(connection: sa.Connection, table: _Table) -> tuple[_Table, _Statement | None]:
    """Compile once for everybody, key sets left empty; None where each person's statement is another text."""
    watched = _Watched(bound=table.bound, zone=table.zone, keys=dict.fromkeys(table.bound.tables, ()))
    select = table.select(watched)
    if any(place.bind is None for place in watched.places):
        return table, None
    compiled: Any = select.compile(dialect=connection.dialect)
    places = {compiled.bind_names[place.bind]: place for place in watched.places if place.bind is not None}
    order = compiled.positiontup
    statement = _Statement(
        text=str(compiled),
        order=None if order is None else tuple(order),
        constants={name: value for name, value in compiled.params.items() if name not in places},
        places=tuple(places.items()),
        dialect=connection.dialect.name,
    )
    return table, statement


def _bind(condition: Condition) -> sa.BindParameter[Any] | None:
    """The one parameter of a condition on keys; None when there are as many as there are keys."""
    binds = [part for part in visitors.iterate(condition) if isinstance(part, sa.BindParameter)]
    return binds[0] if len(binds) == 1 and not binds[0].expanding else None


@dataclass(kw_only=True)
class _Desk:
    """Where people are read one after another, through one cursor of the driver."""

    connection: sa.Connection
    cursor: Any
    tables: Sequence[tuple[_Table, _Statement | None]]
    taken: bool = False

    def read(self, keys: Keys) -> Iterator[Page]:
        """Every table's rows of one person, or of several taken together."""
        if self.taken:
            raise RuntimeError("read one person to the end, or close the reading, before the next")
        self.taken = True
        try:
            for table, statement in self.tables:
                for part in self._parts(table, statement, keys):
                    yield Page(table=table.name, columns=table.columns, rows=part)
        finally:
            self.taken = False

    def _parts(self, table: _Table, statement: _Statement | None, keys: Keys) -> Iterator[Rows]:
        if statement and (arguments := statement.arguments(keys)) is not None:
            return self._prepared(statement.text, arguments)
        select = table.select(table.compiler(keys))
        return self._built(select) if self.connection.dialect.name == "postgresql" else self._general(select)

    def _prepared(self, text: str, arguments: Any) -> Iterator[Rows]:
        """Through the driver: for a person with thirty rows, everything above it would cost more than the reading."""
        fetched = _streamed if self.connection.dialect.name == "postgresql" else _fetched
        try:
            yield from fetched(self.cursor, text, arguments)
        except self.connection.dialect.loaded_dbapi.Error as error:
            system = system_of(self.connection.engine)
            raise translate(error, system=system, doing="reading a person's rows") from None

    def _built(self, select: sa.Select[Any]) -> Iterator[Rows]:
        """Keys of several columns make a text of their own for each person."""
        compiled = select.compile(dialect=self.connection.dialect, compile_kwargs={"render_postcompile": True})
        return self._prepared(str(compiled), compiled.params)

    def _general(self, select: sa.Select[Any]) -> Iterator[Rows]:
        with self.connection.execute(select, execution_options={"yield_per": ROWS}) as result:
            for part in result.partitions():
                yield [tuple(row) for row in part]


def _streamed(cursor: Any, text: str, arguments: Any) -> Iterator[Rows]:
    """Rows as the server sends them: a declared cursor would cost four round trips where this costs one."""
    part = []
    with closing(cursor.stream(text, arguments, size=ROWS)) as rows:
        for row in rows:
            part.append(row)
            if len(part) == ROWS:
                yield part
                part = []
    if part:
        yield part


def _fetched(cursor: Any, text: str, arguments: Any) -> Iterator[Rows]:
    cursor.execute(text, arguments)
    while part := cursor.fetchmany(ROWS):
        yield part


def _cursor(connection: sa.Connection) -> Any:
    """A cursor of the driver; on PostgreSQL one that gives an instant Python cannot hold as the text it is."""
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    if connection.dialect.name == "postgresql":
        for name in ("date", "timestamp", "timestamptz"):
            cursor.adapters.register_loader(name, _faithful(name))
    return cursor


@cache
def _faithful(name: str) -> type[Any]:
    """A copy must not say «none» where the row says `infinity`, as reading a clock may."""
    from psycopg import DataError, adapters  # noqa: PLC0415 - slow to import, and for PostgreSQL only
    from psycopg.adapt import Loader  # noqa: PLC0415
    from psycopg.pq import Format  # noqa: PLC0415

    plain: Any = adapters.get_loader(adapters.types[name].oid, Format.TEXT)

    class Faithful(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._plain = plain(oid, context).load

        def load(self, data: Any) -> Any:
            try:
                return self._plain(data)
            except DataError:
                return bytes(data).decode()

    return Faithful
