"""Whatever a model says is shown as text: nothing runs, nothing is fetched, nothing hangs."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.hostile import BACKWARDS, HOSTILE_TEXTS, LONG, SCRIPT
from tests.browser.looking import Watched, overflow
from tests.browser.site import Site

pytestmark = pytest.mark.engines
PATIENCE_S = 5
_LONG, _BACKWARDS = (HOSTILE_TEXTS.index(text) for text in (LONG, BACKWARDS))
_INJECTED = ", ".join(
    (
        "main script:not([src])",
        "main iframe",
        "main style",
        "[onerror]",
        "[src*=outside]",
        "[href^=javascript]",
        "[hx-get*=outside]",
    )
)
_MIXED_UP = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  const isolates = (style) => /isolate|plaintext/.test(style.unicodeBidi);
  while (texts.nextNode()) {
    const text = texts.currentNode.data;
    if (!/[\\u202e\\u2067]/.test(text)) continue;
    let around = texts.currentNode.parentElement, style = getComputedStyle(around);
    while (style.display === 'inline' && !isolates(style)) style = getComputedStyle(around = around.parentElement);
    const apart = style.display === 'inline' || around.matches('pre, [dir=auto]');
    if (!apart && around.textContent.trim() !== text.trim()) found.push(around.outerHTML.slice(0, 200));
  }
  return found;
}"""
"""Where text that turns direction shares a line with other text and nothing holds it apart."""


def assert_harmless(page: Page, watched: Watched) -> None:
    begun = time.monotonic()
    assert page.evaluate("() => new Promise((done) => requestAnimationFrame(() => done(1 + 1)))") == 2
    assert time.monotonic() - begun < PATIENCE_S, "the page hangs"
    assert watched.troubles == []
    assert page.locator(_INJECTED).count() == 0
    assert page.locator("h1").count() == 1
    assert "owned" not in page.title()
    assert page.locator("header").is_visible()


@pytest.mark.parametrize("item", range(len(HOSTILE_TEXTS)))
def test_a_hostile_answer_is_shown_as_text_and_does_nothing(item: int, site: Site, visit: OpenPage) -> None:
    page, watched = visit(f"/runs/{site.seeded.hostile}/samples/gsm8k/{item}", width=380)
    assert watched.status == 200
    page.wait_for_timeout(200)
    assert_harmless(page, watched)
    assert SCRIPT in page.locator("main").inner_text(), "the question is there, as it was put"
    assert overflow(page) == []
    assert len(page.content()) < 400_000, "no page is as long as the longest answer"


def test_a_long_answer_can_be_had_whole_as_plain_text_that_no_browser_runs(site: Site, visit: OpenPage) -> None:
    page, _ = visit(f"/runs/{site.seeded.hostile}/samples/gsm8k/{_LONG}")
    link = page.locator("a[href*='candidate.txt']").first
    answer = page.request.get(site.address + str(link.get_attribute("href")))
    assert answer.text().strip() == LONG.strip()
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/runs/{0}", "/runs/{0}/samples", "/runs/{1}", "/runs?tag=hostile", "/compare?left={0}&right={1}", "/"]
)
def test_lists_and_reports_of_hostile_texts_are_harmless(path: str, site: Site, visit: OpenPage) -> None:
    page, watched = visit(path.format(site.seeded.hostile, site.seeded.broken), width=380)
    assert watched.status == 200
    page.wait_for_timeout(200)
    assert_harmless(page, watched)
    assert overflow(page) == []


@pytest.mark.parametrize("path", ["/runs/{0}/samples", "/runs/{0}/samples/gsm8k/" + str(_BACKWARDS), "/runs/{1}"])
def test_text_from_right_to_left_turns_nothing_else_round(path: str, site: Site, visit: OpenPage) -> None:
    page, _ = visit(path.format(site.seeded.hostile, site.seeded.broken))
    text = page.locator("main").text_content() or ""
    assert any(mark in text for mark in ("\u202e", "⟨U+202E⟩", "\ufffd")), "the mark is there, or what stands for it"
    assert page.evaluate(_MIXED_UP) == []
