"""The one decision: what becomes of a cell, given what has passed, what still binds, and what was granted.

A cell is decided per kind of data; a row follows from its cells (decided semantics 1.4, 2.21, 2.42). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from kept.law.terms import Ground, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """A promise that has come due: the rule's name and what it asks for."""

    rule: str
    then: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A duty that still binds. Without a ground it bars clocks only (grammar: one grammar for «when X»)."""

    rule: str
    grounds: tuple[Ground, ...] = ()
    law: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of the cells of one kind, and everything a person must be told about it."""

    outcome: Outcome
    because: tuple[str, ...] = ()
    """Rules (or `granted-erasure`) that ask for it, or that hold it back."""
    grounds: tuple[Ground, ...] = ()
    law: str | None = None
    withheld: Outcome | None = None
    """What would have happened without the floor; None when nothing was due."""

    @property
    def destroys(self) -> bool:
        """Whether data is changed."""
        return self.outcome.strength > Outcome.RESTRICT.strength


GRANTED = "granted-erasure"
"""The name under which a granted erasure stands among the reasons: a ceiling without a rule."""


def decide(*, ceilings: tuple[Ceiling, ...], floors: tuple[Floor, ...], granted: bool) -> Decision:
    """Decide the cells of one kind.

    `ceilings` are those that have passed, `floors` those still active, `granted` a granted erasure.
    Strongest action wins among ceilings; a grounded floor wins over everything; an ungrounded one over clocks.
    """
    asked = [(c.then, c.rule) for c in ceilings] + ([(Outcome.DELETE, GRANTED)] if granted else [])
    if not asked:
        return Decision(outcome=Outcome.KEEP, because=tuple(f.rule for f in floors))
    strongest = max((then for then, _ in asked), key=lambda then: then.strength)
    binding = [f for f in floors if f.grounds] or ([] if granted else list(floors))
    if binding:
        return _held_back(binding, strongest)
    return Decision(outcome=strongest, because=tuple(rule for then, rule in asked if then is strongest))


def _held_back(floors: list[Floor], strongest: Outcome) -> Decision:
    laws = tuple(f.law for f in floors if f.law)
    return Decision(
        outcome=Outcome.KEEP,
        because=tuple(f.rule for f in floors),
        grounds=tuple(dict.fromkeys(ground for f in floors for ground in f.grounds)),
        law="; ".join(dict.fromkeys(laws)) or None,
        withheld=strongest,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDecision:
    """What becomes of a row: gone whole, changed in place, or left."""

    whole: bool
    """True: the row is deleted."""
    cells: tuple[tuple[str, Decision], ...]
    """Decision per kind of data in the row."""
    shell: bool = False
    """True: every cell goes, but a row that stays points here, so the emptied row remains."""

    @property
    def destroys(self) -> bool:
        """Whether the row is changed at all."""
        return any(decision.destroys for _, decision in self.cells)


def decide_row(cells: tuple[tuple[str, Decision], ...], *, needed: bool) -> RowDecision:
    """A row is deleted only if every one of its cells is, and no row that stays needs it."""
    every = bool(cells) and all(decision.outcome is Outcome.DELETE for _, decision in cells)
    return RowDecision(whole=every and not needed, cells=cells, shell=every and needed)
