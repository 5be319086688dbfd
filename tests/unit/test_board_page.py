"""The page: it reads like the policy, says the same in both languages, and nothing that comes in can run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from tests.samples import board_sample as sample

from kept.law.terms import Verdict
from kept.prove.page import render_page
from kept.prove.verdict import Board, Count, Evidence, Promise, Proof, Sentence
from kept.prove.view import view_of
from kept.texts import LANGUAGES, Lang, catalogue

APART = {"time", "td", "th", "dt", "dd", "small", "code", "p", "li", "div", "h1", "h2", "h3"}
VOID = {"meta", "br", "wbr", "use", "rect", "path", "circle"}
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\x00{{7*7}}{% raw %}&amp;"


@pytest.fixture(autouse=True)
def sample_texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sample.with_sample_texts(monkeypatch)
    yield
    monkeypatch.undo()
    catalogue.cache_clear()


class Page(HTMLParser):
    """What stands in a page: its elements with attributes, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.text += " " if tag in APART else ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [at for name, at in self.elements if name == tag and wanted.items() <= at.items()]

    def classed(self, name: str) -> list[dict[str, str]]:
        return [at for _, at in self.elements if name in at.get("class", "").split()]


def said(page: Page) -> str:
    return " ".join(page.text.split())


def small(**changes: object) -> Board:
    """A board of one sentence."""
    board: Board = sample.board(
        sentences=(Sentence(text="Wir löschen alles.", promises=("P-1",)),),
        proofs=(Proof(promise=Promise(id="P-1", kind="", obligation="Alles löschen"), verdict=Verdict.UNCOVERED),),
        findings=(),
    )
    return replace(board, **changes)  # type: ignore[arg-type]


def with_evidence(*evidence: Evidence, verdict: Verdict) -> Board:
    promise = Promise(id="P-1", kind="", obligation="Alles löschen")
    return small(proofs=(Proof(promise=promise, verdict=verdict, bound=("retention.x.keep",), evidence=evidence),))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_160_promises_is_well_formed_and_under_400_kilobytes(lang: Lang) -> None:
    board = sample.board()
    source = render_page(board, lang)
    page = Page(source)
    assert len(board.proofs) >= 150
    assert {p.verdict for p in board.proofs} == set(Verdict)
    assert len(source.encode()) < 400_000
    assert page.open == []
    ids = [at["id"] for _, at in page.elements if "id" in at]
    assert len(ids) == len(set(ids))
    assert all(at["href"][1:] in ids for _, at in page.elements if at.get("href", "").startswith("#"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_one_file_that_loads_nothing(lang: Lang) -> None:
    source = render_page(sample.board(), lang)
    page = Page(source)
    tags = {name for name, _ in page.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "form", "base", "video", "audio", "source"}
    assert not [at for _, at in page.elements if "src" in at or "style" in at or any(a.startswith("on") for a in at)]
    assert "url(" not in source
    assert "@import" not in source


def test_only_our_own_style_and_script_are_allowed_to_run() -> None:
    source = render_page(sample.board(), "de")
    (allowed,) = [at["content"] for at in Page(source).all("meta") if "http-equiv" in at]
    assert allowed.startswith("default-src 'none'; ")
    assert "unsafe" not in allowed
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed


def test_the_text_keeps_its_own_language_whatever_the_reader_reads() -> None:
    page = Page(render_page(sample.board(), "en"))
    assert page.all("html", lang="en")
    assert page.all("article", lang="de")
    assert page.all("h1", lang="de")
    assert page.all("div", lang="en"), "evidence speaks the reader's language"
    assert Page(render_page(small(language=""), "en")).all("article", lang="")


def test_the_policy_is_there_word_for_word_in_its_order() -> None:
    board = sample.board()
    words = said(Page(render_page(board, "en")))
    place = 0
    for sentence in board.sentences:
        place = words.index(sentence.text, place)


def test_headings_paragraphs_and_lists_stay_what_they_are() -> None:
    page = Page(render_page(sample.board(), "de"))
    assert len(page.all("h1")) == 1
    headings = [name for name, at in page.elements if re.fullmatch("h[1-6]", name) and "class" not in at]
    assert headings[:4] == ["h1", "h2", "h2", "h3"]
    items = [s for s in sample.board().sentences if s.item]
    assert len(page.all("li", **{"class": "row"})) == len(items) + len(sample.UNPLACED)


def test_a_text_without_a_title_takes_the_boards_and_begins_at_level_two() -> None:
    board = small(
        sentences=(Sentence(text="Teil", promises=(), heading=1), Sentence(text="Zwei", promises=(), heading=1))
    )
    page = Page(render_page(board, "de"))
    assert [name for name, at in page.elements if name in {"h1", "h2"} and "id" not in at] == ["h1", "h2", "h2"]
    assert "Datenschutzerklärung der Fernblick AS" in said(page)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_header_counts_every_promise_once_and_noted_stands_apart(lang: Lang) -> None:
    board = sample.board()
    buttons = {at["data-verdict"]: at for at in Page(render_page(board, lang)).all("button") if "data-verdict" in at}
    assert list(buttons) == ["kept", "broken", "unproven", "vouched", "uncovered", "noted"]
    for verdict, at in buttons.items():
        assert int(at["data-n"]) == sum(p.verdict == verdict for p in board.proofs)
        assert at["aria-pressed"] == "false"
    counted = len(board.proofs) - int(buttons["noted"]["data-n"])
    assert f" {counted} {'Zusagen' if lang == 'de' else 'promises'} 3 " in said(Page(render_page(board, lang)))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("de", ["gehalten", "gebrochen", "unbelegt", "verbürgt", "ohne Regel", "zur Kenntnis"]),
        ("en", ["kept", "broken", "unproven", "vouched", "uncovered", "noted"]),
    ],
)
def test_every_verdict_has_its_word_its_shape_and_its_line(lang: Lang, words: list[str]) -> None:
    source = render_page(sample.board(), lang)
    page = Page(source)
    for verdict, word in zip(("kept", "broken", "unproven", "vouched", "uncovered", "noted"), words, strict=True):
        assert word in said(page)
        assert page.all("symbol", id=f"g-{verdict}")
        assert page.all("use", href=f"#g-{verdict}")
    lines = {v: re.search(rf"\.s\.{v} \.u {{ text-decoration([^}}]+)}}", source) for v in list(Verdict)[1:]}
    assert all(lines.values()), "no verdict is told by colour alone"


