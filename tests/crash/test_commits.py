"""Deaths right before and right after a commit, of whatever database: there a crash is told apart from a batch."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.crash.ring import CRASHES, SEED, Moment, died_at, ring

from kept.testing import Database

FEW = 60
"""People: few commits, so that a share of them is soon tried."""

pytestmark = pytest.mark.crash


def test_a_run_that_dies_at_a_commit_ends_in_the_undisturbed_state(database: Database, tmp_path: Path) -> None:
    rng = Random(f"{SEED} {database.dialect} commits")  # noqa: S311 - moments to repeat, no secret
    with ring(database, tmp_path, people=FEW) as made:
        # The journal's own commits are not the same number every time, so the last ones may not be reached.
        edges = [Moment(commit=n, edge=e) for n in range(1, made.whole.commits + 1) for e in ("before", "after")]
        # The last commits of a run are each of their own kind: some are always among those drawn.
        chosen = rng.sample(edges[:-16], min(len(edges) - 16, CRASHES // 2)) + rng.sample(edges[-16:], 3)
        died_at(made, f"{database.dialect}, commits", chosen)
