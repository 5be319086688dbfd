"""The policy as frozen values, section by section, in the order of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from kept.law.periods import Period
from kept.law.terms import Event, Ground, Outcome, Role, State
from kept.map.system import System
from kept.policy.findings import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One promise bound to one key of one element: `retention`, `crm`, `keep` ← VCL-65."""

    promise: str
    section: str
    element: str
    key: str
    span: Span
    undecided: bool = False
    """True when the very value the promise is bound to is missing."""
    set_by: str | None = None
    """The role that chose a value the text does not give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers (Art. 4(7))."""

    name: str
    country: str
    timezone: str
    languages: tuple[str, ...]
    contact: str | None


@dataclass(frozen=True, kw_only=True)
class DataKind:
    """A kind of data, wherever it is stored; None means the policy says nothing."""

    name: str
    people: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    optional: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()
    precision: dict[str, str] = field(default_factory=dict)
    checked_before: tuple[str, ...] = ()
    only_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfPeople:
    """Whose data, and in which role we hold it (Art. 4(7), 4(8))."""

    name: str
    role: Role | None = None
    for_: str | None = None
    except_: tuple[tuple[str, Role], ...] = ()
    refer_to: str | None = None
    minimum_age: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One retention rule: a ceiling (`at most`, `no longer`) or a floor (`at least`, `while`)."""

    name: str
    data: tuple[str, ...]
    """Kinds it holds for; `all` and `other` are resolved by the loader into names."""
    event: Event | None
    """None when `from` is missing (a `while` floor) or undecided."""
    ceiling: Period | None = None
    floor: Period | None = None
    state: State | None = None
    then: Outcome | None = None
    law: str | None = None
    grounds: tuple[Ground, ...] = ()
    interest: str | None = None
    purposes: tuple[str, ...] = ()
    review: Period | None = None
    set_by: str | None = None
    customer_set: bool = False
    undecided: tuple[str, ...] = ()
    """Keys whose value the text does not give (`keep`, `from`, `law`, …)."""
    span: Span

    @property
    def runs(self) -> bool:
        """Whether a date can be computed at all; the customer's own period is resolved per row later."""
        return "keep" not in self.undecided and "from" not in self.undecided


@dataclass(frozen=True, kw_only=True)
class Safety:
    """Belts: how much one plan may destroy, what needs approval, how fresh a proof must be."""

    stop_above: float = 0.05
    """Share of a kind's rows per table."""
    approve: tuple[str, ...] = ()
    fresh_within: Period


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The whole file, checked. Sections nothing executes yet are kept as read, for the board."""

    path: str
    digest: str
    """SHA-256 of the file's bytes."""
    controller: Controller
    people: dict[str, KindOfPeople]
    data: dict[str, DataKind]
    retention: tuple[Rule, ...]
    systems: tuple[System, ...]
    safety: Safety
    citations: tuple[Citation, ...]
    text_version: date | str | None = None

    @cached_property
    def rules_of(self) -> dict[str, tuple[Rule, ...]]:
        """Rules by kind of data."""
        return {kind: tuple(r for r in self.retention if kind in r.data) for kind in self.data}