def test_a_sentence_with_several_promises_wears_the_worst_and_lists_each() -> None:
    proofs = tuple(
        Proof(promise=Promise(id=f"P-{v.value}", kind="", obligation=v.value), verdict=v)
        for v in (Verdict.KEPT, Verdict.NOTED, Verdict.BROKEN, Verdict.UNCOVERED)
    )
    board = small(sentences=(Sentence(text="Alles.", promises=tuple(p.promise.id for p in proofs)),), proofs=proofs)
    page = Page(render_page(board, "de"))
    (sentence,) = page.classed("s")
    assert sentence["class"] == "s broken"
    assert set(sentence["data-v"].split()) == {"kept", "noted", "broken", "uncovered"}
    order = [at["data-id"] for at in page.classed("proof")]
    assert order == ["P-broken", "P-uncovered", "P-kept", "P-noted"]
    assert "gebrochen: Beleg zu P-broken, P-uncovered, P-kept, P-noted" in said(page)
    assert "+ 3 weitere Zusagen" in said(page)


def test_a_promise_without_a_sentence_is_listed_at_the_end() -> None:
    page = Page(render_page(sample.board(), "de"))
    words = said(page)
    assert words.index("Ohne Satz im Text") > words.index("norwegische Datenschutzbehörde")
    assert all(text in words for _, text in sample.UNPLACED)
    assert "Ohne Satz im Text" not in said(Page(render_page(small(), "de")))


def test_a_number_the_register_does_not_know_is_shown_as_such() -> None:
    board = small(sentences=(Sentence(text="Wir löschen alles.", promises=("P-9",)),))
    words = said(Page(render_page(board, "de")))
    assert "das Register der Zusagen kennt sie nicht" in words
    assert words.index("Ohne Satz im Text") < words.index("P-1")


