"""A shop with a policy on each database, for the tests of plan and apply."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.samples.shop import Shop

from kept.systems.sql import ranges
from kept.testing import Database
from kept.work import walk


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    """An empty shop, once on each of the three databases."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    folder = tmp_path / "policy"
    folder.mkdir()
    return Shop(database=database, folder=folder)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch mode for small data: nothing is small enough for one transaction, or for one statement."""
    monkeypatch.setattr(walk, "ATOMIC", 0)
    monkeypatch.setattr(ranges, "SMALL", 0)


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Say that this test fails for a known fault: `fault(reason)` everywhere, `fault(reason, "mariadb")` there."""

    def known(reason: str, *dialects: str) -> None:
        if not dialects or request.node.callspec.params["database"] in dialects:
            request.node.add_marker(pytest.mark.xfail(strict=True, reason=reason))

    return known
