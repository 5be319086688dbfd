"""The policy as frozen values, section by section, in the order of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from kept.law.periods import Period
from kept.law.terms import UNDECIDED, Defect, Event, Ground, Outcome, Role, State
from kept.map.system import System
from kept.policy.findings import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One promise bound to one key of one element: `retention`, `crm`, `keep` ← VCL-65."""

    promise: str
    section: str
    element: str
    """Empty for a key of the section itself; `channels.privacy` for an element inside a fixed key."""
    key: str
    span: Span
    """Where the id stands."""
    undecided: bool = False
    """True when the very value the promise is bound to is missing."""
    set_by: str | None = None
    """The role that chose a value the text does not give."""
    control: str = ""
    """The one control that proves the key, in the words of `kept.policy.keys.Control`."""
    at: Span | None = None
    """Where the value stands; the element's name when the value is a default."""
    rule: str = ""
    """The element on one line as the file has it, without `says`."""

    @property
    def place(self) -> str:
        """`retention.crm.keep`, `requests.channels.privacy.address`, `text.version`."""
        parts = [self.section, self.element, "" if self.key in self.element.split(".") else self.key]
        return ".".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One element of a section, every key checked against the registry; `undecided` stands as that word."""

    section: str
    name: str
    """Empty for the fixed keys of the section itself."""
    values: dict[str, object] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    """Where each key's value stands, a faulty one included."""
    span: Span
    words: str = ""
    """The element on one line as the file has it, without `says`."""

    def undecided(self) -> tuple[str, ...]:
        """Keys whose value the text does not give."""
        return tuple(key for key, value in self.values.items() if lacks(value))

    def items(self, key: str) -> tuple[str, ...]:
        """The words of a key, one or many; none when it is missing or undecided."""
        value = self.values.get(key, ())
        if value == UNDECIDED:
            return ()
        return tuple(str(item) for item in value) if isinstance(value, tuple) else (str(value),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The value of `keep`: how long at most (a ceiling) or at least (a floor), or while a state lasts."""

    bound: str
    """`at most`, `at least`, `no longer` or `while`."""
    period: Period | None = None
    state: State | None = None
    customer_set: bool = False
    undecided: bool = False


def lacks(value: object) -> bool:
    """Whether the text does not give this value, or one of the values of a map."""
    if isinstance(value, Keep):
        return value.undecided
    return value == UNDECIDED or (isinstance(value, dict) and UNDECIDED in value.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """The published text: its files and what they are (section `text`)."""

    file: str | None = None
    promises: str | None = None
    version: str | None = None
    """As written: a date, a number, or None when it is missing or undecided."""
    address: str | None = None
    scope: tuple[str, ...] = ()
    review: Period | None = None
    statements: tuple[str, ...] = ()
    """Promise ids that bind nobody: noted, outside the count."""
    defects: dict[str, Defect] = field(default_factory=dict)
    """Promise id and why its sentence cannot run as written."""


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
    bound: str = "at most"
    """`at most` and `no longer` are ceilings, `at least` and `while` floors; known even when the period is not."""
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
    text: Prose = field(default_factory=Prose)
    sections: dict[str, dict[str, Entry]] = field(default_factory=dict)
    """Every element of every section by name; the section's own keys stand under the empty name."""
    promises: tuple[str, ...] = ()
    """Ids of the register `text.promises`, in its order."""

    def entry(self, section: str, name: str = "") -> Entry | None:
        """One element, or the section's own keys."""
        return self.sections.get(section, {}).get(name)

    @cached_property
    def rules_of(self) -> dict[str, tuple[Rule, ...]]:
        """Rules by kind of data."""
        return {kind: tuple(r for r in self.retention if kind in r.data) for kind in self.data}
