"""Texts: every key speaks both languages, and numbers, dates and spans are written as each language writes them."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from kept import texts
from kept.law.terms import Verdict
from kept.prove import judge
from kept.texts import LANGUAGES, TextMissingError, catalogue, known, say
from kept.texts.forms import ago, day, moment, number, span, visible, written

FORMS = {lang: {lang, f"{lang}_one", f"{lang}_other"} for lang in LANGUAGES}


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Texts of this test instead of ours."""
    written_here: list[tuple[str, str]] = []
    monkeypatch.setattr(texts, "_sources", lambda: iter(written_here))
    catalogue.cache_clear()
    yield written_here
    monkeypatch.undo()
    catalogue.cache_clear()


def placeholders(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_every_text_has_both_languages_in_whole_and_with_the_same_facts(key: str) -> None:
    forms = catalogue()[key]
    assert set(forms) <= FORMS["de"] | FORMS["en"], "an unknown form"
    assert all(text.strip() == text != "" for text in forms.values())
    shapes = [sorted(form.removeprefix(lang) for form in forms if form in FORMS[lang]) for lang in LANGUAGES]
    assert all(shape in ([""], ["_one", "_other"]) for shape in shapes), forms
    facts = [{name for form in FORMS[lang] & set(forms) for name, _ in placeholders(forms[form])} for lang in LANGUAGES]
    assert facts[0] == facts[1]
    assert all(name.isidentifier() for name in facts[0]), "facts are named"
    if ["_one", "_other"] in shapes:
        assert "n" in facts[0], "a plural hangs on the fact n"


@pytest.mark.parametrize("key", [key for key in catalogue() if key.endswith(".short")])
def test_a_short_text_needs_no_fact_and_has_a_long_one(key: str) -> None:
    assert not any(placeholders(text) for text in catalogue()[key].values())
    assert known(key.removesuffix(".short"))


def test_what_judging_and_the_board_say_is_written() -> None:
    wanted = [judge.STALE, judge.NEVER_RAN, *(f"{kind}.{v.value}" for kind in ("verdict", "meaning") for v in Verdict)]
    assert [key for key in wanted if not known(key)] == []


def test_say_fills_facts_and_chooses_the_plural(sources: list[tuple[str, str]]) -> None:
    plural = 'de_one = "{n} Zeile in {place}"\nde_other = "{n} Zeilen in {place}"'
    sources.append(("a", f'[rows]\n{plural}\nen_one = "{{n}} row in {{place}}"\nen_other = "{{n}} rows in {{place}}"'))
    assert say("rows", "de", n=1, place="x") == "1 Zeile in x"
    assert say("rows", "de", n="41203", place="x") == "41.203 Zeilen in x"
    assert say("rows", "en", n=0, place="{place.__class__}") == "0 rows in {place.__class__}"


def test_facts_may_be_called_like_the_arguments_of_say(sources: list[tuple[str, str]]) -> None:
    sources.append(("a", '[x]\nde = "{key} {lang}"\nen = "{key} {lang}"'))
    assert say("x", "de", key="keep", lang="nb") == "keep nb"


def test_dates_in_texts_are_written_in_the_readers_zone(sources: list[tuple[str, str]]) -> None:
    sources.append(("a", '[x]\nde = "{at:moment}; {at:day}; {n:number}"\nen = "{at:moment}; {at:day}; {n:number}"'))
    late = "2026-05-31T23:30:00+00:00"
    assert say("x", "de", at=late, n=1000, zone="Europe/Oslo") == "1. Juni 2026, 01:30 Uhr MESZ; 1. Juni 2026; 1.000"
    assert say("x", "en", at=late, n=1000) == "31 May 2026, 23:30 UTC; 31 May 2026; 1,000"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "no text `x`"),
        ('[x]\nde = "a"', "has no en"),
        ('[x]\nen_one = "a"\nde = "a"', "has no en"),
        ('[x]\nen = "{gone}"\nde = ""', "needs the fact 'gone'"),
    ],
)
def test_what_is_missing_is_named(sources: list[tuple[str, str]], source: str, message: str) -> None:
    sources.append(("a", source))
    with pytest.raises(TextMissingError, match=message):
        say("x", "en", n=2)


