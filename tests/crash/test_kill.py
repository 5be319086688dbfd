"""`kill -9` at random moments, on each database: applying again ends in the undisturbed state.

Half of the moments are drawn over the whole life of the command, half inside its batches.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.crash.ring import CRASHES, SEED, Moment, died_at, ring

from kept.testing import Database

LINGER = 0.012
"""Seconds after the beginning of a batch within which it is killed: its wait, its change, its record."""

pytestmark = pytest.mark.crash


def test_a_killed_run_ends_in_the_undisturbed_state(database: Database, tmp_path: Path) -> None:
    rng = Random(f"{SEED} {database.dialect}")  # noqa: S311 - moments to repeat, no secret
    with ring(database, tmp_path) as made:
        last = made.whole.batches - 1
        inside = [Moment(seconds=rng.uniform(0, LINGER), batches=rng.randint(1, last)) for _ in range(CRASHES // 2)]
        anywhere = [Moment(seconds=rng.uniform(0, made.whole.seconds)) for _ in range(CRASHES - len(inside))]
        told = died_at(made, f"{database.dialect}, random moments", [*anywhere, *inside])
        assert told.inside >= len(inside) // 2
