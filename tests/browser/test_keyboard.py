"""What can be done with a mouse can be done without one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.pages import PAGES
from tests.browser.site import Site

pytestmark = pytest.mark.engines
MOST_TABS = 80


_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  if (one === document.body) return null;
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  const place = [...document.querySelectorAll('*')].indexOf(one), top = one.getBoundingClientRect().top + scrollY;
  return { name: one.id || one.name || one.textContent.trim().slice(0, 40), place, top, seen };
}"""
_CONTROLS = """() => {
  const all = [...document.querySelectorAll('*')];
  return all.filter((one) => one.matches('main form :is(input, select, textarea, button)') && one.type !== 'hidden'
    && !one.disabled && one.checkVisibility({ contentVisibilityAuto: true })).map((one) => all.indexOf(one));
}"""


def tab_to(page: Page, selector: str) -> int:
    """Press Tab until the focus is on what fits the selector, and see that the focus can be seen there."""
    for number in range(1, MOST_TABS + 1):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            assert page.evaluate(_FOCUSED)["seen"], f"the focus cannot be seen on {selector}"
            return number
    raise AssertionError(f"{MOST_TABS} tabs do not lead to {selector}")


def stops(page: Page) -> list[dict[str, Any]]:
    """Return where Tab leads, from the page's beginning until it leaves the page."""
    found: list[dict[str, Any]] = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop is None or (len(found) > 1 and stop["place"] == found[0]["place"]):
            return found
        found.append(stop)
    raise AssertionError(f"after {MOST_TABS} tabs the focus is still on {found[-1]['name']}: a trap")


def assert_in_order(found: list[dict[str, Any]]) -> None:
    """See that the focus can be seen at each stop, and that stops follow each other as the page is read."""
    assert [stop["name"] for stop in found if not stop["seen"]] == [], "the focus cannot be seen"
    places = [stop["place"] for stop in found]
    assert places == sorted(set(places)), "Tab jumps about, or stays"


def test_the_first_tab_leads_past_the_navigation(visit: OpenPage) -> None:
    page, _ = visit("/runs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_filters_and_rows_of_runs_are_reached_and_used(site: Site, visit: OpenPage) -> None:
    page, _ = visit("/runs")
    tab_to(page, "select[name=verdict]")
    page.keyboard.type("passed")
    tab_to(page, "button[type=submit]:not(.who button)")
    page.keyboard.press("Enter")
    expect(page.locator("#results tbody .chip.fail")).to_have_count(0)
    tab_to(page, "#results td.words a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.address}/runs/r*")


@pytest.mark.parametrize("name", ["submit", "regression", "baselines", "compare", "samples"])
def test_tab_leads_through_a_page_in_the_order_of_reading_and_out_of_it(name: str, site: Site, visit: OpenPage) -> None:
    page, _ = visit(PAGES[name](site))
    found = stops(page)
    assert_in_order(found)
    missed = set(page.evaluate(_CONTROLS)) - {stop["place"] for stop in found}
    assert missed == set(), "a control that Tab does not reach"


def test_the_form_is_filled_and_checked_without_a_mouse(site: Site, visit: OpenPage) -> None:
    page, watched = visit("/submit", role="submitter")
    for field, typed in (("model", str(site.service.model)), ("suite", "demo"), ("engine", "hf"), ("baseline", "hf")):
        tab_to(page, f"#{field}")
        page.keyboard.type(typed)
    tab_to(page, "#limit")
    page.keyboard.type("5")
    tab_to(page, "#no_cache")
    page.keyboard.press("Space")
    tab_to(page, "button[value=submit]")
    tab_to(page, "button[value=check]")
    page.keyboard.press("Enter")
    commands = page.locator("#answer pre")
    expect(commands.first).to_contain_text("--limit 5")
    for word in ("--engine hf", "--baseline hf", "--suite demo", "--no-cache"):
        expect(commands.first).to_contain_text(word)
    expect(page.locator("#model")).to_have_value(str(site.service.model))
    assert watched.troubles == []


def test_what_the_form_refuses_is_reached_and_mended_without_a_mouse(site: Site, visit: OpenPage) -> None:
    page, _ = visit("/submit", role="submitter")
    tab_to(page, "#model")
    page.keyboard.type(str(site.service.model))
    tab_to(page, "#limit")
    page.keyboard.type("-3")
    tab_to(page, "button[value=check]")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "#check-troubles a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "limit"
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("3")
    tab_to(page, "button[value=check]")
    page.keyboard.press("Space")
    expect(page.locator("#answer pre").first).to_contain_text("--limit 3")


def test_a_regression_is_acknowledged_fixed_and_reopened_without_a_mouse(site: Site, visit: OpenPage) -> None:
    page, watched = visit(PAGES["regression"](site))
    word = page.locator(".verdict .word")
    tab_to(page, "#acknowledge-reason")
    page.keyboard.type("seen, by hand")
    page.keyboard.press("Enter")
    expect(word).to_have_text("Acknowledged")
    tab_to(page, "#fix-commit")
    page.keyboard.type("no commit")
    page.keyboard.press("Enter")
    expect(page.locator("#fix-commit-trouble")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "fix-commit", "the focus is on what was refused"
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("f1c5" * 10)
    page.keyboard.press("Tab")
    page.keyboard.type("taken back, by hand")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(word).to_have_text("Fixed")
    tab_to(page, "#reopen-reason")
    page.keyboard.type("there again, by hand")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(word).to_have_text("Reopened")
    said = page.locator("main table").last.locator("tbody tr td:last-child").all_inner_texts()
    assert said[:3] == ["there again, by hand", "taken back, by hand", "seen, by hand"]
    assert [one for one in watched.troubles if "422" not in one] == []