def test_a_key_written_in_two_files_is_refused(sources: list[tuple[str, str]]) -> None:
    sources += [("a.toml", '[x]\nde = "1"\nen = "1"'), ("b.toml", '[x]\nde = "2"\nen = "2"')]
    with pytest.raises(TextMissingError, match=r"`x` in b\.toml is already written"):
        known("x")


def test_keys_nest_and_quoted_keys_are_the_same(sources: list[tuple[str, str]]) -> None:
    sources.append(("a", '[a]\nde = "1"\nen = "1"\n[a.b]\nde = "2"\nen = "2"\n["c.d"]\nde = "3"\nen = "3"'))
    assert sorted(catalogue()) == ["a", "a.b", "c.d"]


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [(0, "0", "0"), (999, "999", "999"), (41203, "41.203", "41,203"), (-1234567, "-1.234.567", "-1,234,567")],
)
def test_numbers_are_grouped_by_three(value: int, german: str, english: str) -> None:
    assert (number(value, "de"), number(value, "en")) == (german, english)
    assert number(str(value), "de") == german


def test_a_word_is_no_number_and_stands() -> None:
    assert number("unbekannt", "de") == "unbekannt"


def test_days_and_moments() -> None:
    at = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
    assert moment(at, "Europe/Oslo", "de") == "24. November 2026, 14:05 Uhr MEZ"
    assert moment(at, "Europe/Oslo", "en") == "24 November 2026, 14:05 CET"
    assert moment(at.replace(month=7), "Europe/Berlin", "de") == "24. Juli 2026, 15:05 Uhr MESZ"
    assert moment(at, "America/New_York", "de") == "24. November 2026, 08:05 Uhr EST"
    assert moment(at, UTC, "de") == "24. November 2026, 13:05 Uhr UTC"
    assert (day(date(2024, 3, 1), "de"), day(date(2024, 3, 1), "en")) == ("1. März 2024", "1 March 2024")


@pytest.mark.parametrize(
    ("age", "german", "english"),
    [
        (timedelta(seconds=-30), "gerade eben", "just now"),
        (timedelta(seconds=59), "gerade eben", "just now"),
        (timedelta(minutes=2), "vor 2 Min.", "2 min. ago"),
        (timedelta(hours=1), "vor 1 Std.", "1 hr. ago"),
        (timedelta(days=1), "vor 1 Tag", "1 day ago"),
        (timedelta(days=9, hours=5), "vor 9 Tagen", "9 days ago"),
        (timedelta(days=45), "vor 1 Monat", "1 mo. ago"),
        (timedelta(days=800), "vor 2 Jahren", "2 yr. ago"),
    ],
)
def test_ages_are_told_in_the_largest_whole_unit(age: timedelta, german: str, english: str) -> None:
    assert (ago(age, "de"), ago(age, "en")) == (german, english)


@pytest.mark.parametrize(
    ("length", "german", "english"),
    [
        (timedelta(days=1), "24 Stunden", "24 hours"),
        (timedelta(days=7), "7 Tage", "7 days"),
        (timedelta(hours=1), "1 Stunde", "1 hour"),
        (timedelta(minutes=90), "90 Minuten", "90 minutes"),
        (timedelta(seconds=5), "5 Sekunden", "5 seconds"),
    ],
)
def test_spans_are_told_in_the_unit_that_divides_them(length: timedelta, german: str, english: str) -> None:
    assert (span(length, "de"), span(length, "en")) == (german, english)


def test_facts_are_written_by_the_word_in_their_placeholder() -> None:
    assert written(date(2026, 1, 2), "day", "de") == "2. Januar 2026"
    assert written(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "moment", "en", "UTC") == "2 January 2026, 03:04 UTC"
    assert written("2026-01-02T03:04:00", "moment", "en") == "2 January 2026, 03:04 UTC"
    with pytest.raises(ValueError, match="no format word `weekday`"):
        written("2026-01-02", "weekday", "de")
    with pytest.raises(ValueError, match="Invalid isoformat"):
        written("soon", "day", "de")


def test_characters_that_hide_or_reorder_others_are_made_visible() -> None:
    assert visible("a\u202eb\x1b[31m\x00\u200f\u2028") == "a‹U+202E›b‹U+001B›[31m‹U+0000›‹U+200F›‹U+2028›"
    assert visible("Zeile\n\tzwei, עברית, Größe, 👩‍💻") == "Zeile\n\tzwei, עברית, Größe, 👩‍💻"
