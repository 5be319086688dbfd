"""The published prose with its ids, and the register of promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.policy.findings import Span
from kept.policy.source import Source
from kept.policy.text import Registered, Sentence, as_text, read_promises, read_prose, sentences

PROSE = """\
# Datenschutz bei Beispiel {EX-1}

Wir löschen Ihr Konto nach 60 Tagen. {EX-2} Ihre Rechnungen
bleiben zehn Jahre. {EX-3, EX-4} Ohne Versprechen.

## Ihre Rechte
- Auskunft auf Wunsch. {EX-5}
- Löschung auf
  Wunsch. {EX-6}
Ein Satz {in Klammern} und noch einer. {EX-7}
"""


def source(text: str) -> Source:
    return Source(path=Path("policy.de.md"), text=text, digest="")


def parsed(text: str) -> tuple[Sentence, ...]:
    return sentences(source(text))


def test_a_sentence_ends_with_its_ids_or_with_its_block() -> None:
    assert [(s.text, s.promises) for s in parsed(PROSE)] == [
        ("Datenschutz bei Beispiel", ("EX-1",)),
        ("Wir löschen Ihr Konto nach 60 Tagen.", ("EX-2",)),
        ("Ihre Rechnungen bleiben zehn Jahre.", ("EX-3", "EX-4")),
        ("Ohne Versprechen.", ()),
        ("Ihre Rechte", ()),
        ("Auskunft auf Wunsch.", ("EX-5",)),
        ("Löschung auf Wunsch.", ("EX-6",)),
        ("Ein Satz {in Klammern} und noch einer.", ("EX-7",)),
    ]


def test_headings_items_and_paragraphs_are_told_apart() -> None:
    found = parsed(PROSE)
    assert [s.heading for s in found] == [1, 0, 0, 0, 2, 0, 0, 0]
    assert [s.item for s in found] == [False, False, False, False, False, True, True, True]
    assert [s.paragraph for s in found] == [1, 2, 2, 2, 3, 4, 5, 5]


def test_a_sentence_knows_where_it_begins() -> None:
    lines = PROSE.splitlines()
    for sentence in parsed(PROSE):
        first = sentence.text.split()[0]
        assert lines[sentence.span.line - 1][sentence.span.column - 1 :].startswith(first)


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_an_empty_prose_has_no_sentence(text: str) -> None:
    assert parsed(text) == ()


WORDS = st.lists(st.from_regex(r"[A-Za-zÄÖÜäöüß0-9,.§()]{1,12}", fullmatch=True), min_size=1, max_size=8).map(" ".join)
IDS = st.lists(st.from_regex(r"[A-Z]{3}-[0-9]{1,3}(\.[a-z])?", fullmatch=True), min_size=1, max_size=3, unique=True)


@st.composite
def prose(draw: st.DrawFn) -> tuple[Sentence, ...]:
    found: list[Sentence] = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        heading = draw(st.sampled_from([0, 0, 0, 1, 2, 3]))
        item = not heading and draw(st.booleans())
        for _ in range(1 if heading else draw(st.integers(1, 4))):
            ids = tuple(draw(IDS))
            found.append(
                Sentence(text=draw(WORDS), promises=ids, heading=heading, item=item, paragraph=number, span=NOWHERE)
            )
    return tuple(found)


NOWHERE = Span(file="policy.de.md", line=1, column=1)


def bare(found: tuple[Sentence, ...]) -> list[tuple[str, tuple[str, ...], int, int, bool]]:
    return [(s.text, s.promises, s.heading, s.paragraph, s.item) for s in found]


@given(prose())
def test_writing_and_reading_a_prose_gives_the_same_sentences(found: tuple[Sentence, ...]) -> None:
    assert bare(parsed(as_text(found))) == bare(found)


@given(st.text(alphabet="ab #-*{},\n\tEX1", max_size=200))
def test_any_text_is_read_and_reading_again_changes_nothing(text: str) -> None:
    once = parsed(text)
    assert [s.promises for s in parsed(as_text(once))] == [s.promises for s in once if s.text or s.promises]


def register(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "promises.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_register_is_read_in_its_order_and_may_have_more_columns(tmp_path: Path) -> None:
    path = register(tmp_path, 'kind,id,more,obligation\nmail,EX-2,x,"two, lines\nof it"\nuse,EX-1,y,one\n')
    assert read_promises(path) == (
        (
            Registered(id="EX-2", kind="mail", obligation="two, lines\nof it", line=3),
            Registered(id="EX-1", kind="use", obligation="one", line=4),
        ),
        (),
    )


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "P126", 1),
        ("id,kind\nEX-1,a\n", "P126", 1),
        ("id,kind,obligation\n,a,b\n", "P126", 2),
        ("id,kind,obligation\nEX 1,a,b\n", "P126", 2),
        ("id,kind,obligation\nEX-1,a,b\nEX-1,a,b\n", "P127", 3),
        ("id,kind,obligation\nEX-1\n", "", 0),
        ('id,kind,obligation\n"EX-1', "", 0),
    ],
)
def test_a_fault_of_the_register_is_placed(tmp_path: Path, text: str, code: str, line: int) -> None:
    found = [(f.code, f.spans[0].line) for f in read_promises(register(tmp_path, text))[1]]
    assert found == ([(code, line)] if code else [])


def test_a_prose_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.de.md"
    path.write_bytes(b"L\xf6schung")
    assert [f.code for f in read_prose(path)[1]] == ["P003"]
