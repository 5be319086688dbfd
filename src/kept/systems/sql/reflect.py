"""What a database says of itself, read afresh: only the connection's default schema, and whatever refers to it.

PostgreSQL: the first schema of the search_path that exists. MariaDB: the database of the URL. SQLite: the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from kept.map.schema import Schema
from kept.policy.findings import could_not_run
from kept.systems.sql import reflect_mariadb, reflect_postgresql, reflect_sqlite
from kept.systems.sql.catalogue import Catalogue
from kept.systems.sql.codes import finding
from kept.systems.sql.connect import system_of
from kept.systems.sql.faults import translated

_READERS: Final[dict[str, Callable[[sa.Connection], Catalogue]]] = {
    "postgresql": reflect_postgresql.read,
    "mariadb": reflect_mariadb.read,
    "sqlite": reflect_sqlite.read,
}


_DEFAULT_SCHEMA: Final = {"postgresql": sa.func.current_schema(), "mariadb": sa.func.database()}


def describe(engine: sa.Engine) -> Schema:
    """Read the catalogue. Raises Refused when the system cannot be reached."""
    system = system_of(engine)
    with translated(system=system, doing="reading the catalogue"), engine.connect() as connection:
        require_default_schema(connection, system=system)
        return _READERS[engine.dialect.name](connection).schema(engine.dialect.name)


def require_default_schema(connection: sa.Connection, *, system: str) -> None:
    """A search path that leads nowhere would make every table missing and nothing wrong."""
    default = _DEFAULT_SCHEMA.get(connection.dialect.name)
    if default is not None and connection.scalar(sa.select(default)) is None:
        raise could_not_run(finding("S225", where=system))
