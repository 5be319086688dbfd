"""What stands in an emptied cell: recognisable, never a hash, and no value at all rather than a wrong one."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.samples.maps import column

from kept.decide.fill import FILL_WORD, TOKEN_LENGTH, UUID_PREFIX, Fill, fill_of, stays
from kept.law.terms import Fate
from kept.map.bound import Cell
from kept.map.schema import Family

NOT_NULL = {
    "text": Fill.TEXT,
    "integer": Fill.ZERO,
    "decimal": Fill.ZERO,
    "real": Fill.ZERO,
    "boolean": Fill.FALSE,
    "date": Fill.DAY,
    "timestamp": Fill.DAY,
    "instant": Fill.DAY,
    "binary": Fill.EMPTY,
    "json": Fill.EMPTY,
    "uuid": Fill.UUID,
    "time": None,
    "enum": None,
    "other": None,
}


def cell(kind: str, *, unique: bool = False, fate: Fate | None = None) -> Cell:
    return Cell(column=column(f"c {kind}"), kind="account", unique=unique, fate=fate)


@pytest.mark.parametrize("family", sorted(NOT_NULL))
@pytest.mark.parametrize("unique", [True, False])
def test_a_column_that_may_be_null_becomes_null(family: str, unique: bool) -> None:
    assert fill_of(cell(family, unique=unique)) is Fill.NULL


@pytest.mark.parametrize(("family", "expected"), NOT_NULL.items())
def test_a_column_that_must_hold_something_gets_what_its_type_takes_or_refuses(
    family: str, expected: Fill | None
) -> None:
    assert fill_of(cell(f"{family}!")) is expected


def test_every_type_family_is_decided() -> None:
    assert set(NOT_NULL) == {str(family) for family in Family}


@pytest.mark.parametrize(("length", "expected"), [(6, None), (7, Fill.TEXT), (8, Fill.TEXT)])
def test_a_text_too_short_for_the_word_takes_no_fill(length: int, expected: Fill | None) -> None:
    assert len(FILL_WORD) == 7
    assert fill_of(cell(f"text({length})!")) is expected


@pytest.mark.parametrize(("length", "expected"), [(23, None), (24, Fill.TOKEN), (25, Fill.TOKEN)])
def test_a_unique_text_must_have_room_for_a_value_of_its_own(length: int, expected: Fill | None) -> None:
    assert len(f"{FILL_WORD}-{'0' * 16}") == TOKEN_LENGTH == 24
    assert fill_of(cell(f"text({length})!", unique=True)) is expected


def test_a_unique_text_without_a_limit_gets_a_value_of_its_own() -> None:
    assert fill_of(cell("text!", unique=True)) is Fill.TOKEN


@pytest.mark.parametrize("family", sorted(set(NOT_NULL) - {"text", "uuid"}))
def test_any_other_unique_column_refuses_for_one_constant_cannot_be_unique(family: str) -> None:
    assert fill_of(cell(f"{family}!", unique=True)) is None


@pytest.mark.parametrize("unique", [True, False])
def test_a_uuid_is_our_own_and_valid(unique: bool) -> None:
    assert fill_of(cell("uuid!", unique=unique)) is Fill.UUID
    made = UUID(UUID_PREFIX + "0123456789ab")
    assert (made.version, made.variant, made.bytes[:4]) == (8, "specified in RFC 4122", b"kept")


@pytest.mark.parametrize("fate", [None, *Fate])
def test_only_a_column_that_the_policy_keeps_stays(fate: Fate | None) -> None:
    assert stays(cell("text", fate=fate)) is (fate is Fate.KEEP)
