"""What every verb works with: the policy, the instant, the environment, the store, the opened systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from kept.map.bound import Map
from kept.policy.findings import Finding, could_not_run
from kept.policy.load import require
from kept.policy.model import Policy
from kept.store.open import DEFAULT, Store, open_store
from kept.systems.sql.system import SqlSystem, open_system

KEPT_STORE = "KEPT_STORE"
"""Environment variable: a path or a PostgreSQL URL for Kept's own database."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """One verb's world. `as_of` is the instant decisions are made for, `now` the wall clock."""

    policy: Policy
    folder: Path
    env: Mapping[str, str] = field(repr=False)
    as_of: datetime
    now: datetime

    @cached_property
    def store(self) -> Store:
        """Kept's own database, beside the policy unless the environment says otherwise."""
        return open_store(self.env.get(KEPT_STORE) or self.folder / DEFAULT, environ=self.env)

    @property
    def journal(self) -> str:
        """Where durable work is recorded: a file of its own beside the store (its trap 6)."""
        place = self.env.get(KEPT_STORE, "")
        if "://" in place and not place.startswith("sqlite"):
            return place
        return str((Path(place.removeprefix("sqlite:///")) if place else self.folder / DEFAULT).with_name("work.db"))

    @cached_property
    def systems(self) -> dict[str, SqlSystem]:
        """Every system of the policy, connected and described."""
        zone = self.policy.controller.timezone
        return {system.name: open_system(system, zone=zone, env=self.env) for system in self.policy.systems}

    @property
    def maps(self) -> dict[str, Map]:
        """The maps of the opened systems."""
        return {name: system.bound for name, system in self.systems.items()}

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What an operator must read once: the store's key file was made just now and needs a copy elsewhere."""
        return self.store.warnings if "store" in self.__dict__ else ()

    def close(self) -> None:
        """Give every connection back."""
        for name in ("systems", "store"):
            opened = self.__dict__.get(name)
            if isinstance(opened, Store):
                opened.close()
            for system in (opened or {}).values() if isinstance(opened, dict) else ():
                system.engine.dispose()


YEARS: Final = range(1000, 9000)
"""Years in which dates can still be counted a few centuries on or back."""


@contextmanager
def opened(
    policy: Path, *, env: Mapping[str, str], as_of: str | None = None, now: datetime | None = None
) -> Iterator[Context]:
    """Read the policy and stand ready; connections open when first needed."""
    clock = now or datetime.now(UTC)
    context = Context(
        policy=require(policy), folder=policy.resolve().parent, env=env, as_of=_instant(as_of) or clock, now=clock
    )
    try:
        yield context
    finally:
        context.close()


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        if instant.year not in YEARS:
            raise ValueError(instant.year)  # noqa: TRY301 - one refusal for both
    except ValueError:
        raise could_not_run(
            Finding(
                code="P021",
                message="`--as-of` is not an instant",
                where="--as-of",
                help="write 2026-11-24 or 2026-11-24T12:00:00+01:00",
            )
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