def test_the_evidence_tells_everything_that_was_seen() -> None:
    at = datetime(2026, 11, 24, 13, 3, tzinfo=UTC)
    seen = Evidence(
        control="retention-count",
        verdict=Verdict.BROKEN,
        reason="sample.past",
        facts=(("n", "1203"), ("cut", "2023-11-24")),
        counts=(
            Count(place="crm.note", violations=1200, total=40000, since=datetime(2025, 5, 3, 22, 30, tzinfo=UTC)),
            Count(place="crm.lead", violations=3, total=1203, since=datetime(2025, 6, 1, tzinfo=UTC)),
        ),
        query="SELECT 1",
        positive="canary crm.lead; drill 7",
        at=at,
        entry=1842,
    )
    promise = Promise(id="P-1", kind="", obligation="Nach drei Jahren ist alles fort")
    proof = Proof(
        promise=promise,
        verdict=Verdict.BROKEN,
        bound=("retention.crm.keep", "retention.crm.then"),
        rule="keep: at most 3 years",
        line=1112,
        evidence=(seen,),
        set_by="privacy-officer",
    )
    words = said(Page(render_page(small(proofs=(proof,)), "de")))
    for part in (
        "1.203 von 41.203 Zeilen überfällig seit 4. Mai 2025 vor 2 Min.",
        "1.203 von 41.203 Zeilen überfällig, an 2 Orten",
        "Nach drei Jahren ist alles fort",
        "keep: at most 3 years",
        "retention.crm.keep, retention.crm.then · Zeile 1112 der Regeldatei",
        "festgelegt hat ihn: privacy-officer",
        "Zeilen zählen, die über ihre Frist hinaus gespeichert sind",
        "crm.note 1.200 seit 4. Mai 2025 40.000",
        "crm.lead 3 seit 1. Juni 2025 1.203",
        "SELECT 1",
        "Kontrollzeile in crm.lead gefunden; drill 7",
        "24. November 2026, 14:03 Uhr MEZ · Protokoll, Eintrag 1.842",
    ):
        assert part in words, part


def test_what_was_seen_in_several_systems_is_told_one_by_one() -> None:
    seen = [
        Evidence(control="a", verdict=Verdict.BROKEN, reason="meaning.broken"),
        Evidence(control="b", verdict=Verdict.UNPROVEN, reason="reason.never-ran"),
    ]
    page = Page(render_page(with_evidence(*seen, verdict=Verdict.BROKEN), "en"))
    assert len(page.classed("several")) == 2
    assert "This promise has never been checked." in said(page)


def test_an_age_is_told_only_where_it_says_something() -> None:
    at = datetime(2026, 11, 15, 13, tzinfo=UTC)
    for reason, shown in (("reason.stale", 1), ("reason.unreachable", 0)):
        seen = Evidence(control="x", verdict=Verdict.UNPROVEN, reason=reason, at=at)
        assert len(Page(render_page(with_evidence(seen, verdict=Verdict.UNPROVEN), "de")).all("time")) == shown


def test_only_what_needs_proof_is_numbered_for_print_and_each_once() -> None:
    board = sample.board()
    twice = replace(
        board, sentences=(*board.sentences, Sentence(text="Noch einmal.", promises=("FB-12",), paragraph=9**9))
    )
    views = view_of(twice, "de")
    numbers = [p.number for p in views.proofs if p.number]
    wanted = [p for p in board.proofs if p.verdict in {Verdict.BROKEN, Verdict.UNPROVEN}]
    assert sorted(numbers) == list(range(1, len(wanted) + 1))
    page = Page(render_page(twice, "de"))
    assert len(page.classed("printed")) == len(wanted)
    assert len([at for at in page.classed("proof") if at["data-id"] == "FB-12"]) == 2
    assert len(page.classed("ref")) == len(wanted) + 1


def test_a_board_with_nothing_wrong_prints_that_nothing_is_wrong() -> None:
    assert "Nichts ist gebrochen, nichts unbelegt." in said(Page(render_page(small(), "de")))


def test_a_reason_that_nobody_wrote_shows_its_key_instead_of_hiding_the_verdict() -> None:
    odd = Evidence(control="odd-one", verdict=Verdict.BROKEN, reason="reason.of-tomorrow", facts=(("place", "a.b"),))
    words = said(Page(render_page(with_evidence(odd, verdict=Verdict.BROKEN), "de")))
    assert "reason.of-tomorrow place=a.b" in words
    assert "odd-one" in words


def test_a_reason_without_its_facts_still_shows_the_verdict() -> None:
    for facts in ((), (("at", "soon"), ("hours", "24"))):
        odd = Evidence(control="x", verdict=Verdict.UNPROVEN, reason="reason.stale", facts=facts)
        assert "reason.stale" in said(Page(render_page(with_evidence(odd, verdict=Verdict.UNPROVEN), "de")))


