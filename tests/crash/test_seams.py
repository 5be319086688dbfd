"""Deaths by name: where one database knows of a run what another does not know yet.

The ring itself is tested here too: a fault planted in Kept is reported.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.crash.planted import DISTURBANCES, FAULTS, SEAMS, WEAK_POINT
from tests.crash.ring import CRASHES, SEED, Moment, ring

from kept.testing import Database

FEW = 60
(NO_LOCK,) = DISTURBANCES
FRESH = frozenset({"a run is entered"})
"""Seams that a run which was begun before does not pass again."""
LATE = frozenset({"markers go", "a run counts as verified"})

pytestmark = pytest.mark.crash


def drawn(moments: list[Moment]) -> list[Moment]:
    """All of them in a long run; otherwise some, of which the last ones, where it was wrong once, are never missing."""
    rng = Random(f"{SEED} seams")  # noqa: S311 - moments to repeat, no secret
    late = [moment for moment in moments if moment.seam in LATE and moment.edge == "before"]
    others = [moment for moment in moments if moment not in late]
    return others + late if len(moments) <= CRASHES else rng.sample(others, CRASHES // 5) + late


def test_a_run_that_dies_at_any_seam_ends_in_the_undisturbed_state(database: Database, tmp_path: Path) -> None:
    found: list[str] = []
    with ring(database, tmp_path, people=FEW) as made:
        for moment in drawn([Moment(seam=seam, edge=edge) for seam in SEAMS for edge in ("before", "after")]):
            killed, differs = made.died(moment)
            assert killed.killed, f"{moment}: {killed.said}"
            found += differs
    assert found == []


def test_a_run_that_was_stopped_and_dies_at_any_seam_ends_so_too(sqlite: Database, tmp_path: Path) -> None:
    found: list[str] = []
    with ring(sqlite, tmp_path, people=FEW) as made:
        for moment in drawn([Moment(seam=seam, edge="before") for seam in SEAMS if seam not in FRESH]):
            killed, differs = made.died(moment, before=NO_LOCK)
            assert killed.killed, f"{moment}: {killed.said}"
            found += differs
    assert found == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_crash_ring_sees_a_planted_fault(fault: str, sqlite: Database, tmp_path: Path) -> None:
    with ring(sqlite, tmp_path, people=FEW) as made:
        killed, found = made.died(Moment(seam=WEAK_POINT, edge="before"), fault)
    assert killed.killed
    assert found
