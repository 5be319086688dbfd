"""From classes to a predicate: true for exactly these classes, whatever they are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kept.decide.formula import cover, predicate
from kept.decide.select import All, Always, Down, IsNull, Not, Selection, Some, some

FLAGS = tuple(IsNull(column=f"c{bit}") for bit in range(6))


def holds(selection: Selection, number: int) -> bool:
    """Evaluate a predicate over flags for one class number; written apart from the product."""
    match selection:
        case Always(value=value):
            return value
        case IsNull(column=column):
            return bool(number >> int(column[1:]) & 1)
        case Not(part=part):
            return not holds(part, number)
        case All(parts=parts):
            return all(holds(part, number) for part in parts)
        case Some(parts=parts):
            return any(holds(part, number) for part in parts)
        case _:
            raise AssertionError(selection)


def wanted(flags: int, mask: int) -> frozenset[int]:
    return frozenset(number for number in range(1 << flags) if mask >> number & 1)


def test_every_set_of_classes_of_three_flags_is_covered_exactly() -> None:
    for mask in range(1 << 8):
        classes = wanted(3, mask)
        selected = predicate(classes, FLAGS[:3])
        assert {number for number in range(8) if holds(selected, number)} == classes


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, (1 << (1 << n)) - 1))))
def test_a_predicate_is_true_for_exactly_its_classes(drawn: tuple[int, int]) -> None:
    flags, mask = drawn
    classes = wanted(flags, mask)
    selected = predicate(classes, FLAGS[:flags])
    assert {number for number in range(1 << flags) if holds(selected, number)} == classes


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 63)))
def test_the_order_of_the_classes_does_not_matter(classes: set[int]) -> None:
    assert cover(sorted(classes), 6) == cover(sorted(classes, reverse=True), 6)


def test_all_classes_need_no_literal_and_none_selects_nothing() -> None:
    assert predicate(range(64), FLAGS) == Always()
    assert predicate((), FLAGS) == Always(value=False)
    assert predicate((0,), ()) == Always()
    assert predicate((), ()) == Always(value=False)


def test_flags_that_do_not_matter_are_left_out() -> None:
    assert predicate([number for number in range(64) if number >> 2 & 1], FLAGS) == FLAGS[2]
    assert predicate([number for number in range(64) if not number >> 5 & 1], FLAGS) == Not(part=FLAGS[5])


def test_twelve_flags_are_still_a_short_formula() -> None:
    """A table with six kinds, each due and not yet emptied: one class set of a real plan."""
    due = [number for number in range(1 << 12) if any(number >> bit & 3 == 3 for bit in range(0, 12, 2))]
    assert len(cover(due, 12)) == 6


def test_what_every_term_says_stands_first_and_once() -> None:
    """Due, no duty, and (something left, or nobody needs the row)."""
    due, duty, left, needed = FLAGS[:4]
    classes = [n for n in range(16) if n & 1 and not n >> 1 & 1 and (n >> 2 & 1 or not n >> 3 & 1)]
    selected = predicate(classes, (due, duty, left, needed))
    assert selected == All(parts=(due, Not(part=duty), Some(parts=(left, Not(part=needed)))))


def test_rows_of_other_tables_are_asked_for_last() -> None:
    child = Down(to=("id",), table="child", via=("parent",), where=Always())
    assert predicate([3], (child, FLAGS[1])) == All(parts=(FLAGS[1], child))
    assert predicate([1, 2, 3], (child, FLAGS[1])) == Some(parts=(FLAGS[1], child))


def test_a_scope_that_every_term_says_is_left_out_and_any_other_stays() -> None:
    due, late, duty = FLAGS[:3]
    scope = some(due, late)
    assert predicate([1, 3], (due, late, duty), within=scope) == All(parts=(due, Not(part=duty)))
    assert predicate([0, 4], (due, late, duty), within=scope) == All(
        parts=(scope, All(parts=(Not(part=due), Not(part=late))))
    )
    assert predicate([1], (due,), within=Always()) == due


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 255), st.sets(st.integers(0, 2), max_size=3))
def test_within_never_changes_which_classes_are_meant(mask: int, bits: set[int]) -> None:
    scope = some(*(FLAGS[bit] for bit in sorted(bits)))
    classes = wanted(3, mask)
    selected = predicate(classes, FLAGS[:3], within=scope)
    assert {n for n in range(8) if holds(selected, n)} == {n for n in classes if holds(scope, n)}