def test_the_board_tells_its_own_age_and_how_long_it_may_be_believed() -> None:
    source = render_page(small(fresh_within=timedelta(days=7)), "de")
    page = Page(source)
    (body,) = page.all("body")
    assert body["data-at"] == "2026-11-24T13:05:00+00:00"
    assert body["data-fresh"] == "604800"
    assert "Dieser Stand ist älter als 7 Tage." in said(page)
    assert page.all("p", **{"class": "aged"})[0]["hidden"] == ""
    assert "Fassung vom 1. Mai 2026" in said(page)
    assert "Fassung Herbst" in said(Page(render_page(small(version="Herbst"), "de")))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_words_in_every_field_stay_words(lang: Lang) -> None:
    known = Page(render_page(hostile("harmless"), lang))
    page = Page(render_page(hostile(HOSTILE), lang))
    assert kinds(page) == kinds(known)
    assert "\u202e" not in page.text
    assert "\x00" not in page.text
    assert page.text.count("{{7*7}}") == page.text.count("<script>alert(1)</script>")
    assert page.text.count("<script>alert(1)</script>") >= 15


def kinds(page: Page) -> list[tuple[str, list[str]]]:
    """Elements and their attributes; where a long name may break is no matter."""
    return [(name, sorted(at)) for name, at in page.elements if name != "wbr"]


def hostile(words: str) -> Board:
    """A board that says `words` wherever something from outside is said."""
    at = datetime(2026, 11, 24, 13, tzinfo=UTC)
    seen = Evidence(
        control=words,
        verdict=Verdict.BROKEN,
        reason=words,
        facts=((words, words),),
        counts=(Count(place=words, violations=1, total=2, since=at),),
        query=words,
        positive=words,
        at=at,
        entry=1,
    )
    promise = Promise(id=words, kind=words, obligation=words)
    proof = Proof(
        promise=promise, verdict=Verdict.BROKEN, bound=(words,), rule=words, line=1, evidence=(seen, seen), set_by=words
    )
    return Board(
        controller=words,
        title=words,
        version=words,
        address=f"javascript:{words}",
        at=at,
        timezone="Europe/Oslo",
        policy_digest=words,
        sentences=(
            Sentence(text=words, promises=(), heading=2),
            Sentence(text=words, promises=(words,), paragraph=1),
            Sentence(text=words, promises=(words,), paragraph=2, item=True),
        ),
        proofs=(proof, replace(proof, promise=replace(promise, id=f"{words}2"))),
        head=words,
        findings=(words,),
        language="de",
    )


def test_what_several_sentences_of_a_paragraph_lack_alike_is_said_once() -> None:
    def waits(name: str, reason: str) -> Proof:
        seen = Evidence(control="", verdict=Verdict.UNPROVEN, reason=reason)
        promise = Promise(id=name, kind="", obligation=name)
        return Proof(promise=promise, verdict=Verdict.UNPROVEN, bound=("x.y.z",), evidence=(seen,))

    reasons = {"A": "reason.never-ran", "B": "reason.never-ran", "C": "reason.stale.short", "D": "reason.never-ran"}
    page = Page(
        render_page(
            small(
                sentences=tuple(Sentence(text=f"Satz {n}.", promises=(n,)) for n in reasons),
                proofs=tuple(waits(name, reason) for name, reason in reasons.items()),
            ),
            "de",
        )
    )
    assert [at["data-e"] for at in page.classed("note")] == ["0", "2", "3"]
    assert len(page.classed("s")) == 4


def test_only_a_web_address_becomes_a_link() -> None:
    links = [at["href"] for at in Page(render_page(small(), "de")).all("a") if not at["href"].startswith("#")]
    assert links == ["https://fernblick.example/datenschutz"]
    assert "javascript:" not in str(Page(render_page(hostile("x"), "de")).all("a"))


def colours(source: str, dark: bool) -> dict[str, str]:
    css = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert css is not None
    blocks = re.findall(r":root \{(.*?)\}", css[1], re.DOTALL)
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", blocks[1 if dark else 0]))


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_every_colour_of_writing_has_the_contrast_readers_need(dark: bool) -> None:
    c = colours(render_page(small(), "de"), dark)
    writing = ["ink", "soft", "dim", "kept", "broken", "unproven", "vouched", "uncovered", "noted"]
    for name in writing:
        assert contrast(c[name], c["paper"]) >= 4.5, name
        if name != "dim":
            assert contrast(c[name], c["panel"]) >= 4.5, f"{name} on panel"
    assert contrast(c["ink"], c["wash"]) >= 4.5
    assert contrast(c["broken"], c["wash"]) >= 3
    assert contrast(c["focus"], c["paper"]) >= 3
