"""Interleaved pairs: every trial on a fresh, prewarmed copy, its end state compared by an independent query.

A ratio is the median over pairs of ours / floor, measured back to back in one process; absolute times are context.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

RESULTS = Path(__file__).with_name("RESULTS.md")
BUSY = 2.5
"""Load average above which a run says so, or is refused with `--strict`."""

Notes = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a bench is run."""

    pairs: int = 5
    quick: bool = False
    strict: bool = False
    load: float = 0.0
    """Load average when the command began."""
    command: str = ""

    def sized(self, full: int) -> int:
        """A size of the bench: a fiftieth of it when the code is only being tried."""
        return max(1, full // 50) if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One measured run on one fresh copy."""

    seconds: float
    state: tuple[object, ...]
    notes: Notes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One side of a comparison. `run` starts and stops its own clock: what stands outside it is part of the bench."""

    name: str
    run: Callable[[str], tuple[float, Notes]]


class Ground(Protocol):
    """Where trials take place."""

    @property
    def engine(self) -> str:
        """Name and version of the database."""

    def fresh(self) -> AbstractContextManager[str]:
        """URL of a new prewarmed copy of the template, dropped afterwards."""

    def state(self, url: str) -> tuple[object, ...]:
        """Counts and checksums of every table, by a query of the bench's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median, least and most of a few numbers."""

    median: float
    least: float
    most: float

    def shown(self, digits: int = 2) -> str:
        """`1.31 (1.22–1.40)`."""
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}–{self.most:.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """Summarise a few numbers."""
    return Spread(median=statistics.median(values), least=min(values), most=max(values))


def ratios(over: Sequence[Trial], under: Sequence[Trial]) -> Spread:
    """Paired ratios of times."""
    return spread([a.seconds / b.seconds for a, b in zip(over, under, strict=True)])


def interleaved(ground: Ground, contenders: Sequence[Contender], pairs: int) -> dict[str, list[Trial]]:
    """A-B-A-B. Raises when two contenders leave different states behind."""
    trials: dict[str, list[Trial]] = {contender.name: [] for contender in contenders}
    for number in range(1, pairs + 1):
        for contender in contenders:
            trial = _trial(ground, contender)
            trials[contender.name].append(trial)
            print(f"  {number}/{pairs} {contender.name}: {trial.seconds:.3f} s {_shown(trial.notes)}", flush=True)
    states = {trial.state for each in trials.values() for trial in each}
    if len(states) != 1:
        raise RuntimeError(f"the contenders left different states behind: {states}")
    return trials


def _trial(ground: Ground, contender: Contender) -> Trial:
    with ground.fresh() as url:
        seconds, notes = contender.run(url)
        return Trial(seconds=seconds, state=ground.state(url), notes=notes)


def _shown(notes: Notes) -> str:
    return " ".join(f"{name}={value:.0f}" for name, value in notes.items() if "." not in name)


def medians(trials: Sequence[Trial]) -> dict[str, float]:
    """The median of every note."""
    names = dict.fromkeys(name for trial in trials for name in trial.notes)
    return {name: statistics.median([trial.notes.get(name, 0.0) for trial in trials]) for name in names}


@contextmanager
def clock() -> Iterator[Callable[[], float]]:
    """Seconds since the block began."""
    began = time.perf_counter()
    yield lambda: time.perf_counter() - began


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of RESULTS.md."""

    what: str
    ours: str
    floor: str
    ratio: str
    target: str
    met: bool

    def markdown(self) -> str:
        """As a table row."""
        verdict = "yes" if self.met else "**no**"
        return f"| {self.what} | {self.ours} | {self.floor} | {self.ratio} | {self.target} | {verdict} |"


_HEAD = "| What | ours | floor | ratio: median (least–most) | target | met |\n|---|---|---|---|---|---|"
_TITLE = """\
# Figures

Ratios are medians over interleaved pairs (`bench/harness.py`); each section is rewritten by its bench.
"""


def report(name: str, options: Options, rows: Sequence[Row], remarks: Sequence[str], raw: object) -> None:
    """Print the rows, keep the raw numbers as JSON, and rewrite the bench's section of RESULTS.md."""
    lines = [_HEAD, *(row.markdown() for row in rows), "", *(f"- {remark}" for remark in remarks), "", _run(options)]
    text = "\n".join(lines)
    print(text, flush=True)
    file = Path(tempfile.gettempdir()) / f"kept-bench-{name}{'-quick' if options.quick else ''}.json"
    file.write_text(json.dumps({"options": asdict(options), "raw": raw}, indent=1, default=str), encoding="utf-8")
    if not options.quick:
        _section(name, text)


def _run(options: Options) -> str:
    names = ("dbos", "sqlalchemy", "psycopg")
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"`{options.command}` · {datetime.now(UTC):%Y-%m-%d %H:%M} UTC · load {options.load:.2f} at the start,"
        f" {os.cpu_count()} cores · Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}"
    )


def _section(name: str, text: str) -> None:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    whole = RESULTS.read_text(encoding="utf-8") if RESULTS.is_file() else _TITLE
    section = f"{begin}\n## {name}\n\n{text}\n{end}\n"
    if begin in whole:
        before, _, rest = whole.partition(begin)
        whole = before + section + rest.partition(end)[2].lstrip("\n")
    else:
        whole = whole.rstrip("\n") + "\n\n" + section
    RESULTS.write_text(whole, encoding="utf-8")


def options(arguments: Sequence[str] | None = None) -> tuple[Options, list[str]]:
    """Read the command line; give the options and the names of benches."""
    parser = argparse.ArgumentParser(description="Measure Kept against hand-written floors.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--pairs", type=int, default=5, help="interleaved pairs per comparison (at least five count)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the code; nothing is recorded")
    parser.add_argument("--strict", action="store_true", help=f"refuse to run above a load average of {BUSY}")
    read = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    if load > BUSY:
        print(f"load average {load:.2f}: other work disturbs the figures", file=sys.stderr)
        if read.strict:
            raise SystemExit(2)
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    command = f"python -m bench.run {words}".strip()
    return Options(pairs=read.pairs, quick=read.quick, strict=read.strict, load=load, command=command), read.names
