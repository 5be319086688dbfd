"""Deaths right before and right after a commit, of whatever database: there a crash is told apart from a batch.

The ring itself is tested here too: a fault planted in Kept is reported.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.crash.planted import DISTURBANCES, FAULTS
from tests.crash.ring import CRASHES, NEVER, SEED, Moment, died_at, ring

from kept.testing import Database

FEW = 60
"""People: few commits, so that a share of them is soon tried."""

(NO_LOCK,) = DISTURBANCES

pytestmark = pytest.mark.crash


def test_a_run_that_dies_at_a_commit_ends_in_the_undisturbed_state(database: Database, tmp_path: Path) -> None:
    rng = Random(f"{SEED} {database.dialect} commits")  # noqa: S311 - moments to repeat, no secret
    with ring(database, tmp_path, people=FEW) as made:
        edges = [Moment(commit=n, edge=e) for n in range(1, made.whole.commits) for e in ("before", "after")]
        edges.pop()  # the last two edges have a test of their own
        # The last commits of a run are each of their own kind: some are always among those drawn.
        chosen = rng.sample(edges[:-8], min(len(edges) - 8, CRASHES // 2)) + rng.sample(edges[-8:], 3)
        died_at(made, f"{database.dialect}, commits", chosen)


@pytest.mark.xfail(strict=True, reason="apply refuses a verified run before it clears the markers of that run")
def test_no_marker_stays_when_a_run_dies_between_verified_and_cleared(database: Database, tmp_path: Path) -> None:
    with ring(database, tmp_path, people=FEW) as made:
        _, found = made.died(Moment(commit=made.whole.commits, edge="before"))
        assert found == []


@pytest.mark.xfail(strict=True, reason="the journal forgets the attempts of a run before the run counts as verified")
def test_a_run_that_was_stopped_and_dies_at_its_end_is_taken_up_again(sqlite: Database, tmp_path: Path) -> None:
    with ring(sqlite, tmp_path, people=FEW) as made:
        whole, found = made.died(NEVER, before=NO_LOCK)
        assert (whole.code, found) == (0, [])
        for number in range(whole.commits - 5, whole.commits):
            killed, found = made.died(Moment(commit=number, edge="before"), before=NO_LOCK)
            assert killed.killed
            assert found == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_crash_ring_sees_a_planted_fault(fault: str, sqlite: Database, tmp_path: Path) -> None:
    with ring(sqlite, tmp_path, people=FEW) as made:
        middle = made.whole.commits // 2
        assert any(made.died(Moment(commit=n, edge="after"), fault)[1] for n in range(middle, middle + 8))
