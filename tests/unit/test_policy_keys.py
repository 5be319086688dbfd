"""The registry of the grammar: complete, documented, one control per key."""

from __future__ import annotations

from collections import defaultdict

import pytest

from kept.policy.keys import BY_NAME, SECTIONS, citable, control_of
from kept.policy.shapes import Control, Either, Key, Listed, Named, Pairs, Record, Shape

GRAMMAR = {
    "controller": "name country timezone languages contact",
    "text": "file version promises address scope review documents statements defects",
    "laws": "for since certificate over-policy",
    "people": "role for except refer-to minimum-age",
    "data": "people categories fields sources optional never precision checked-before only-for",
    "purposes": "basis law data channel opt-out interest needs roles decision",
    "consent": "given-by never-by withdrawn-by takes-effect",
    "cookies": "choice signals domains places used",
    "notices": "from to for within before by contains repeat needs language",
    "retention": "data from keep then law ground interest purposes review",
    "requests": "answer-within verify verify-by channels agents-need without refusal-needs kind for gives purposes "
    "data complete-within then covers subject stages",
    "recipients": "role country purposes data announce contract instructions safeguard assurance needs published",
    "disclosures": "never needs data to tell",
    "measures": "of check roles every",
    "pledges": "owner review",
    "systems": "url canary clock controllers tables nothing-personal backups generation",
    "safety": "stop-above approve fresh-within recovery-window",
}
MAIN = {
    "controller": "name", "text": "version", "laws": "for", "people": "role", "data": "categories", "purposes": "data",
    "consent": "given-by", "cookies": "class", "notices": "from", "retention": "keep", "requests": "for",
    "recipients": "role", "disclosures": "needs", "measures": "check", "pledges": "owner",
}  # fmt: skip


def own_keys(section: str) -> list[Key]:
    known = BY_NAME[section]
    return [*known.fixed, *(known.entry.keys if known.entry else ())]


def inner(shape: Shape) -> list[Key]:
    match shape:
        case Record():
            return [found for key in shape.keys for found in (key, *inner(key.shape))]
        case Named() | Listed():
            return inner(shape.record)
        case Either():
            return inner(shape.long)
        case Pairs():
            return inner(shape.value)
        case _:
            return []


def every_key() -> list[Key]:
    return [found for section in SECTIONS for key in own_keys(section.name) for found in (key, *inner(key.shape))]


@pytest.mark.parametrize("section", GRAMMAR)
def test_a_section_has_exactly_the_keys_of_the_grammar(section: str) -> None:
    assert {key.name for key in own_keys(section)} == set(GRAMMAR[section].split())


def test_sections_stand_in_the_order_of_the_file() -> None:
    assert [section.name for section in SECTIONS] == list(GRAMMAR)


@pytest.mark.parametrize(("section", "main"), MAIN.items())
def test_the_main_key_is_the_one_the_grammar_prints_in_bold(section: str, main: str) -> None:
    assert BY_NAME[section].main == main


def test_every_key_is_described_by_one_sentence() -> None:
    assert [key.name for key in every_key() if not key.doc.endswith(".") or key.doc[0].islower()] == []
    assert [section.name for section in SECTIONS if not section.doc.endswith(".")] == []


def test_a_key_has_exactly_one_control_in_its_section() -> None:
    controls: dict[tuple[str, str], set[Control | None]] = defaultdict(set)
    for section in SECTIONS:
        for key in citable(section.name):
            controls[section.name, key.name].add(key.control)
    assert {place: found for place, found in controls.items() if len(found) > 1} == {}


def test_every_key_of_a_promise_has_a_control() -> None:
    bare = [(s.name, k.name) for s in SECTIONS if not s.plumbing for k in citable(s.name) if k.control is None]
    assert bare == []


def test_the_control_of_a_measure_depends_on_what_is_checked() -> None:
    assert control_of("measures", "check", "encrypted-at-rest") == Control.CONFIG
    assert control_of("measures", "check", "backup-restored") == Control.DRILL
    assert control_of("measures", "check", "incident-register") == Control.LEDGER


def test_an_unknown_key_has_no_control() -> None:
    assert control_of("retention", "nothing") == ""
    assert control_of("nothing", "keep") == ""
