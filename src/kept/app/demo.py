"""`kept demo`: an example company in a folder of its own, on real data, and three ways to cheat its proof."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import kept
from kept.app import applying, looking, people, planning, proving
from kept.app.context import Context, opened
from kept.app.looking import Found
from kept.app.planning import Planned
from kept.law.terms import Verdict
from kept.policy.findings import Finding, could_not_run
from kept.prove.verdict import Board, Proof
from kept.systems.sql.connect import connect
from kept.systems.sql.faults import translated
from kept.texts import Lang

__all__ = [
    "Change",
    "Cheat",
    "Lang",
    "Stage",
    "apply",
    "build",
    "changes",
    "cheats",
    "day",
    "explain",
    "plan",
    "prove",
    "stage",
]

COPIED = ("kept.yaml", "promises.csv", "policy.de.md", "policy.en.md", "documents")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a demo plays: its folder, its database, and the example's own code."""

    name: str
    folder: Path
    url: str
    env: Mapping[str, str]
    example: Path
    as_of: str | None = None
    """The day it plays on; today when None."""

    @property
    def policy(self) -> Path:
        """The example's policy, copied so that a visitor may change it."""
        return self.folder / "kept.yaml"

    def module(self, name: str) -> ModuleType:
        """`build` or `sabotage` of the example."""
        return _loaded(self.example / f"{name}.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheat:
    """One sabotage: how to do it and how to take it back."""

    name: str
    do: Callable[[str], None]
    undo: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A promise whose verdict moved."""

    before: Verdict
    proof: Proof


def stage(name: str, folder: Path, url: str | None, env: Mapping[str, str], *, as_of: str | None = None) -> Stage:
    """Lay the stage: copy the policy, decide on the database. The database is built by `build`."""
    example = _example(name)
    folder.mkdir(parents=True, exist_ok=True)
    for part in COPIED:
        source, target = example / part, folder / part
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.is_file():
            shutil.copy(source, target)
    address = url or f"sqlite:///{folder.resolve() / 'shop.db'}"
    variable = f"{name.upper()}_SHOP_URL"
    return Stage(
        name=name, folder=folder, url=address, env={**env, variable: address}, example=example, as_of=_timed(as_of)
    )


def _timed(as_of: str | None) -> str | None:
    """A day gets the time of now: a demo that is played twice makes two plans, and a plan is carried out once."""
    try:
        given = date.fromisoformat(as_of or "")
    except ValueError:
        return as_of
    return datetime.combine(given, datetime.now(UTC).time(), UTC).isoformat()


FEWEST, MOST = 100, 1_000_000


def build(at: Stage, people: int, seed: int) -> Mapping[str, int]:
    """Build the company's database, and its papers for the same day; rows per table."""
    if not FEWEST <= people <= MOST:
        raise could_not_run(
            Finding(
                code="P022",
                message=f"the company has between {FEWEST:,} and {MOST:,} people",
                where="--people",
                help="kept demo --people 2000",
            )
        )
    if not at.url.startswith("sqlite:"):
        with translated(system=at.name, doing="building the example"), connect(at.url, name=at.name, env={}).connect():
            pass  # an address that leads nowhere is told before anything is built
    papers = at.folder / "documents"
    built = at.module("build").build(at.url, people=people, seed=seed, as_of=day(at), documents=papers)
    counts: Mapping[str, int] = built.counts
    return counts


def day(at: Stage) -> date:
    """The day it plays on."""
    with at_work(at) as context:
        return context.as_of.date()


def cheats(at: Stage) -> tuple[Cheat, ...]:
    """The example's sabotages, in order."""
    code = at.module("sabotage")
    names = ("hide_overdue", "copy_deleted", "unmapped_column")
    return tuple(Cheat(name=name, do=getattr(code, name), undo=getattr(code, f"undo_{name}")) for name in names)


@contextmanager
def at_work(at: Stage) -> Iterator[Context]:
    """A verb's world on this stage; every act opens its own, as a visitor's commands would."""
    with opened(at.policy, env=at.env, as_of=at.as_of) as context:
        yield context


def prove(at: Stage, lang: Lang) -> Board:
    """Prove everything."""
    with at_work(at) as context:
        return proving.prove(context, lang).board


def plan(at: Stage) -> tuple[Planned, Path]:
    """Plan what the clock asks for, and write it."""
    path = at.folder / "plan.json"
    with at_work(at) as context:
        planned = planning.retention(context)
    planning.write(planned, path)
    return planned, path


def explain(at: Stage) -> Found:
    """What an erasure would do with the example's person, and what would stay."""
    with at_work(at) as context:
        return looking.explained(context, people.parse([at.module("build").PERSON]))


def apply(at: Stage, path: Path) -> applying.Outcome:
    """Approve where the policy asks for it, and carry out."""
    with at_work(at) as context:
        for role in ("privacy-officer", "security-officer"):
            applying.approve(context, path, role)
        return applying.apply(context, path, lambda _step, _done: None)


def changes(before: Board, after: Board) -> tuple[Change, ...]:
    """Promises whose verdict moved between two boards."""
    earlier = {proof.promise.id: proof.verdict for proof in before.proofs}
    return tuple(
        Change(before=earlier[proof.promise.id], proof=proof)
        for proof in after.proofs
        if proof.promise.id in earlier and earlier[proof.promise.id] is not proof.verdict
    )


def _example(name: str) -> Path:
    """In a checkout `examples/`, in an installed package `kept/examples/`."""
    package = Path(kept.__file__).resolve().parent
    for folder in (package / "examples", package.parents[1] / "examples"):
        if (folder / name / "kept.yaml").is_file():
            return folder / name
    raise could_not_run(
        Finding(code="P001", message=f"there is no example `{name[:40]}`", where="kept demo", help="kept demo video")
    )


def _loaded(path: Path) -> ModuleType:
    name = f"kept_example_{path.parent.name}_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(name)
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]
