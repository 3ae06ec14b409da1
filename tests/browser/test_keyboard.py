"""What can be done with a mouse can be done without one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

pytestmark = pytest.mark.engines
MOST_TABS = 80


def tab_to(page: Page, selector: str) -> int:
    """Press Tab until the focus is on what fits the selector, and see that the focus can be seen there."""
    for number in range(1, MOST_TABS + 1):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus cannot be seen on {selector}"
            return number
    raise AssertionError(f"{MOST_TABS} tabs do not lead to {selector}")


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
