"""The video shop on three databases: the same rows, the same sabotage, and the way back."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import sqlalchemy as sa

sys.path.append(str(Path(__file__).resolve().parents[2]))

from examples.video import build, sabotage
from examples.video.schema import METADATA

from kept.testing import Database

AS_OF = date(2026, 11, 24)


def contents(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in METADATA.sorted_tables
        }


def one(engine: sa.Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text(query)).scalar_one())


def test_every_database_gets_the_same_rows_and_loses_every_sabotage(database: Database, tmp_path: Path) -> None:
    reference = f"sqlite:///{tmp_path / 'reference.db'}"
    expected = build.build(reference, people=120, seed=2, as_of=AS_OF)
    assert build.build(database.url, people=120, seed=2, as_of=AS_OF) == expected
    engine = database.engine()
    same = contents(sa.create_engine(reference))
    assert contents(engine) == same

    sabotage.hide_overdue(database.url)
    hidden = "SELECT (SELECT count(*) FROM support_record_all) - (SELECT count(*) FROM support_record)"
    assert one(engine, hidden) >= sabotage.OVERDUE
    sabotage.undo_hide_overdue(database.url)
    assert contents(engine) == same

    sabotage.unmapped_column(database.url)
    assert one(engine, "SELECT count(*) FROM account WHERE note2 LIKE '%@%'") > 10
    sabotage.undo_unmapped_column(database.url)
    assert contents(engine) == same

    sabotage.copy_deleted(database.url)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM support_record WHERE id IN (2, 3)"))
    assert one(engine, "SELECT count(*) FROM support_archive") == 2
    sabotage.undo_copy_deleted(database.url)
    assert not sa.inspect(engine).has_table("support_archive")


def test_building_again_over_a_sabotaged_shop_gives_the_same_rows(database: Database) -> None:
    build.build(database.url, people=120, seed=2, as_of=AS_OF)
    engine = database.engine()
    before = contents(engine)
    sabotage.copy_deleted(database.url)
    sabotage.unmapped_column(database.url)
    sabotage.hide_overdue(database.url)
    build.build(database.url, people=120, seed=2, as_of=AS_OF)
    assert contents(engine) == before
    sabotage.copy_deleted(database.url)
    sabotage.undo_copy_deleted(database.url)
