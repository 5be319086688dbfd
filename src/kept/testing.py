"""Values that tests of Kept, and of software built on it, share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa


@dataclass(frozen=True, kw_only=True)
class Database:
    """An empty database of one test. `url` is what a policy's environment variable would hold."""

    url: str
    dialect: str
    """postgresql, mariadb or sqlite."""
    open: Callable[[str, bool], sa.Engine] = field(repr=False)

    def engine(self, *, name: str = "shop", readonly: bool = False) -> sa.Engine:
        """Give a new engine, opened by Kept's own `connect` and disposed of when the test ends."""
        return self.open(name, readonly)

    @property
    def role(self) -> str:
        """The role in the URL; empty for SQLite."""
        return sa.make_url(self.url).username or ""

    def run(self, *statements: str) -> None:
        """Carry out statements in one transaction, as the owner of the database."""
        with self.engine().begin() as connection:
            for statement in statements:
                # The drivers of the servers read % as the mark of a parameter.
                connection.exec_driver_sql(statement if self.dialect == "sqlite" else statement.replace("%", "%%"))
