"""Reading everything that is stored about a person: the rows a copy under Art. 15(3) GDPR is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from kept.app import people as named_people
from kept.app.context import Context
from kept.app.people import People
from kept.app.planning import concealed
from kept.decide.closure import objections
from kept.decide.reach import own
from kept.policy.findings import Finding, stopped
from kept.ports import Keys, Page, Reader
from kept.systems.sql.system import SqlSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A page of a person's rows, and the system it comes from."""

    system: str
    page: Page


Read = Callable[[Mapping[str, Keys]], Iterator[Part]]
"""Reads the people whose key sets it is given, per system."""


def everything(context: Context, people: People) -> Iterator[Part]:
    """Every row of the named people, as it is read; nothing at all counts only where the canaries were found."""
    wanted = named_people.kinds(context, "access")
    keys = named_people.resolve(context, people, wanted)
    with reading(context, wanted) as read:
        yield from read(keys)


@contextmanager
def reading(context: Context, wanted: frozenset[str]) -> Iterator[Read]:
    """Stand ready to read people of these kinds one after another; each table's statement is prepared once."""
    if findings := [found for system in context.systems.values() for found in _objections(system, wanted)]:
        raise stopped(*findings)
    with ExitStack() as stack:
        desks = {
            name: stack.enter_context(system.reading(own(system.bound, wanted)))
            for name, system in context.systems.items()
        }
        yield lambda keys: _parts(desks, keys)


def _parts(desks: Mapping[str, Reader], keys: Mapping[str, Keys]) -> Iterator[Part]:
    for name, reader in desks.items():
        if any(keys.get(name, {}).values()):
            yield from (Part(system=name, page=page) for page in reader(keys[name]))


def _objections(system: SqlSystem, wanted: frozenset[str]) -> list[Finding]:
    """What would make a copy lack rows in silence: gaps and circles in the map, and filters before a table."""
    why = "a copy read through a filter would lack rows and not say so"
    return [*objections(system.bound, ()), *concealed(system, list(own(system.bound, wanted)), why)]
