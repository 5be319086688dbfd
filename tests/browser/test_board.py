"""The page in a real browser: keyboard first, on a phone, in print, without script, and never on the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Dialog, Page
from tests.samples import board_sample as sample

from kept.prove.page import render_page
from kept.prove.verdict import Board
from kept.texts import catalogue

pytestmark = pytest.mark.browser

MADE = "2026-11-24T13:05:10Z"
Opener: TypeAlias = Callable[..., Page]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample board in both languages, as files."""
    made = tmp_path_factory.mktemp("board")
    with pytest.MonkeyPatch.context() as patch:
        sample.with_sample_texts(patch)
        write(made / "de.html", sample.board(), "de")
        write(made / "en.html", sample.board(), "en")
    catalogue.cache_clear()
    return made


def write(file: Path, board: Board, lang: str) -> None:
    file.write_text(render_page(board, "de" if lang == "de" else "en"), "utf-8")


@pytest.fixture
def open_page(browser: Browser, folder: Path) -> Iterator[Opener]:
    """Open a board at a width and a time; at the end nothing but the file itself may have been asked for."""
    asked: list[str] = []
    complaints: list[str] = []
    opened: list[Page] = []

    def refuse(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def opener(name: str = "de", *, width: int = 1280, now: str = MADE, script: bool = True, mark: str = "") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=script, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", refuse)
        if script:
            page.clock.set_fixed_time(now)
        page.goto(f"{(folder / name).as_uri()}.html{mark}")
        opened.append(page)
        return page

    yield opener
    for page in opened:
        page.context.close()
    assert [url for url in asked if not url.startswith(folder.as_uri())] == []
    assert complaints == []


def tab_to(page: Page, selector: str, limit: int = 40) -> None:
    """Press Tab until the element has the focus, as a person without a mouse does."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} was not reached with {limit} tabs")


def visible_verdicts(page: Page) -> set[str]:
    """Verdicts of the sentences that are neither faded nor gone."""
    found = page.locator(".s:not(.off):visible").evaluate_all("all => all.flatMap(s => s.dataset.v.split(' '))")
    return set(found)


@pytest.mark.parametrize("lang", ["de", "en"])
def test_a_filter_is_reached_and_pressed_by_keyboard_and_undone_with_escape(open_page: Opener, lang: str) -> None:
    page = open_page(lang)
    rows = page.locator("main .row:visible").count()
    tab_to(page, "button[data-verdict=broken]", limit=6)
    page.keyboard.press("Enter")
    broken = page.locator("button[data-verdict=broken]")
    assert broken.get_attribute("aria-pressed") == "true"
    wanted = sum(p.verdict == "broken" for p in sample.board().proofs)
    assert page.locator(".s:not(.off):visible").count() == wanted
    assert all("broken" in s for s in page.locator(".s:not(.off):visible").evaluate_all("a => a.map(s => s.dataset.v)"))
    assert page.locator("main .row:visible").count() < rows
    assert str(wanted) in page.get_by_role("status").inner_text()
    page.keyboard.press("Escape")
    assert broken.get_attribute("aria-pressed") == "false"
    assert page.locator(".s.off").count() == 0
    assert page.locator("main .row:visible").count() == rows


def test_filters_add_up_and_noted_has_its_own(open_page: Opener) -> None:
    page = open_page()
    page.locator("button[data-verdict=vouched]").press("Space")
    page.locator("button[data-verdict=noted]").press("Space")
    shown = page.locator(".s:not(.off):visible").evaluate_all("all => all.map(s => s.dataset.v)")
    assert shown
    assert all("vouched" in one or "noted" in one for one in shown)
    assert {"vouched", "noted"} <= visible_verdicts(page)
    page.get_by_role("button", name="Alle zeigen").press("Enter")
    assert page.locator(".s.off").count() == 0
    assert page.evaluate("document.activeElement.dataset.verdict") == "kept"


def test_a_filter_keeps_the_headings_of_what_it_shows_and_no_others(open_page: Opener) -> None:
    page = open_page()
    page.locator("button[data-verdict=broken]").press("Space")
    shown = page.locator("article :is(h2, h3):visible").all_inner_texts()
    assert "Wie lange wir Daten aufbewahren" in shown
    assert "Welche Daten wir erheben" in shown, "the heading above a heading above a match"
    assert "Kinder" not in shown
    assert "Behörden" not in shown


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_evidence_opens_in_place_by_keyboard_and_escape_returns(open_page: Opener, key: str) -> None:
    page = open_page()
    tab_to(page, ".s.broken a.mark")
    mark = page.locator(":focus")
    panel = page.locator(f"#{mark.get_attribute('aria-controls')}")
    assert (mark.get_attribute("role"), mark.get_attribute("aria-expanded")) == ("button", "false")
    assert not panel.is_visible()
    page.keyboard.press(key)
    assert mark.get_attribute("aria-expanded") == "true"
    assert panel.is_visible()
    assert "Gegenprobe" in panel.inner_text()
    assert panel.evaluate("panel => panel.previousElementSibling.classList.contains('s')"), "right behind its sentence"
    page.keyboard.press("Tab")
    assert panel.evaluate("panel => panel.contains(document.activeElement)"), "the next stop is inside the evidence"
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert page.evaluate("document.activeElement.id") == mark.get_attribute("id")


def test_a_click_on_the_sentence_or_its_note_opens_and_closes_the_evidence(open_page: Opener) -> None:
    page = open_page()
    page.locator(".s.broken .u").first.click()
    assert page.locator(".evidence:visible").count() == 1
    page.get_by_role("button", name="Schließen").click()
    assert page.locator(".evidence:visible").count() == 0
    page.locator(".note.broken").first.click()
    assert page.locator(".evidence:visible").count() == 1
    page.locator(".note.broken").first.click()
    assert page.locator(".evidence:visible").count() == 0


def test_an_address_with_a_promise_opens_its_evidence(open_page: Opener) -> None:
    page = open_page(mark="#FB-60")
    assert page.locator(".evidence:visible .proof").first.get_attribute("data-id") == "FB-60"
    assert page.locator(".evidence:visible").count() == 1
    assert page.locator(":focus").get_attribute("aria-expanded") == "true"


def test_the_skip_link_comes_first_and_leads_to_the_text(open_page: Opener) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Zum Text springen"
    assert page.locator(":focus").bounding_box() is not None
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"


def test_what_has_the_focus_is_ringed_and_what_is_pressed_is_large_enough(open_page: Opener) -> None:
    page = open_page(width=360)
    tab_to(page, "button[data-verdict=broken]", limit=6)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    for box in page.locator("button.count:visible").evaluate_all("all => all.map(b => b.getBoundingClientRect())"):
        assert box["width"] >= 24
        assert box["height"] >= 24


def test_nothing_scrolls_sideways_even_with_every_evidence_open(open_page: Opener) -> None:
    page = open_page()
    page.evaluate("document.querySelectorAll('a.mark').forEach(mark => mark.click())")
    assert page.locator(".evidence:visible").count() > 100
    for width in (320, 360, 768, 1024, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_notes_stand_under_their_paragraph(open_page: Opener) -> None:
    page = open_page(width=360)
    boxes = page.locator("article .row:has(> p.col):has(.note)").evaluate_all(
        "rows => rows.map(r => [r.querySelector('p').getBoundingClientRect().bottom,"
        " r.querySelector('.note').getBoundingClientRect().top])"
    )
    assert boxes
    assert all(note >= text for text, note in boxes)


def test_on_a_desk_notes_stand_beside_their_line_and_never_on_each_other(open_page: Opener) -> None:
    page = open_page()
    notes = page.locator(".note:visible").evaluate_all(
        "all => all.map(n => { const s = document.querySelector(`.s[data-e='${n.dataset.e}']`).getClientRects()[0];"
        " const r = n.getBoundingClientRect(); return [r.top, r.bottom, r.left, s.top, s.right]; })"
    )
    assert len(notes) > 50
    bottom = 0.0
    for top, low, left, line, right in notes:
        assert left > right
        assert top >= bottom - 0.5
        assert top >= line - 0.5
        bottom = low
    beside = sum(abs(top - line) < 4 for top, _, _, line, _ in notes)
    assert beside / len(notes) > 0.6


def test_a_line_of_text_holds_65_to_75_characters(open_page: Opener) -> None:
    page = open_page()
    lengths = page.locator("article p.col").evaluate_all(
        """all => all.flatMap(p => {
          const range = document.createRange(), lines = new Map();
          const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            if (walker.currentNode.parentElement.closest('.vh, .ref')) continue;
            for (let i = 0; i < walker.currentNode.length; i++) {
              range.setStart(walker.currentNode, i); range.setEnd(walker.currentNode, i + 1);
              const box = range.getBoundingClientRect();
              if (!box.width) continue;
              const line = Math.round(box.bottom / 12);
              lines.set(line, (lines.get(line) || 0) + 1);
            }
          }
          return [...lines.values()].slice(0, -1);
        })"""
    )
    full = sorted(lengths)
    assert 65 <= full[len(full) // 2] <= 75


def test_a_page_read_later_tells_its_true_age(open_page: Opener) -> None:
    fresh = open_page()
    assert not fresh.locator(".aged").is_visible()
    assert fresh.locator(".note.broken time").first.inner_text() == "vor 2 Min."
    old = open_page(now="2026-11-28T13:05:10Z")
    assert old.locator(".aged").is_visible()
    assert old.locator(".note.broken time").first.inner_text() == "vor 4 Tagen"


def test_a_clock_that_runs_behind_does_not_make_evidence_younger(open_page: Opener) -> None:
    page = open_page(now="2026-11-20T00:00:00Z")
    assert page.locator(".note.broken time").first.inner_text() == "vor 2 Min."
    assert page.locator(".note.unproven time").first.inner_text() == "vor 9 Tagen"


def test_without_script_everything_can_still_be_read_and_reached(open_page: Opener) -> None:
    page = open_page(script=False)
    assert page.locator(".evidence:visible").count() == page.locator("a.mark").count()
    page.locator(".s.broken a.mark").first.click()
    target = page.locator(page.url[page.url.index("#") :])
    assert "gebrochen" in target.inner_text()


def test_print_numbers_the_evidence_of_all_that_is_broken_or_unproven(open_page: Opener) -> None:
    page = open_page()
    page.locator("button[data-verdict=kept]").press("Space")
    page.locator(".s.kept a.mark").first.click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    wanted = sum(p.verdict in {"broken", "unproven"} for p in sample.board().proofs)
    printed = page.locator(".proof:visible")
    assert printed.count() == wanted
    numbers = page.locator(".proof:visible .number").all_inner_texts()
    assert numbers == [str(i + 1) for i in range(wanted)]
    assert page.locator("#evidence .proof:visible").count() == wanted, "at the end, not in the text"
    assert page.locator(".ref:visible").all_inner_texts() == numbers
    assert page.locator("main .row:visible").count() == page.locator("main .row").count(), "nothing stays filtered"
    for hidden in (".state", ".close", ".skip", ".reset"):
        assert page.locator(f"{hidden}:visible").count() == 0


def test_hostile_words_do_not_run(open_page: Opener, folder: Path) -> None:
    bad = "\"'><img src=//evil.example/x onerror=alert(1)><script src=//evil.example/y></script>\u202e"
    board: Board = sample.board(title=bad, controller=bad, address=f"javascript:alert('{bad}')", findings=(bad,))
    write(folder / "bad.html", board, "de")
    page = open_page("bad")
    assert page.locator("h1").inner_text().startswith("Datenschutzerklärung")
    assert "<script src" in page.locator(".who").inner_text()
    assert page.locator("img").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
