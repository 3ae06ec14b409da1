"""Take pictures of every page: `python -m tests.browser.pictures FOLDER`; PLUMBLINE_TEST_SITE as for the tests."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.looking import open_page
from tests.browser.pages import PAGES
from tests.browser.site import Site, chromium, engines_home, known_site, running_site

WIDTH, PHONE = 1240, 380
_TALLEST, _TALLEST_PHONE = 1500, 1100
_COLOURS = 128
_SETTLED_MS = 700
_BUSY = ("live", "queue", "hosts")
"""Pages that have something to show only while a run goes on; `live` is the run's own."""

_LIVE: dict[str, Any] = {"suite": "demo", "limit": 250, "use_cache": False}
_SHOWN_AFTER = 20
_HOMES = (Path("/srv/demo"), Path(tempfile.gettempdir()) / "plumbline")
"""Where the service of the pictures lives, because pages show the paths of models: the first that can be made."""


def take(site: Site, path: str, folder: Path, names: Sequence[str]) -> int:
    """Write a picture of each page in light, in dark and at phone width; return how many bytes they have."""
    quiet = {name: PAGES[name](site) for name in names if name not in _BUSY}
    written = _take(site, path, folder, quiet)
    wanted = [name for name in names if name in _BUSY]
    if wanted:
        with _busy(site) as run_id:
            pages = {name: f"/runs/{run_id}" if name == "live" else PAGES[name](site) for name in wanted}
            written += _take(site, path, folder, pages)
    return written


def _take(site: Site, path: str, folder: Path, pages: Mapping[str, str]) -> int:
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
            for name, address in pages.items():
                page.goto(site.address + address)
                if name == "submit":
                    _fill(page, site)
                page.wait_for_timeout(_SETTLED_MS)
                file = folder / f"{name}-{theme}.png"
                file.write_bytes(_small(_picture(page, width, tallest)))
                written += file.stat().st_size
            page.context.close()
        browser.close()
    return written


@contextmanager
def _busy(site: Site) -> Iterator[str]:
    """Let a run go on and another wait behind it, until the pictures are taken; give the first one's id."""
    service, model = site.service, str(site.service.model)
    runs = [service.submit(model=model, candidate={"engine": "sglang"}, **_LIVE)["id"] for _ in range(2)]
    try:
        service.wait(runs[0], lambda run: all(_answered(job) >= _SHOWN_AFTER for job in run["jobs"]))
        yield runs[0]
    finally:
        with service.http as client:
            for run_id in reversed(runs):
                client.post(f"/submissions/{run_id}/cancel").raise_for_status()
        for run_id in runs:
            service.finished(run_id)


def _answered(job: Mapping[str, Any]) -> int:
    return sum(one["done"] for one in job["progress"].values())


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
    """Return a picture with its most frequent colours alone, which are those of the page; others become the nearest."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    colours, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-counts)[:_COLOURS]]
    nearest = ((colours[:, None].astype(int) - kept[None]) ** 2).sum(axis=-1).argmin(axis=1)
    small = Image.fromarray(nearest[places].reshape(pixels.shape[:2]).astype(np.uint8), "P")
    small.putpalette(kept.tobytes())
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


@contextmanager
def _site() -> Iterator[Site]:
    if "PLUMBLINE_TEST_SITE" in os.environ:
        yield known_site(Path(os.environ["PLUMBLINE_TEST_SITE"]))
        return
    engines = engines_home()
    if engines is None:
        sys.exit("the engines are not installed: run `make engines`")
    home = _home()
    try:
        with running_site(home, engines) as site:
            yield site
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _home() -> Path:
    """Return the first folder that is not there and can be made; a service makes it."""
    for home in _HOMES:
        if not home.exists() and os.access(home.parent, os.W_OK):
            return home
    sys.exit(f"remove one of {', '.join(map(str, _HOMES))}, or name a running site with PLUMBLINE_TEST_SITE")


def main() -> None:
    """Take the pictures into the folder that the command names; of the pages that follow it, or of all."""
    path, folder = chromium(), Path(sys.argv[1])
    if path is None:
        sys.exit("no Chromium on the PATH: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with _site() as site:
        written = take(site, path, folder, sys.argv[2:] or (*PAGES, "live"))
    print(f"{written / 1e6:.1f} MB in {folder}")


if __name__ == "__main__":
    main()
