"""Take pictures of every page: `python -m tests.browser.pictures FOLDER`; PLUMBLINE_TEST_SITE as for the tests."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.looking import open_page
from tests.browser.pages import PAGES
from tests.browser.site import Site, chromium, engines_home, known_site, running_site

WIDTH, PHONE = 1240, 380
_TALLEST, _TALLEST_PHONE = 1500, 1100
_COLOURS = 64
_SETTLED_MS = 700


def take(site: Site, path: str, folder: Path, names: Sequence[str]) -> int:
    """Write a picture of each page in light, in dark and at phone width; return how many bytes they have."""
    written = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        for theme, width, tallest in (
            ("light", WIDTH, _TALLEST),
            ("dark", WIDTH, _TALLEST),
            ("phone", PHONE, _TALLEST_PHONE),
        ):
            cookie = site.cookie("maintainer")
            scheme = "dark" if theme == "dark" else "light"
            page = open_page(browser, site.address, cookie=cookie, width=width, theme=scheme)
            for name in names:
                page.goto(site.address + PAGES[name](site))
                if name == "submit":
                    _fill(page, site)
                page.wait_for_timeout(_SETTLED_MS)
                file = folder / f"{name}-{theme}.png"
                file.write_bytes(_small(_picture(page, width, tallest)))
                written += file.stat().st_size
            page.context.close()
        browser.close()
    return written


def _fill(page: Page, site: Site) -> None:
    """Ask for something, so that the check has something to say."""
    page.get_by_label("Model", exact=True).fill(str(site.service.model))
    page.get_by_label("Limit").fill("100")
    page.keyboard.press("Tab")
    page.locator("#answer", has_text="curl").wait_for()
    page.evaluate("() => window.scrollTo(0, 0)")


def _picture(page: Page, width: int, tallest: int) -> bytes:
    height = page.evaluate("() => Math.ceil(document.documentElement.getBoundingClientRect().height)")
    page.set_viewport_size({"width": width, "height": min(tallest, max(500, int(height)))})
    picture = page.screenshot(animations="disabled")
    page.set_viewport_size({"width": width, "height": 900})
    return picture


def _small(picture: bytes) -> bytes:
    """Return a picture with few colours, which is what pages have."""
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


@contextmanager
def _site() -> Iterator[Site]:
    if "PLUMBLINE_TEST_SITE" in os.environ:
        yield known_site(Path(os.environ["PLUMBLINE_TEST_SITE"]))
        return
    engines = engines_home()
    if engines is None:
        sys.exit("the engines are not installed: run `make engines`")
    with tempfile.TemporaryDirectory() as folder, running_site(Path(folder) / "home", engines) as site:
        yield site


def main() -> None:
    """Take the pictures into the folder that the command names; of the pages that follow it, or of all."""
    path, folder = chromium(), Path(sys.argv[1])
    if path is None:
        sys.exit("no Chromium on the PATH: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with _site() as site:
        written = take(site, path, folder, sys.argv[2:] or tuple(PAGES))
    print(f"{written / 1e6:.1f} MB in {folder}")


if __name__ == "__main__":
    main()
