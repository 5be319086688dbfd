"""Kept's side of a comparison: the functions the verbs call, in a warm process, from plan to verified.

Inside the clock: reading the policy, opening store and system (connect, reflect), planning, sealing and writing the
plan; then, in a context of its own as in the command, the gate, the second count, the run in dbos, markers, ledger,
verification. Outside: importing, making the store's keys once, and the first start of dbos.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.harness import Notes, Trial, clock, medians
from bench.policies import URL
from bench.stages import Stages, watched

from kept.app import applying, planning
from kept.app.context import KEPT_STORE, Context, opened
from kept.app.people import People
from kept.store.open import open_store
from kept.store.runs import State
from kept.work.durable import workshop

Planner = Callable[[Context], planning.Planned | None]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A policy and a store of its own."""

    policy: Path
    store: Path

    def env(self, url: str) -> dict[str, str]:
        """The environment of a verb."""
        return {URL: url, KEPT_STORE: str(self.store)}

    def carried_out(self, url: str, planner: Planner) -> tuple[float, Notes]:
        """Plan and apply; seconds, and where they went."""
        out = self.policy.with_name("plan.json")
        with watched() as stages, clock() as spent:
            with opened(self.policy, env=self.env(url)) as context:
                planned = planner(context)
                if planned is None:
                    raise RuntimeError("nobody found")
                planning.write(planned, out)
            planned_after = spent()
            with opened(self.policy, env=self.env(url)) as context:
                outcome = applying.apply(context, out, lambda _step, _done: None)
            seconds = spent()
        if outcome.state is not State.VERIFIED:
            raise RuntimeError(f"{outcome.state}: {outcome.findings}")
        return seconds, _notes(stages, seconds, planned_after)


def _notes(stages: Stages, seconds: float, planned_after: float) -> Notes:
    longest = stages.longest("batch", "whole") * 1000
    notes = {"plan_ms": planned_after * 1000, "apply_ms": (seconds - planned_after) * 1000, "longest_batch_ms": longest}
    return {**notes, **stage_notes(stages)}


def stage_notes(stages: Stages) -> Notes:
    """Milliseconds and calls of every stage."""
    notes = {}
    for name, calls, total in stages.totals():
        notes[f"{name}.ms"] = total * 1000
        notes[f"{name}.calls"] = float(calls)
    return notes


@contextmanager
def installed(write: Callable[[Path], Path]) -> Iterator[Kept]:
    """A policy in a temporary folder and an opened store: an installation that has been used before."""
    with tempfile.TemporaryDirectory(prefix="kept-bench-policy-") as name:
        folder = Path(name)
        store = folder / "store" / "store.db"
        open_store(store).close()
        yield Kept(policy=write(folder), store=store)


def erasure(emails: tuple[str, ...]) -> Planner:
    """Plan the erasure of these people."""
    people = People(identifiers={"email": emails})
    return lambda context: planning.erasure(context, people)


def retention(context: Context) -> planning.Planned:
    """Plan what the clock asks for."""
    return planning.retention(context)


def warm() -> None:
    """Import dbos and start it once: the figures are those of a process that has worked before."""
    with tempfile.TemporaryDirectory() as folder:
        journal = str(Path(folder) / "work.db")
        with workshop(journal, "warm", lambda _run, _attempt, once: once("nothing", dict)) as job:
            job.carry_out()


def remarks(trials: Sequence[Trial]) -> list[str]:
    """Where our time went, as medians: plan, apply, longest batch, stages."""
    found = medians(trials)
    longest = max(trial.notes["longest_batch_ms"] for trial in trials)
    shown = (
        f"ours: plan {found['plan_ms']:.0f} ms, apply {found['apply_ms']:.0f} ms; longest batch"
        f" {found['longest_batch_ms']:.0f} ms (median of runs; at most {longest:.0f} ms), commit included"
    )
    return [shown, *stages_of(trials)]


def stages_of(trials: Sequence[Trial]) -> list[str]:
    """Every stage of more than a fiftieth of the whole."""
    found = medians(trials)
    whole = medians([Trial(seconds=0, state=(), notes={"ms": trial.seconds * 1000}) for trial in trials])["ms"]
    stages = {name.removesuffix(".ms"): value for name, value in found.items() if name.endswith(".ms")}
    dear = sorted((item for item in stages.items() if item[1] > whole / 50), key=lambda item: -item[1])
    shown = ", ".join(f"{name} {value:.0f} ms in {found[f'{name}.calls']:.0f}" for name, value in dear)
    return [f"stages, one inside the other (median ms in calls): {shown}"]
