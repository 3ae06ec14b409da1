"""Every page, in both themes and at phone width: no error, no fault that axe calls serious, no sideways scrolling."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.looking import axe_faults, overflow
from tests.browser.pages import PAGES
from tests.browser.site import Site

pytestmark = pytest.mark.engines
PHONE = 380


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_without_any_error_and_has_its_landmarks(name: str, site: Site, visit: OpenPage) -> None:
    page, watched = visit(PAGES[name](site))
    assert watched.status == 200
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == page.locator("header").count() == page.locator("nav").first.count() == 1
    assert page.title() not in ("", "Plumbline"), "a title says which page it is"
    page.wait_for_timeout(300)
    assert watched.troubles == []


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_serious_fault_in_either_theme(name: str, site: Site, visit: OpenPage) -> None:
    page, _ = visit(PAGES[name](site), theme="light")
    assert axe_faults(page) == [], "light"
    page.emulate_media(color_scheme="dark")
    assert axe_faults(page) == [], "dark"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_not_scroll_sideways_on_a_phone(name: str, site: Site, visit: OpenPage) -> None:
    page, _ = visit(PAGES[name](site), width=PHONE)
    assert overflow(page) == []
    for fold in page.locator("details:not([open]) > summary").all():
        if fold.is_visible():
            fold.click()
    assert overflow(page) == [], "with everything unfolded"
