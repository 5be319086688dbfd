"""A shop per database, for the command itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.samples.shop import Shop

from kept.testing import Database


def _shop(database: Database, tmp_path: Path) -> Shop:
    folder = tmp_path / "policy"
    folder.mkdir()
    return Shop(database=database, folder=folder)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    """An empty shop, once on each of the three databases."""
    return _shop(database, tmp_path)


@pytest.fixture
def small(sqlite: Database, tmp_path: Path) -> Shop:
    """An empty shop on SQLite."""
    return _shop(sqlite, tmp_path)
