"""Honest figures: an interval that holds the value stands beside each, and what is partial is called so."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.pages import PAGES
from tests.browser.site import Site

pytestmark = pytest.mark.engines
_NUMBER = r"[−+-]?\d+(?:\.\d+)?"
_WITH_INTERVAL = re.compile(rf"({_NUMBER})\s*(?:%|pp)\s*\[({_NUMBER}), ({_NUMBER})\]")


def intervals(texts: Iterable[str]) -> list[tuple[float, float, float]]:
    """Return (value, low, high) of every text, each of which must be a value with its interval."""
    found = []
    for text in texts:
        match = _WITH_INTERVAL.search(text.replace("\n", " "))
        assert match is not None, f"no value with an interval: {text!r}"
        value, low, high = (float(one.replace("−", "-")) for one in match.groups())
        found.append((value, low, high))
    return found


def test_each_value_of_the_overview_lies_in_the_interval_beside_it(visit: OpenPage) -> None:
    page, _ = visit("/?engine=sglang")
    found = intervals(page.locator(".matrix .measured").all_inner_texts())
    assert len(found) >= 3
    assert all(low <= value <= high for value, low, high in found)
    assert all(high > low for _, low, high in found)


@pytest.mark.parametrize("name", ["passed", "failed"])
def test_the_run_shows_both_values_and_the_difference_with_intervals(name: str, site: Site, visit: OpenPage) -> None:
    page, _ = visit(f"/runs/{getattr(site, name)}")
    cells = page.locator("tr.decides").first.locator("td.number:has(.interval)")
    ours, theirs, difference = intervals(cells.all_inner_texts())
    assert all(low <= value <= high for value, low, high in (ours, theirs, difference))
    assert difference[0] == pytest.approx(ours[0] - theirs[0], abs=0.11)
    flipped = site.service.report(getattr(site, name))["comparisons"][0]
    assert difference[0] == pytest.approx(100 * flipped["difference"], abs=0.06)


def test_a_run_of_some_items_is_called_partial_wherever_it_stands(site: Site, visit: OpenPage) -> None:
    for path in ("/?engine=sglang", "/runs", f"/runs/{site.passed}"):
        page, _ = visit(path)
        assert page.locator(".chip.partial").count() >= 1, path


@pytest.mark.parametrize("name", PAGES)
def test_numbers_in_columns_stand_to_the_right_with_figures_of_one_width(
    name: str, site: Site, visit: OpenPage
) -> None:
    page, _ = visit(PAGES[name](site))
    styles = page.locator("td.number").evaluate_all(
        "(cells) => cells.map((cell) => [getComputedStyle(cell).textAlign, getComputedStyle(cell).fontVariantNumeric])"
    )
    assert {tuple(style) for style in styles} <= {("right", "tabular-nums")}
