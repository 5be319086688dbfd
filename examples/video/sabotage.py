"""Three ways to cheat a proof, each with its undo: hidden rows, hidden copies, a column nobody declared.

The statements are fixed words; no name or value comes from outside. They run alike on SQLite, PostgreSQL and MariaDB
but for the trigger, whose dialect differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:  # loaded by its path
    sys.path.append(ROOT)

from examples.video.schema import engine_of  # noqa: E402

OVERDUE: Final = 3
"""Records that `hide_overdue` puts on accounts closed more than three years ago, before it hides them."""
_OLD_RECORD: Final = text(
    "INSERT INTO support_record (id, account_id, user_id, team, contact, subject, body, at, solved_at)"
    " SELECT :id, id, NULL, 'support', 'alt@klarsyn.example', 'sabotage', 'Bitte um Rückruf.', closed_at, closed_at"
    " FROM account WHERE id = :account"
)
_COPY: Final = """
INSERT INTO support_archive (id, account_id, user_id, team, contact, subject, body, at, solved_at)
VALUES (OLD.id, OLD.account_id, OLD.user_id, OLD.team, OLD.contact, OLD.subject, OLD.body, OLD.at, OLD.solved_at)
"""
_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION support_copy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_COPY}; RETURN NULL; END $$
"""
_TRIGGERS: Final = {
    "sqlite": (f"CREATE TRIGGER support_copy AFTER DELETE ON support_record BEGIN {_COPY}; END",),
    "mysql": (f"CREATE TRIGGER support_copy AFTER DELETE ON support_record FOR EACH ROW {_COPY}",),
    "postgresql": (
        _FUNCTION,
        "CREATE TRIGGER support_copy AFTER DELETE ON support_record FOR EACH ROW EXECUTE FUNCTION support_copy()",
    ),
}
_NO_TRIGGER: Final = {
    "sqlite": ("DROP TRIGGER support_copy",),
    "mysql": ("DROP TRIGGER support_copy",),
    "postgresql": ("DROP TRIGGER support_copy ON support_record", "DROP FUNCTION support_copy()"),
}


def hide_overdue(url: str) -> None:
    """Put old records on long closed accounts, then a view in the table's place that shows open accounts only."""
    with _connected(url) as connection:
        _plant(connection)
        _run(
            connection,
            "ALTER TABLE support_record RENAME TO support_record_all",
            "CREATE VIEW support_record AS SELECT r.* FROM support_record_all r"
            " JOIN account a ON a.id = r.account_id WHERE a.closed_at IS NULL",
        )


def undo_hide_overdue(url: str) -> None:
    """Bring the table back and remove the records that were put into it."""
    with _connected(url) as connection:
        _run(
            connection,
            "DROP VIEW support_record",
            "ALTER TABLE support_record_all RENAME TO support_record",
            "DELETE FROM support_record WHERE subject = 'sabotage'",
        )


def copy_deleted(url: str) -> None:
    """Add a trigger that copies every deleted support record into `support_archive`."""
    with _connected(url) as connection:
        _run(connection, "CREATE TABLE support_archive AS SELECT * FROM support_record WHERE 1 = 0")
        _run(connection, *_TRIGGERS[_family(connection)])


def undo_copy_deleted(url: str) -> None:
    """Remove the trigger and what it copied."""
    with _connected(url) as connection:
        _run(connection, *_NO_TRIGGER[_family(connection)], "DROP TABLE support_archive")


def unmapped_column(url: str) -> None:
    """Add a column nobody declared to the accounts and fill it with mail addresses of their users."""
    with _connected(url) as connection:
        _run(
            connection,
            "ALTER TABLE account ADD COLUMN note2 VARCHAR(190)",
            "UPDATE account SET note2 = (SELECT min(u.email) FROM account_user u WHERE u.account_id = account.id)"
            " WHERE closed_at IS NULL",
        )


def undo_unmapped_column(url: str) -> None:
    """Remove that column."""
    with _connected(url) as connection:
        _run(connection, "ALTER TABLE account DROP COLUMN note2")


def _plant(connection: Connection) -> None:
    """Put one overdue record on each of the accounts that were closed longest ago."""
    top = connection.execute(text("SELECT max(id) FROM support_record")).scalar_one() or 0
    oldest = connection.execute(
        text("SELECT id FROM account WHERE closed_at IS NOT NULL ORDER BY closed_at, id LIMIT :n"), {"n": OVERDUE}
    ).scalars()
    rows = [{"id": top + place, "account": account} for place, account in enumerate(oldest, start=1)]
    connection.execute(_OLD_RECORD, rows)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = engine_of(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))


def _family(connection: Connection) -> str:
    """MariaDB answers to both names."""
    name = connection.dialect.name
    return "mysql" if name == "mariadb" else name
