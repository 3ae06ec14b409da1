"""Fixtures over a real Chromium and one real service for all tests here; what is missing is said, and they skip."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.looking import Watched, open_page, watch
from tests.browser.site import Site, chromium, engines_home, known_site, running_site

OpenPage = Callable[..., tuple[Page, Watched]]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The installed Chromium; playwright's own download is not used."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on the PATH: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def site(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service, with results of both real engines on the demo model.

    PLUMBLINE_TEST_SITE: the home of one that runs already, as `python -m tests.browser.site HOME` leaves it.
    """
    if "PLUMBLINE_TEST_SITE" in os.environ:
        yield known_site(Path(os.environ["PLUMBLINE_TEST_SITE"]))
        return
    engines = engines_home()
    if engines is None:
        pytest.skip("the engines are not installed: run `make engines`")
    with running_site(tmp_path_factory.mktemp("browser") / "home", engines) as site:
        yield site


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A Chromium; one a file, because playwright keeps an event loop that tests with one of their own cannot share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Open pages as somebody with a role: `visit("/queue", role="viewer")`; nobody signed in with role None."""
    contexts = []

    def opened(
        path: str, *, role: str | None = "maintainer", width: int = 1280, theme: str = "light"
    ) -> tuple[Page, Watched]:
        cookie = site.cookie(role) if role else None
        page = open_page(browser, site.address, cookie=cookie, width=width, theme=theme)
        contexts.append(page.context)
        watched = watch(page, site.address)
        watched.answered(page.goto(site.address + path))
        return page, watched

    yield opened
    for context in contexts:
        context.close()
