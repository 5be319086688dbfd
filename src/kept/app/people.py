"""Named people: from what was typed to sealed identifiers, key sets and the digest a plan may carry."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from kept.app.canaries import lost
from kept.app.context import Context
from kept.decide.closure import gap_findings
from kept.decide.plan import LIFE, Named
from kept.law.terms import Role
from kept.map.identity import narrow, plausible
from kept.policy.findings import Finding, could_not_run, stopped
from kept.ports import Keys
from kept.store.sealed import seal, unseal

SEALED = "people"
# INVARIANT: datetime before date, which it is a kind of.
_KEY_TYPES: Final[Mapping[str, tuple[type, Callable[[str], object]]]] = {
    "decimal": (Decimal, Decimal),
    "uuid": (UUID, UUID),
    "datetime": (datetime, datetime.fromisoformat),
    "date": (date, date.fromisoformat),
}
_IDENTIFIER = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, kw_only=True)
class People:
    """Identifiers by type, in their narrow form; never printed."""

    identifiers: Mapping[str, tuple[str, ...]]

    def __repr__(self) -> str:
        return f"People({sum(map(len, self.identifiers.values()))} identifiers)"


def parse(words: Sequence[str]) -> People:
    """Read `email=anna@example.org phone=…`; all faults at once, the values never repeated."""
    found: dict[str, list[str]] = {}
    faults = []
    for position, word in enumerate(words, start=1):
        identifier, equals, value = word.partition("=")
        normal = narrow(identifier, value)
        if not equals or not _IDENTIFIER.fullmatch(identifier):
            faults.append(_fault(position, "is not of the form `email=…`"))
        elif not plausible(identifier, normal):
            faults.append(_fault(position, f"is no plausible `{identifier}`"))
        else:
            found.setdefault(identifier, []).append(normal)
    if faults or not found:
        raise could_not_run(*(faults or [_fault(1, "is missing")]))
    return People(identifiers={name: tuple(dict.fromkeys(values)) for name, values in found.items()})


def _fault(position: int, what: str) -> Finding:
    return Finding(
        code="R101",
        message=f"identifier {position} {what}",
        where="who the request is about",
        help="give an identifier the policy finds people by, e.g. email=…; or `-` to read them from standard input",
    )


def kinds(context: Context, right: str) -> frozenset[str]:
    """Kinds of people who have a right from us: those of `requests.RIGHT.for`, else all we are controller for."""
    entry = context.policy.entry("requests", right)
    # Regions may stand in `for` too: what is no kind of people does not restrict the kinds.
    named = frozenset(entry.items("for") if entry else ()) & frozenset(context.policy.people)
    if named:
        return named
    return frozenset(name for name, people in context.policy.people.items() if people.role is not Role.PROCESSOR)


def check_types(context: Context, people: People) -> None:
    """An identifier no table can be searched by would find nobody and prove nothing."""
    known = {
        name for bound in context.maps.values() for table in bound.tables.values() for name, _ in table.entry.find_by
    }
    unknown = sorted(set(people.identifiers) - known)
    if unknown:
        raise could_not_run(
            *(
                Finding(
                    code="R102",
                    message=f"no mapped table finds people by `{name}`",
                    where="who the request is about",
                    help=f"use one of {', '.join(sorted(known))}",
                )
                for name in unknown
            )
        )


def resolve(context: Context, people: People, wanted: frozenset[str]) -> dict[str, Keys]:
    """Key sets per system. «Nothing found» counts only where the canary was found with the same credential (law 5)."""
    if gaps := [gap for bound in context.maps.values() for gap in gap_findings(bound)]:
        raise stopped(*gaps)
    check_types(context, people)
    if doubts := [doubt for system in context.systems.values() for doubt in lost(system, needed=True)]:
        raise stopped(*doubts)
    return {name: system.resolve(wanted, people.identifiers) for name, system in context.systems.items()}


def heads(context: Context, keys: Mapping[str, Keys]) -> int:
    """Rows that are people, over all systems; shared accounts they are the last of do not count."""
    return sum(
        len(rows)
        for system, tables in keys.items()
        for table, rows in tables.items()
        if context.maps[system].tables[table].entry.person
    )


def digest(secret: bytes, keys: Mapping[str, Keys]) -> str:
    """A keyed digest of the key sets: apply recomputes it, a reader of the plan learns nothing."""
    text = json.dumps(_written(keys), sort_keys=True)
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def sealed(context: Context, people: People, wanted: frozenset[str], keys: Mapping[str, Keys]) -> Named:
    """Seal who a plan is about; the plan carries only the reference, the number and the digest."""
    payload = json.dumps(
        {
            "identifiers": {name: list(values) for name, values in people.identifiers.items()},
            "kinds": sorted(wanted),
            "keys": _written(keys),
        }
    )
    with context.store.write() as tx:
        # As long as the plan is good; a run that begins holds them until it is verified.
        expires = context.as_of + LIFE
        reference = seal(tx, SEALED, payload.encode(), at=context.now, expires_at=expires)
        return Named(reference=reference, people=heads(context, keys), digest=digest(tx.keys.digest, keys))


def unsealed(context: Context, reference: str) -> tuple[People, frozenset[str], dict[str, Keys]]:
    """Who a plan is about, as it was sealed."""
    with context.store.read() as tx:
        payload = json.loads(unseal(tx, reference))
    people = People(identifiers={name: tuple(values) for name, values in payload["identifiers"].items()})
    keys: dict[str, Keys] = {
        s: {t: [_key(k) for k in rows] for t, rows in ts.items()} for s, ts in payload["keys"].items()
    }
    return people, frozenset(payload["kinds"]), keys


def _written(keys: Mapping[str, Keys]) -> dict[str, dict[str, list[object]]]:
    return {s: {t: [_sealed_key(key) for key in rows] for t, rows in ts.items()} for s, ts in keys.items()}


def _sealed_key(value: object) -> object:
    """A key with the name of its type, so that it comes back as the value the database gave."""
    if isinstance(value, tuple):
        return {"row": [_sealed_key(part) for part in value]}
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value).hex()}
    for name, (kind, _) in _KEY_TYPES.items():
        if isinstance(value, kind):
            return {name: value.isoformat() if isinstance(value, date) else str(value)}
    raise TypeError(f"no key can be of type {type(value).__name__}")


def _key(value: object) -> object:
    if isinstance(value, list):  # sealed before keys carried their types
        return tuple(value)
    if not isinstance(value, dict):
        return value
    (name, inner), *_ = value.items()
    if name == "row":
        return tuple(_key(part) for part in inner)
    return bytes.fromhex(inner) if name == "bytes" else _KEY_TYPES[name][1](inner)
