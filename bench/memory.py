"""How much memory Kept's process takes over three million rows, and with one person who has three million.

Each case runs in a process of its own, which tells its peak when it is done; a database server is not counted, SQLite,
which runs inside the process, is. What the process takes before it works (imports, opened systems) is told apart.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from bench import data, ours, policies
from bench.erase import size_of
from bench.harness import Ground, Options, Row, report
from bench.ours import Kept
from bench.servers import PostgreSQL, SQLite, path_of, postgresql

from kept.app import applying, people, planning, reading
from kept.app.context import Context, opened

OWNER = 2
"""Who has all the events where one person has them."""
_MOST = 300
PATIENCE = 400
"""Seconds after which a case is given up: a hundred times what it takes on a quiet machine."""
_SETTLED = "SELECT count(*) FROM events"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something done to three million rows, and how many events are left of how many."""

    name: str
    what: str
    owner: bool
    gone: str
    """SQL condition of the events that must be gone; empty where nothing is."""


CASES = (
    Case(name="sweep", what="a third of the rows by the clock, plan + apply", owner=False, gone="id <= {expired}"),
    Case(name="erase", what="10,000 of 100,000 people, plan + apply", owner=False, gone="user_id IN ({erased})"),
    Case(name="person", what="one person who has all the rows, plan + apply", owner=True, gone=f"user_id = {OWNER}"),
    Case(name="read", what="one person who has all the rows, read", owner=True, gone=""),
)


def run(options: Options) -> None:
    """Both databases."""
    scattered = size_of(options)
    rows: dict[str, list[Row]] = {}
    raw: dict[str, object] = {}
    for owner in (False, True):
        size = replace(scattered, owner=OWNER if owner else None)
        for ground in _grounds(size):
            for case in (case for case in CASES if case.owner is owner):
                row, told = _measured(case, ground, size)
                rows.setdefault(ground.engine, []).append(row)
                raw[f"{ground.engine} {case.name}"] = told
    remark = "the policy of the one person has `stop-above: 100 %`: all events of the table are theirs"
    for engine, found in rows.items():
        report(f"memory on {engine.partition(' ')[0]}", options, found, [engine, remark], raw)


def _grounds(size: data.Size) -> Iterator[Ground]:
    with postgresql() as url:
        data.postgresql_shop(url, size)
        yield PostgreSQL(url=url, sums=data.SHOP_SUMS)
    with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder:
        yield SQLite(template=data.sqlite_shop(Path(folder), size), sums=data.SHOP_SUMS)


def _measured(case: Case, ground: Ground, size: data.Size) -> tuple[Row, dict[str, float]]:
    condition = case.gone.format(expired=size.expired, erased=", ".join(map(str, data.erased(size))))
    with ours.installed(policies.owner if case.owner else policies.shop) as kept, ground.fresh() as url:
        condemned = _count(url, condition) if condition else 0
        told = _child(case, kept, url, size)
        left, wrong = _count(url, ""), _count(url, condition) if condition else 0
    print(f"  {ground.engine} {case.name}: {told}", flush=True)
    if "idle_mb" in told and (wrong or left != size.events - condemned):
        raise RuntimeError(f"{case.name}: {wrong} rows are still there, {left} left")
    return _row(case, size, told), told


def _row(case: Case, size: data.Size, told: Mapping[str, float]) -> Row:
    done = "idle_mb" in told
    return Row(
        what=f"{size.events:,} rows: {case.what}",
        ours=f"{told['peak_mb']:.0f} MB" + ("" if done else f" and not done in {PATIENCE} s"),
        floor=f"{told['idle_mb']:.0f} MB before it works" if done else "–",
        ratio="–",
        target=f"< {_MOST} MB",
        met=done and told["peak_mb"] < _MOST,
    )


def _count(url: str, condition: str) -> int:
    query = f"{_SETTLED} WHERE {condition}" if condition else _SETTLED
    if url.startswith("sqlite"):
        connection = sqlite3.connect(path_of(url))
        found = connection.execute(query).fetchone()
        connection.close()
    else:
        with psycopg.connect(url) as server:
            found = server.execute(query.encode()).fetchone() or (0,)
    return int(found[0])


def _child(case: Case, kept: Kept, url: str, size: data.Size) -> dict[str, float]:
    words = json.dumps({"case": case.name, "policy": str(kept.policy), "users": size.users, "events": size.events})
    place = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "bench.memory", words]
    told: dict[str, float] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **kept.env(url)}, cwd=place) as child:
        try:
            told |= json.loads(child.communicate(timeout=PATIENCE)[0].splitlines()[-1])
        except subprocess.TimeoutExpired:
            told["peak_mb"] = peak(str(child.pid))
        finally:
            child.kill()  # of use only where it is not over
    return told


# The child.


def _alone(words: str) -> None:
    """Do one case and tell the peak."""
    told = json.loads(words)
    size = data.Size(users=told["users"], events=told["events"])
    policy = Path(told["policy"])
    with _at_work(policy):
        idle = peak()
    counted = _DO[told["case"]](policy, size)
    print(json.dumps({"idle_mb": idle, "peak_mb": peak(), "rows": counted}))


@contextmanager
def _at_work(policy: Path) -> Iterator[Context]:
    with opened(policy, env=os.environ) as context:
        _ = context.systems
        yield context


def _applied(policy: Path, planner: ours.Planner) -> int:
    out = policy.with_name("plan.json")
    with _at_work(policy) as context:
        planned = planner(context)
        if planned is None:
            raise RuntimeError("nobody found")
        planning.write(planned, out)
    with _at_work(policy) as context:
        outcome = applying.apply(context, out, lambda _step, _done: None)
    if outcome.state.value != "verified":
        raise RuntimeError(f"{outcome.state}: {outcome.findings}")
    return sum(outcome.rows.values())


def _read(policy: Path, size: data.Size) -> int:
    asking = people.People(identifiers={"email": (data.email(OWNER),)})
    with _at_work(policy) as context:
        rows = sum(len(part.page.rows) for part in reading.everything(context, asking))
    if rows != size.events + 1:
        raise RuntimeError(f"{rows} rows were read")
    return rows


_DO: dict[str, Callable[[Path, data.Size], int]] = {
    "sweep": lambda policy, _: _applied(policy, ours.retention),
    "erase": lambda policy, size: _applied(policy, ours.erasure(tuple(map(data.email, data.erased(size))))),
    "person": lambda policy, _: _applied(policy, ours.erasure((data.email(OWNER),))),
    "read": _read,
}


def peak(process: str = "self") -> float:
    """The most a process had resident, in MB: of its own, not what it was forked from (as `ru_maxrss` may say)."""
    status = Path("/proc", process, "status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    _alone(sys.argv[1])
