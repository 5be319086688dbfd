"""Build the shop of Klarsyn AS: a seeded database with planted violations of its own privacy policy.

python examples/video/build.py --url sqlite:///shop.db --people 2000 --seed 1 --as-of 2026-11-24
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random

from sqlalchemy import Connection, Engine, event, insert, inspect, text

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:  # run as a script, or loaded by its path
    sys.path.append(ROOT)

from examples.video.faults import DAY, Fault, Firm, Stage, assign, lifetime, stages  # noqa: E402
from examples.video.papers import lay_out  # noqa: E402
from examples.video.rows import Row, Scene, account, address, crm, invoices, keys, slug, users  # noqa: E402
from examples.video.schema import METADATA, engine_of  # noqa: E402
from examples.video.talks import shop, strangers, support, unsourced_leads  # noqa: E402
from examples.video.words import GERMAN, LANGUAGES, SUBPROCESSORS  # noqa: E402

LEAST = 100
"""Fewer people leave no room for the faults."""
CHUNK = 20_000
PERSON = "email=anke.moeller@nordlicht-moebel.example"
"""An invented customer whose account has colleagues: the demo asks what an erasure would do."""
EXPIRED = {"VCL-110": {"documents": 1}, "VCL-136": {"documents": 1}}
"""`documents/recipients-transcription-assurance.md` ran out; it lies in the folder, whatever the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was written: rows per table, and the rows that break a promise, per promise and table."""

    counts: Mapping[str, int]
    planted: Mapping[str, Mapping[str, int]]


def build(url: str, *, people: int = 2000, seed: int = 1, as_of: date, documents: Path | None = None) -> Built:
    """Drop and recreate the shop's tables in the database and fill them; the same arguments give the same rows.

    With `documents`, the papers beside the policy are laid out there, dated for the same day.
    """
    if people < LEAST:
        raise ValueError(f"the shop needs at least {LEAST} people, got {people}")
    engine = engine_of(url)
    _hurry(engine)
    scene = Scene(rng=Random(seed), now=datetime.combine(as_of, time(12)))
    try:
        with engine.begin() as connection:
            reset(connection)
            METADATA.create_all(connection)
        with engine.connect() as connection:
            counts = _write(connection, _everything(scene, people))
    finally:
        engine.dispose()
    if documents is not None:
        lay_out(documents, as_of)
    return Built(counts=counts, planted={**_by_promise(scene.planted), **EXPIRED})


def _by_promise(planted: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = defaultdict(dict)
    for promise, table in sorted(planted, key=lambda place: (int(place[0].partition("-")[2]), place[1])):
        result[promise][table] = planted[promise, table]
    return dict(result)


def reset(connection: Connection) -> None:
    """Remove the shop's tables, and what a sabotage put in their place."""
    views = set(inspect(connection).get_view_names())
    for name in (table.name for table in METADATA.sorted_tables):
        if name in views:
            connection.execute(text(f"DROP VIEW {connection.dialect.identifier_preparer.quote(name)}"))
    connection.execute(text("DROP TABLE IF EXISTS support_record_all"))
    connection.execute(text("DROP TABLE IF EXISTS support_archive"))
    METADATA.drop_all(connection)


def _hurry(engine: Engine) -> None:
    """A file that is rebuilt from nothing need not survive a power cut."""
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _(raw: object, _record: object) -> None:
            cursor = raw.cursor()  # type: ignore[attr-defined]
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute("PRAGMA cache_size=-200000")


def _everything(scene: Scene, people: int) -> Iterator[Row]:
    yield from _reference(scene)
    closed = stages(scene.rng, round(people / 2.2))
    faults = assign(closed)
    sizes = _sizes(scene.rng, people, [n for n in closed if _lives(closed[n], faults[n])])
    domains: Counter[str] = Counter()
    usage: dict[tuple[date, str], Counter[object]] = defaultdict(Counter)
    for number, stage in closed.items():
        firm = _firm(scene, number, stage, faults[number], domains)
        for row in _rows(scene, firm, sizes.get(number, 0)):
            if row[0] == "dashboard_login":
                _tally(usage, row[1])
            yield row
    yield from strangers(scene, people)
    yield from _usage(usage)


def _lives(stage: Stage, faults: frozenset[Fault]) -> bool:
    return stage <= Stage.LEAVING or Fault.ACCOUNT_OVERDUE in faults


def _sizes(rng: Random, people: int, living: list[int]) -> dict[int, int]:
    """Everybody belongs to one account that still has people; every such account has somebody."""
    sizes = Counter(living)
    sizes.update(rng.choices(living, k=people - len(living)))
    return dict(sizes)


