"""Everybody can use the board: contrast as painted, headings in order, names for everything that can be pressed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.samples import board_sample as sample

from kept.prove.page import render_page
from kept.texts import LANGUAGES, Lang, catalogue

pytestmark = pytest.mark.browser

TOO_FAINT = """() => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const over = (top, below) => { const a = top[3] ?? 1; return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a)); };
  const ground = (element) => {
    const above = [];
    for (let e = element; e; e = e.parentElement) above.unshift(parts(getComputedStyle(e).backgroundColor));
    const painted = above.filter((c) => c.length > 2 && (c[3] ?? 1) > 0);
    return painted.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const contrast = (...two) => {
    const [x, y] = two.map(light).sort((p, q) => q - p);
    return (x + .05) / (y + .05);
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest('.vh, .skip, script, style')) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const below = ground(element), ratio = contrast(over(parts(style.color), below), below);
    if (ratio < (size >= 24 || (bold && size >= 18.66) ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return bad;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("access")
    with pytest.MonkeyPatch.context() as patch:
        sample.with_sample_texts(patch)
        for lang in LANGUAGES:
            (made / f"{lang}.html").write_text(render_page(sample.board(), lang), "utf-8")
    catalogue.cache_clear()
    return made


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    opened = context.new_page()
    opened.goto((folder / "de.html").as_uri())
    yield opened
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_word_as_painted_has_the_contrast_readers_need(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate(TOO_FAINT) == []
    page.locator("button[data-verdict=broken]").press("Space")
    assert page.evaluate(TOO_FAINT) == [], "while filtered"
    page.locator("button.reset").press("Space")
    page.evaluate("document.querySelectorAll('a.mark').forEach(mark => mark.click())")
    assert page.evaluate(TOO_FAINT) == [], "with every evidence open"


def test_print_is_as_dark_as_it_must_be(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.evaluate(TOO_FAINT) == []


def test_headings_go_down_one_level_at_a_time_from_a_single_first(page: Page) -> None:
    levels = page.locator(":is(h1, h2, h3, h4):visible").evaluate_all("all => all.map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_that_can_be_pressed_has_a_name_and_no_name_twice(page: Page, folder: Path, lang: Lang) -> None:
    page.goto((folder / f"{lang}.html").as_uri())
    marks = page.get_by_role("button").evaluate_all("all => all.map(b => b.textContent.trim().replace(/\\s+/g, ' '))")
    assert len(marks) > 100
    assert all(marks)
    named = page.locator("a.mark .vh").all_inner_texts()
    assert len(named) == len(set(named))
    held = "all => all.every(b => document.getElementById(b.getAttribute('aria-controls')))"
    assert page.locator("[aria-controls]").evaluate_all(held)


def test_landmarks_and_tables_are_what_they_say(page: Page) -> None:
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    assert page.locator("svg:not([aria-hidden=true])").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("[tabindex]").evaluate_all("all => all.every(e => e.tabIndex <= 0)"), "the order is the text's"


def test_text_may_be_twice_as_large_without_sideways_scrolling(page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
