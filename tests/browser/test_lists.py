"""Lists: filters stand in the address and decide which rows are shown."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

pytestmark = pytest.mark.engines


def test_a_filter_of_runs_changes_rows_and_address_without_a_reload_and_back_undoes_it(
    site: Site, visit: OpenPage
) -> None:
    page, watched = visit("/runs")
    page.evaluate("window.same = true")
    rows = page.locator("#results tbody tr")
    before = rows.count()
    page.get_by_label("Verdict").select_option("fail")
    expect(page).to_have_url(re.compile(r"[?&]verdict=fail"))
    expect(page.locator("#results tbody .chip.pass")).to_have_count(0)
    expect(rows).not_to_have_count(0)
    assert rows.count() <= before
    assert page.evaluate("window.same") is True
    chips = page.locator("#results tbody td:first-child > .chip").all_inner_texts()
    assert {chip.strip() for chip in chips} == {"Failed"}
    page.reload()
    assert page.get_by_label("Verdict").input_value() == "fail"
    assert page.locator("#results tbody td:first-child > .chip").all_inner_texts() == chips
    page.go_back()
    expect(page).to_have_url(f"{site.address}/runs")
    expect(rows).to_have_count(before)
    assert watched.troubles == []


def test_a_filter_that_fits_nothing_says_so_and_how_to_go_on(visit: OpenPage) -> None:
    page, _ = visit("/runs")
    page.locator("input[name=model]").fill("no such model")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"model=no(\+|%20)such(\+|%20)model"))
    expect(page.locator("#results")).to_contain_text("No run fits")
    expect(page.locator("#results").get_by_role("link")).to_have_count(1)


def test_older_runs_are_a_page_away_and_none_is_shown_twice(visit: OpenPage) -> None:
    page, _ = visit("/runs")
    links = page.locator("#results tbody td.words a")
    newest = [link.get_attribute("href") for link in links.all()]
    page.get_by_role("link", name="Older runs").click()
    expect(page.get_by_role("link", name="Newest")).to_be_visible()
    older = [link.get_attribute("href") for link in links.all()]
    assert older
    assert not set(newest) & set(older)


def test_the_overview_shows_the_regression_first_and_filters_its_matrix(site: Site, visit: OpenPage) -> None:
    page, watched = visit("/?engine=sglang")
    assert page.locator("h2").first.inner_text() == "Open regressions"
    regression = page.locator(f'a[href="/regressions/{site.seeded.regression}"]')
    expect(regression).to_have_count(1)
    expect(page.locator(".matrix tbody tr")).not_to_have_count(0)
    page.get_by_role("searchbox", name="Tag").fill("nightly")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("tag=nightly"))
    expect(page.locator(".matrix tbody .chip.partial")).to_have_count(0)
    expect(page.locator(".matrix tbody .measured")).to_have_count(2)
    page.locator("input[name=model]").fill("no such model")
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_contain_text("No lineage fits")
    assert watched.troubles == []
