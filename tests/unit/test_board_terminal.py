"""The terminal: what is broken first, why the rest is unproven, and one next step; legible without colour."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.samples import board_sample as sample

from kept.law.terms import Verdict
from kept.prove.terminal import SHOWN, render_terminal
from kept.prove.verdict import Board, Count, Evidence, Promise, Proof
from kept.prove.view import GLYPHS
from kept.texts import LANGUAGES, Lang, catalogue


@pytest.fixture(autouse=True)
def sample_texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sample.with_sample_texts(monkeypatch)
    yield
    monkeypatch.undo()
    catalogue.cache_clear()


def board(*proofs: Proof, **changes: object) -> Board:
    """A board of these proofs."""
    made: Board = sample.board(sentences=(), proofs=proofs, findings=(), **changes)
    return made


def proof(name: str, verdict: Verdict, *evidence: Evidence, bound: str = "retention.crm.keep") -> Proof:
    promise = Promise(id=name, kind="", obligation=f"Zusage {name}")
    return Proof(promise=promise, verdict=verdict, bound=(bound,) if bound else (), evidence=evidence)


def evidence(verdict: Verdict, reason: str, *counts: Count, **facts: str) -> Evidence:
    return Evidence(
        control="retention-count", verdict=verdict, reason=reason, facts=tuple(facts.items()), counts=counts
    )


def lines(made: Board, lang: Lang = "de", *, width: int = 80, show_all: bool = False) -> list[str]:
    return render_terminal(made, lang, width=width, colour=False, show_all=show_all).splitlines()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("show_all", [False, True])
def test_no_line_is_wider_than_the_terminal_nor_ends_in_blanks(lang: Lang, width: int, show_all: bool) -> None:
    for line in lines(sample.board(), lang, width=width, show_all=show_all):
        assert len(line) <= width
        assert line == line.rstrip()


def test_the_header_holds_the_five_counts_with_glyph_and_word_on_80_columns() -> None:
    made = sample.board()
    count = {v: sum(p.verdict is v for p in made.proofs) for v in Verdict}
    words = zip(Verdict, ("gehalten", "gebrochen", "unbelegt", "verbürgt", "ohne Regel"), strict=False)
    assert "  ".join(f"{GLYPHS[v]} {count[v]} {word}" for v, word in words) in lines(made)
    assert f"{len(made.proofs) - 3} Zusagen, 3 zur Kenntnis (nicht mitgezählt)" in lines(made)


def test_every_glyph_differs_so_colour_may_be_absent() -> None:
    assert len(set(GLYPHS.values())) == len(Verdict)


def test_without_colour_there_is_no_escape_and_with_colour_the_words_are_the_same() -> None:
    plain = render_terminal(sample.board(), "de", width=80, colour=False)
    coloured = render_terminal(sample.board(), "de", width=80, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31m▲ FB-12" in coloured
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


def test_the_environment_does_not_change_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    before = render_terminal(sample.board(), "de", width=80, colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    assert render_terminal(sample.board(), "de", width=80, colour=True) == before


def test_the_broken_come_first_with_figure_date_place_and_reason() -> None:
    at = sample.AT
    one = evidence(Verdict.BROKEN, "sample.past", Count(place="crm.note", violations=3, total=1203, since=at), n="3")
    two = evidence(
        Verdict.BROKEN,
        "sample.past",
        Count(place="crm.note", violations=3, total=1203),
        Count(place="crm.lead", violations=1200, total=40000),
        Count(place="crm.call", violations=0, total=7),
    )
    made = lines(board(proof("P-1", Verdict.BROKEN, one), proof("P-2", Verdict.BROKEN, two)), "en")
    assert "\n".join(made[made.index("Broken (2)") :]).startswith(
        "Broken (2)\n"
        "\n"
        "  ▲ P-1  Zusage P-1\n"
        "         sample.past n=3\n"
        "         since 24 November 2026 · retention.crm.keep\n"
        "\n"
        "  ▲ P-2  Zusage P-2\n"
        "         1,203 of 41,210 rows past date, in 2 places\n"
        "         crm.note 3 · crm.lead 1,200\n"
        "         retention.crm.keep\n"
    )


def test_promises_that_one_violation_breaks_stand_together_in_the_order_of_the_text() -> None:
    def past(n: int) -> Evidence:
        return evidence(Verdict.BROKEN, "sample.past", Count(place="crm.note", violations=n, total=9), n=str(n))

    made = lines(
        board(
            proof("P-1", Verdict.BROKEN, past(3)),
            proof("P-2", Verdict.BROKEN, past(4)),
            proof("P-3", Verdict.BROKEN, past(3)),
        ),
        "en",
    )
    ids = [line.split()[1] for line in made if line.startswith("  ▲")]
    assert ids == ["P-1", "P-3", "P-2"]
    assert sum("sample.past n=3" in line for line in made) == 1


def test_a_long_group_says_from_which_sections_it_comes() -> None:
    waiting = evidence(Verdict.UNPROVEN, "reason.not-executed-yet", section="x")
    bound = ["purposes.a.data"] * 6 + ["requests.b.for"] * 3
    proofs = [proof(f"P-{i}", Verdict.UNPROVEN, waiting, bound=place) for i, place in enumerate(bound)]
    odd = [proof(f"Q-{i}", Verdict.UNPROVEN, evidence(Verdict.UNPROVEN, "reason.never-ran")) for i in range(2)]
    made = lines(board(*proofs, *odd), "en")
    assert "  by section: purposes 6 · requests 3" in made
    assert made.index("  never checked (2)") < made.index("  no check yet (9)"), "what a reader can mend comes first"


def test_nothing_broken_is_said_in_words() -> None:
    assert "Nichts ist gebrochen." in lines(board(proof("P-1", Verdict.KEPT)))


def test_a_board_without_promises_does_not_boast_that_nothing_is_broken() -> None:
    said = "\n".join(lines(board(), "en"))
    assert "No promise is bound yet." in said
    assert "Nothing is broken" not in said


def test_the_unproven_are_grouped_by_reason_the_commonest_first_and_the_rest_is_counted() -> None:
    never = [proof(f"N-{i}", Verdict.UNPROVEN, evidence(Verdict.UNPROVEN, "reason.never-ran")) for i in range(9)]
    odd = [proof(f"O-{i}", Verdict.UNPROVEN, evidence(Verdict.UNPROVEN, "reason.odd", n=str(i))) for i in range(3)]
    made = lines(board(*odd, *never))
    at = made.index("Unbelegt (12)")
    assert made[at + 2 : at + 4] == ["  noch nie geprüft (9)", "  Diese Zusage wurde noch nie geprüft."]
    assert sum(line.startswith("  ◇ N-") for line in made) == SHOWN
    assert "  … und 3 weitere (kept prove --all)" in made
    other = made.index("  Andere Gründe (3)")
    assert made[other + 1 : other + 3] == ["  ◇ O-0  Zusage O-0", "         reason.odd n=0"]
    assert sum(line.startswith("  ◇ N-") for line in lines(board(*never), show_all=True)) == 9


def test_a_reason_shared_by_a_group_is_told_once_in_full() -> None:
    made = lines(sample.board())
    assert sum("Das System `video` war nicht erreichbar." in line for line in made) == 1


def test_all_lists_every_promise_and_the_short_form_only_what_needs_work() -> None:
    made = sample.board()
    short, full = "\n".join(lines(made)), "\n".join(lines(made, show_all=True))
    for one in made.proofs:
        assert f"{GLYPHS[one.verdict]} {one.promise.id} " in full
    assert "● FB" not in short
    for heading in ("Gehalten (", "Verbürgt (", "Ohne Regel (", "Zur Kenntnis ("):
        assert heading in full
        assert heading not in short


@pytest.mark.parametrize(
    ("made", "command"),
    [
        (proof("P", Verdict.BROKEN, evidence(Verdict.BROKEN, "x")), "kept plan retention"),
        (
            proof(
                "P", Verdict.BROKEN, evidence(Verdict.BROKEN, "reason.undeclared-column.plain"), bound="data.crm.fields"
            ),
            "kept doctor",
        ),
        (proof("P", Verdict.UNPROVEN, evidence(Verdict.UNPROVEN, "reason.undecided")), "kept check"),
        (proof("P", Verdict.UNPROVEN, evidence(Verdict.UNPROVEN, "reason.concealed.view")), "kept doctor"),
        (proof("P", Verdict.UNPROVEN, evidence(Verdict.UNPROVEN, "reason.stale")), "kept prove"),
    ],
)
def test_the_next_step_follows_from_what_is_wrong(made: Proof, command: str) -> None:
    found = lines(board(made), width=120)
    steps = found[found.index("Nächster Schritt") + 1 :]
    assert [" ".join(step.split()[: len(command.split())]) for step in steps] == [command]


def test_no_step_is_invented_where_none_helps() -> None:
    lonely = proof("P", Verdict.BROKEN, evidence(Verdict.BROKEN, "x"), bound="measures.backup.check")
    assert "Nächster Schritt" not in lines(board(lonely))
    assert "Nächster Schritt" not in lines(board(proof("P", Verdict.KEPT)))


def test_what_comes_from_outside_cannot_steer_the_terminal() -> None:
    bad = "\x1b[2J\x07\u202e[red]x[/red]\x9b31m\r"
    promise = Promise(id=bad, kind=bad, obligation=bad)
    seen = Evidence(
        control=bad,
        verdict=Verdict.BROKEN,
        reason=bad,
        facts=((bad, bad),),
        counts=(Count(place=bad, violations=1, total=1),),
        query=bad,
    )
    made = Proof(promise=promise, verdict=Verdict.BROKEN, bound=(bad,), evidence=(seen,))
    written = render_terminal(
        board(made, title=bad, version=bad, address=bad), "de", width=200, colour=False, show_all=True
    )
    assert not set(written) & set("\x1b\x07\u202e\x9b\r")
    assert "[red]x[/red]" in written


def test_a_board_without_text_or_version_still_has_a_header() -> None:
    made = board(proof("P", Verdict.KEPT), version="", title="Erklärung")
    assert lines(made)[:2] == ["Erklärung", "Stand: 24. November 2026, 14:05 Uhr MEZ"]
