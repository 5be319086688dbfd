"""Which rows, as a small tree of values that every SQL evaluator compiles the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """Every row (`value` true) or none."""

    value: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The column holds an instant before the named cut-off; NULL never does."""

    column: str
    cut: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IsNull:
    """The column is NULL."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equals:
    """The column equals a word of the policy (a polymorphic type)."""

    column: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The columns are in the bound key set of named people `keys`."""

    columns: tuple[str, ...]
    keys: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """The row `via` points at, in `table`, satisfies `where`: via IN (SELECT to FROM table WHERE …)."""

    via: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    where: Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """Some row of `table` whose `via` points at this row's `to` satisfies `where`."""

    to: tuple[str, ...]
    table: str
    via: tuple[str, ...]
    where: Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every part holds; no part: every row."""

    parts: tuple[Selection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """At least one part holds; no part: no row."""

    parts: tuple[Selection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The part does not hold; an unknown (NULL) counts as not holding before it is negated."""

    part: Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """The column still holds something other than its fill: not yet emptied or masked."""

    column: str


Selection: TypeAlias = Always | Before | IsNull | Equals | Named | Up | Down | All | Some | Not | Holds


def every(*parts: Selection) -> Selection:
    """Conjunction without needless nesting."""
    real = tuple(part for part in parts if part != Always())
    return real[0] if len(real) == 1 else All(parts=real) if real else Always()


def some(*parts: Selection) -> Selection:
    """Disjunction without needless nesting; of nothing: no row."""
    if any(part == Always() for part in parts):
        return Always()
    return parts[0] if len(parts) == 1 else Some(parts=tuple(parts)) if parts else Always(value=False)
