"""Narrow forms: what makes two identifiers the same person's, and what must not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.map.identity import PHONE_MARKS, narrow, plausible


@pytest.mark.parametrize(
    ("identifier", "value", "normal"),
    [
        ("email", " Anna@X.Example ", "anna@x.example"),
        ("email", "MÜLLER@x.example", "müller@x.example"),
        ("email", unicodedata.normalize("NFD", "müller@x.example"), "müller@x.example"),
        ("email", "a.n.n.a+tag@x.example", "a.n.n.a+tag@x.example"),
        ("phone", "0049 (30) 123-45/67", "+49301234567"),
        ("phone", "+49 30 1234567", "+49301234567"),
        ("phone", "030.1234567", "0301234567"),
        ("cookie", " AbC ", "AbC"),
        ("reference", "Ä-1", "Ä-1"),
    ],
)
def test_spellings_of_one_identifier_have_one_narrow_form(identifier: str, value: str, normal: str) -> None:
    assert narrow(identifier, value) == normal


@pytest.mark.parametrize(
    ("identifier", "one", "other"),
    [
        ("email", "anna+a@x.example", "anna@x.example"),
        ("email", "an.na@x.example", "anna@x.example"),
        ("email", "muller@x.example", "müller@x.example"),
        ("email", "strasse@x.example", "straße@x.example"),
        ("phone", "0301234567", "+49301234567"),
        ("cookie", "abc", "ABC"),
        ("reference", "1", "01"),
    ],
)
def test_what_may_be_two_people_has_two_narrow_forms(identifier: str, one: str, other: str) -> None:
    assert narrow(identifier, one) != narrow(identifier, other)


@given(st.sampled_from(["email", "phone", "cookie"]), st.text(max_size=40))
def test_a_narrow_form_is_its_own(identifier: str, value: str) -> None:
    once = narrow(identifier, value)
    assert narrow(identifier, once) == once


@given(st.text(alphabet="0123456789", min_size=6, max_size=12), st.data())
def test_marks_between_digits_do_not_matter(digits: str, data: st.DataObject) -> None:
    marks = [data.draw(st.sampled_from(("", *PHONE_MARKS))) for _ in digits]
    written = "".join(digit + mark for digit, mark in zip(digits, marks, strict=True))
    assert narrow("phone", written) == narrow("phone", digits)


@pytest.mark.parametrize(
    ("identifier", "value", "is_one"),
    [
        ("email", "anna@x.example", True),
        ("email", "anna", False),
        ("email", "@x.example", False),
        ("email", "anna@", False),
        ("email", "anna@localhost", False),
        ("email", "a" * 320 + "@x.example", False),
        ("phone", "+49301", False),
        ("phone", "123456", True),
        ("phone", "12345", False),
        ("cookie", "", False),
        ("cookie", " ", False),
        ("cookie", "x", True),
    ],
)
def test_what_is_no_identifier_finds_no_stranger(identifier: str, value: str, is_one: bool) -> None:
    assert plausible(identifier, value) is is_one
