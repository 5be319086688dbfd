"""How long a newcomer waits: `kept --help`, and `make demo` after set-up."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.harness import Contender, Notes, Options, Row, clock, interleaved, ratios, report, spread
from bench.servers import Standing

ROOT = Path(__file__).resolve().parents[1]
VENV = Path(sys.executable).parent.parent
SET_UP = ".venv/run.done"
_PARTS = ("Makefile", "pyproject.toml", "README.md", "requirements", "src", "examples")


def run(options: Options) -> None:
    """Help against a bare interpreter; the demo three times at most."""
    kept = VENV / "bin" / "kept"
    here = Standing(engine="Python", url="")
    sides = (
        Contender(name="floor", run=_timed([sys.executable, "-c", "pass"], ROOT)),
        Contender(name="ours", run=_timed([str(kept), "--help"], ROOT)),
    )
    interleaved(here, sides, 1)  # once for the caches
    trials = interleaved(here, sides, 2 * options.pairs)
    help_ = spread([trial.seconds for trial in trials["ours"]])
    bare = spread([trial.seconds for trial in trials["floor"]])
    rows = [
        Row(
            what="`kept --help`, over a bare interpreter",
            ours=f"{help_.shown()} s",
            floor=f"{bare.shown(3)} s",
            ratio=ratios(trials["ours"], trials["floor"]).shown(1),
            target="≤ 0.3 s",
            met=help_.median <= 0.3,
        )
    ]
    demo = spread([_demo() for _ in range(min(3, options.pairs))])
    rows.append(
        Row(
            what="`make demo` after set-up",
            ours=f"{demo.shown(1)} s",
            floor="–",
            ratio="–",
            target="≤ 30 s",
            met=demo.median <= 30,
        )
    )
    report("start", options, rows, ["whole processes, on the wall"], [trials, demo])


def _timed(words: Sequence[str], folder: Path) -> Callable[[str], tuple[float, Notes]]:
    def run(_url: str) -> tuple[float, Notes]:
        with clock() as spent:
            subprocess.run(words, check=True, capture_output=True, cwd=folder)
            return spent(), {}

    return run


def _demo() -> float:
    """In a folder that points at this checkout, so that a demo somebody left here is not touched."""
    with tempfile.TemporaryDirectory(prefix="kept-bench-demo-") as name:
        folder = Path(name)
        for part in _PARTS:
            (folder / part).symlink_to(ROOT / part)
        (folder / ".venv").symlink_to(VENV)
        if subprocess.run(["make", "-q", SET_UP], cwd=folder, check=False, capture_output=True).returncode:
            raise RuntimeError("set-up is not done: run `make setup` first")
        taken, _ = _timed(["make", "-s", "demo"], folder)(os.devnull)
        print(f"  make demo: {taken:.1f} s", flush=True)
        return taken
