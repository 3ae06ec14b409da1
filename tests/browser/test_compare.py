"""Two runs held against each other in the browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.pages import PAGES
from tests.browser.seeding import APART, CHOICES
from tests.browser.site import Site
from tests.browser.test_values import intervals

pytestmark = pytest.mark.engines


def test_two_runs_stand_side_by_side_with_their_difference_and_their_flips(site: Site, visit: OpenPage) -> None:
    page, watched = visit(PAGES["compare"](site))
    cells = page.locator("tr.decides").first.locator("td.number:has(.interval)").all_inner_texts()
    left, right, difference = intervals(cells)
    assert difference[0] == pytest.approx(right[0] - left[0], abs=0.11)
    assert difference[0] < 0, "the damaged model class loses"
    for side, run in ((left, site.passed), (right, site.failed)):
        measured = site.service.report(run)["comparisons"][0]["candidate"]
        assert side == pytest.approx([100 * measured[name] for name in ("value", "low", "high")], abs=0.06)
    assert difference[1] <= difference[0] <= difference[2]
    items = page.locator("tr.decides").first.locator("td.number").first.inner_text()
    flips = page.locator("table.matrix").first.locator("td.number")
    both, only_right, only_left, neither = (int(text) for text in flips.all_inner_texts())
    assert both + only_right + only_left + neither == int(items)
    assert (only_right - only_left) / int(items) * 100 == pytest.approx(difference[0], abs=0.06)
    for place, count, chip in ((2, only_left, "Lost"), (1, only_right, "Gained")):
        flips.nth(place).locator("a").click()
        expect(page.locator("table.samples tbody tr")).to_have_count(count)
        assert page.locator("table.samples td:nth-child(2)").all_inner_texts() == [chip] * count
        page.go_back()
    assert watched.troubles == []


def test_an_item_with_choices_shows_each_sides_log_probabilities_and_which_is_most_probable(
    site: Site, visit: OpenPage
) -> None:
    page, watched = visit(PAGES["choices"](site))
    rows = page.locator("[aria-label='Log-probabilities of the choices'] tbody tr")
    shown = [[cell.replace("−", "-") for cell in row.locator("td").all_inner_texts()] for row in rows.all()]
    assert [row[0] for row in shown] == ["1", "2", "3", "4"]
    assert [float(row[1]) for row in shown] == pytest.approx(CHOICES[True])
    assert [float(row[2]) for row in shown] == pytest.approx([value - APART for value in CHOICES[True]])
    assert [float(row[3]) for row in shown] == pytest.approx([APART] * 4, abs=0.001)
    assert [row[4] for row in shown] == ["–", "candidate and baseline", "–", "–"]
    assert watched.troubles == []


def test_runs_are_chosen_and_swapped_and_the_address_says_which(site: Site, visit: OpenPage) -> None:
    page, _ = visit("/compare")
    expect(page.locator("main")).to_contain_text("Choose two runs")
    page.get_by_label("Left run").select_option(site.passed)
    page.get_by_label("Right run").select_option(site.failed)
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile(f"left={site.passed}.*right={site.failed}"))
    page.get_by_role("link", name="swap sides").click()
    expect(page).to_have_url(re.compile(f"left={site.failed}.*right={site.passed}"))


def test_what_cannot_be_compared_is_named(site: Site, visit: OpenPage) -> None:
    page, _ = visit(f"/compare?left={site.seeded.nights[-1]}&right={site.passed}")
    expect(page.locator("main")).to_contain_text("Not comparable")
    expect(page.locator("main")).to_contain_text("items differ")
    expect(page.locator("tr.decides").first).to_contain_text("not measured")