def _firm(scene: Scene, number: int, stage: Stage, faults: frozenset[Fault], domains: Counter[str]) -> Firm:
    opened, closed = lifetime(scene.rng, stage, scene.now)
    language = LANGUAGES[int(scene.rng.random() * 2.6)]
    first, form = scene.one(language.firm), scene.one(language.form)
    country, town = language.towns[int(scene.rng.random() * len(language.towns))]
    if number == 1:  # the first account is always the same, so that texts can speak of it
        language, first, form = GERMAN, GERMAN.firm[0], GERMAN.form[0]
        (country, town), opened = GERMAN.towns[1], scene.now - 2200 * DAY
    return Firm(
        id=number,
        language=language,
        country=country,
        company=f"{first} {form}",
        domain=_domain(domains, f"{slug(first)}-{slug(form.split(' ')[0])}"),
        address=address(scene, language, town),
        opened=opened,
        closed=closed,
        stage=stage,
        faults=faults,
    )


def _domain(domains: Counter[str], base: str) -> str:
    domains[base] += 1
    return f"{base}{domains[base] if domains[base] > 1 else ''}.example"


def _rows(scene: Scene, firm: Firm, size: int) -> Iterator[Row]:
    """All rows of one account, each kind as long as it was really kept."""
    yield from account(scene, firm)
    staff: list[tuple[int, str, str]] = []
    for table, row in users(scene, firm, size):
        if table == "account_user":
            staff.append((int(str(row["id"])), str(row["email"]), str(row["name"])))
        yield table, row
    yield from invoices(scene, firm)
    if firm.keeps(Stage.LEAVING, Fault.ACCOUNT_OVERDUE):
        yield from keys(scene, firm)
    if firm.keeps(Stage.OLD, Fault.CRM_OVERDUE):
        yield from crm(scene, firm)
    if firm.keeps(Stage.GONE, Fault.SUPPORT_OVERDUE):
        yield from support(scene, firm, tuple(staff))
    if firm.stage <= Stage.LEAVING:
        yield from shop(scene, firm, tuple(staff))
    yield from unsourced_leads(scene, firm)


def _reference(scene: Scene) -> Iterator[Row]:
    """Tables with nothing personal."""
    day = scene.now.date()
    for number, (name, country, function) in enumerate(SUBPROCESSORS, start=1):
        yield "subprocessor", {"id": number, "name": name, "country": country, "function": function, "assured": day}
    yield "feature", {"name": "staffing-hints", "since": date(2019, 3, 1)}
    yield "schema_version", {"number": 47, "applied": day}


def _tally(usage: dict[tuple[date, str], Counter[object]], row: Mapping[str, object]) -> None:
    at, country = row["at"], str(row["country"])
    if isinstance(at, datetime) and len(country) == 2:
        usage[at.date().replace(day=1), country][row["user_id"]] += 1


def _usage(usage: Mapping[tuple[date, str], Counter[object]]) -> Iterator[Row]:
    """Logins per month and country, only where at least ten people stand behind a figure."""
    for (month, country), by_user in usage.items():
        if len(by_user) >= 10:
            row = {"month": month, "country": country, "users": len(by_user)}
            yield "usage_stat", {**row, "logins": by_user.total()}


def _write(connection: Connection, rows: Iterable[Row]) -> dict[str, int]:
    counts = dict.fromkeys((table.name for table in METADATA.sorted_tables), 0)
    waiting: dict[str, list[dict[str, object]]] = defaultdict(list)
    for number, (table, row) in enumerate(rows, start=1):
        waiting[table].append(row)
        counts[table] += 1
        if number % CHUNK == 0:
            _flush(connection, waiting)
    _flush(connection, waiting)
    return counts


def _flush(connection: Connection, waiting: dict[str, list[dict[str, object]]]) -> None:
    """Parents before children, one transaction per chunk."""
    for table in METADATA.sorted_tables:
        if waiting[table.name]:
            connection.execute(insert(table), waiting[table.name])
    connection.commit()
    waiting.clear()


def main() -> None:
    """Build as the command line says, and print what was built as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="sqlite:///video-shop.db")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as-of", type=date.fromisoformat, default=datetime.now(UTC).date())
    parser.add_argument("--documents", type=Path, help="lay the documents out here, dated for --as-of")
    given = parser.parse_args()
    built = build(given.url, people=given.people, seed=given.seed, as_of=given.as_of, documents=given.documents)
    sys.stdout.write(json.dumps(asdict(built), indent=2) + "\n")


if __name__ == "__main__":
    main()
