"""Reading everything that is stored about a person: the rows a copy under Art. 15(3) GDPR is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from kept.app import people as named_people
from kept.app.context import Context
from kept.app.people import People
from kept.decide.closure import objections
from kept.decide.reach import own
from kept.law.terms import Role
from kept.policy.findings import Finding, stopped
from kept.ports import Keys, Page
from kept.systems.sql.system import SqlSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A page of a person's rows, and the system it comes from."""

    system: str
    page: Page


Read = Callable[[Mapping[str, Keys]], Iterator[Part]]
"""Reads the people whose key sets it is given, per system."""


def kinds(context: Context) -> frozenset[str]:
    """Kinds of people who may ask us: those of `requests.access.for`, else all we are controller for."""
    known = context.policy.people
    entry = context.policy.entry("requests", "access")
    named = frozenset(entry.items("for") if entry else ()) & frozenset(known)
    return named or frozenset(name for name, people in known.items() if people.role is not Role.PROCESSOR)


def everything(context: Context, people: People) -> Iterator[Part]:
    """Every row of the named people, as it is read; nothing at all counts only where the canaries were found."""
    wanted = kinds(context)
    keys = named_people.resolve(context, people, wanted)
    with reading(context, wanted) as read:
        yield from read(keys)


@contextmanager
def reading(context: Context, wanted: frozenset[str]) -> Iterator[Read]:
    """Stand ready to read people of these kinds one after another; each table's statement is prepared once."""
    if findings := [found for system in context.systems.values() for found in _objections(system, wanted)]:
        raise stopped(*findings)
    with ExitStack() as stack:
        readers = {
            name: stack.enter_context(system.reading(own(system.bound, wanted)))
            for name, system in context.systems.items()
        }

        def read(keys: Mapping[str, Keys]) -> Iterator[Part]:
            for name, reader in readers.items():
                if any(keys.get(name, {}).values()):
                    for page in reader(keys[name]):
                        yield Part(system=name, page=page)

        yield read


def _objections(system: SqlSystem, wanted: frozenset[str]) -> list[Finding]:
    """What would make a copy lack rows in silence: gaps and circles in the map, and filters before a table."""
    hidden = system.concealed(list(own(system.bound, wanted)))
    return [
        *objections(system.bound, ()),
        *(
            Finding(
                code="S306",
                message=f"`{each.table}` may hide rows ({each.reason})",
                where=f"{system.name}.{each.table}",
                why="a copy read through a filter would lack rows and not say so",
                help="map the table itself and give the role unfiltered access (`kept doctor`)",
            )
            for each in hidden
        ),
    ]
