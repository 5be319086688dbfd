"""The one decision: the lattice, floors with and without ground, and rows that follow from their cells."""

from __future__ import annotations

from itertools import combinations, product
from typing import TypeVar

import pytest

from kept.decide.outcome import GRANTED, Ceiling, Decision, Floor, decide, decide_row
from kept.law.terms import Ground, Outcome

T = TypeVar("T")

DELETE = Ceiling(rule="lead", then=Outcome.DELETE)
ANONYMISE = Ceiling(rule="account", then=Outcome.ANONYMISE)
BOOKS = Floor(rule="books", grounds=(Ground.LEGAL_OBLIGATION,), law="§ 147 AO")
CLAIMS = Floor(rule="matter", grounds=(Ground.LEGAL_CLAIMS, Ground.LEGAL_OBLIGATION), law="§ 195 BGB")
ACTIVE = Floor(rule="active")


def test_nothing_due_is_kept_and_says_which_floors_stand() -> None:
    assert decide(ceilings=(), floors=(), granted=False) == Decision(outcome=Outcome.KEEP)
    kept = decide(ceilings=(), floors=(BOOKS, ACTIVE), granted=False)
    assert (kept.outcome, kept.because, kept.withheld) == (Outcome.KEEP, ("books", "active"), None)


@pytest.mark.parametrize(("one", "other"), list(combinations(Outcome, 2)))
def test_the_stronger_of_two_ceilings_wins_whatever_their_order(one: Outcome, other: Outcome) -> None:
    weak, strong = Ceiling(rule="weak", then=one), Ceiling(rule="strong", then=other)
    for order in ((weak, strong), (strong, weak)):
        decision = decide(ceilings=order, floors=(), granted=False)
        assert (decision.outcome, decision.because) == (other, ("strong",))


def test_all_rules_that_ask_for_the_same_are_named() -> None:
    decision = decide(ceilings=(DELETE, ANONYMISE), floors=(), granted=True)
    assert (decision.outcome, decision.because) == (Outcome.DELETE, ("lead", GRANTED))


def test_a_granted_erasure_is_a_ceiling_without_a_rule() -> None:
    assert decide(ceilings=(), floors=(), granted=True).because == (GRANTED,)


def test_a_floor_without_ground_bars_the_clock() -> None:
    decision = decide(ceilings=(DELETE,), floors=(ACTIVE,), granted=False)
    assert (decision.outcome, decision.because, decision.grounds) == (Outcome.KEEP, ("active",), ())
    assert decision.withheld is Outcome.DELETE


def test_a_floor_without_ground_does_not_bar_a_granted_erasure() -> None:
    assert decide(ceilings=(), floors=(ACTIVE,), granted=True).outcome is Outcome.DELETE


@pytest.mark.parametrize("granted", [True, False])
def test_a_floor_with_a_ground_bars_everything(granted: bool) -> None:
    decision = decide(ceilings=(DELETE,), floors=(BOOKS,), granted=granted)
    assert (decision.outcome, decision.because) == (Outcome.KEEP, ("books",))
    assert (decision.grounds, decision.law) == ((Ground.LEGAL_OBLIGATION,), "§ 147 AO")
    assert decision.withheld is Outcome.DELETE


def test_only_floors_that_bind_are_named_to_the_person() -> None:
    decision = decide(ceilings=(), floors=(ACTIVE, BOOKS, CLAIMS), granted=True)
    assert decision.because == ("books", "matter")
    assert decision.grounds == (Ground.LEGAL_OBLIGATION, Ground.LEGAL_CLAIMS)
    assert decision.law == "§ 147 AO; § 195 BGB"


def test_a_law_is_named_once() -> None:
    again = Floor(rule="again", grounds=(Ground.LEGAL_OBLIGATION,), law="§ 147 AO")
    assert decide(ceilings=(DELETE,), floors=(BOOKS, again), granted=False).law == "§ 147 AO"


def test_every_combination_is_decided_and_only_floors_hold_back() -> None:
    """Law: destroyed if and only if something asks for it and nothing that binds forbids it."""
    for ceilings, floors, granted in product(_subsets((DELETE, ANONYMISE)), _subsets((BOOKS, ACTIVE)), (True, False)):
        decision = decide(ceilings=ceilings, floors=floors, granted=granted)
        asked = bool(ceilings) or granted
        bars = BOOKS in floors or (ACTIVE in floors and not granted)
        assert decision.destroys == (asked and not bars)
        assert (decision.withheld is not None) == (asked and bars)
        assert decision.because or not (asked or floors)


@pytest.mark.parametrize(
    ("outcome", "destroys"),
    [
        (Outcome.KEEP, False),
        (Outcome.RESTRICT, False),
        (Outcome.PSEUDONYMISE, True),
        (Outcome.ANONYMISE, True),
        (Outcome.DELETE, True),
    ],
)
def test_only_what_is_stronger_than_restriction_changes_data(outcome: Outcome, destroys: bool) -> None:
    assert Decision(outcome=outcome).destroys is destroys


GONE, MASKED, STAYS = (Decision(outcome=o) for o in (Outcome.DELETE, Outcome.ANONYMISE, Outcome.KEEP))


@pytest.mark.parametrize(
    ("cells", "needed", "whole", "shell", "destroys"),
    [
        ((), False, False, False, False),
        ((GONE,), False, True, False, True),
        ((GONE, GONE), False, True, False, True),
        ((GONE, GONE), True, False, True, True),
        ((GONE, STAYS), False, False, False, True),
        ((GONE, STAYS), True, False, False, True),
        ((GONE, MASKED), False, False, False, True),
        ((MASKED,), True, False, False, True),
        ((STAYS,), False, False, False, False),
    ],
)
def test_a_row_goes_only_when_all_its_cells_do_and_no_row_needs_it(
    cells: tuple[Decision, ...], needed: bool, whole: bool, shell: bool, destroys: bool
) -> None:
    row = decide_row(tuple((str(number), cell) for number, cell in enumerate(cells)), needed=needed)
    assert (row.whole, row.shell, row.destroys) == (whole, shell, destroys)


def _subsets(items: tuple[T, ...]) -> list[tuple[T, ...]]:
    return [chosen for size in range(len(items) + 1) for chosen in combinations(items, size)]
