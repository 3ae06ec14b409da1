"""Look at pages as a browser does: what went wrong on them, and what axe says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, Response

AXE = Path(__file__).with_name("vendor") / "axe-core" / "axe.min.js"
HEIGHT = 900
PATIENCE_MS = 30_000
COOKIE = "plumbline_session"


@dataclass(kw_only=True)
class Watched:
    """What a page did that it should not: errors on the console (refusals by its policy among them), dialogs, requests
    to other places, requests that failed."""

    troubles: list[str] = field(default_factory=list)
    status: int | None = None

    def answered(self, response: Response | None) -> None:
        """Note how the page itself was answered."""
        self.status = response.status if response is not None else None


def open_page(browser: Browser, address: str, *, cookie: str | None, width: int, theme: str) -> Page:
    """Return a page of a new context, signed in by a cookie if one is given."""
    context = browser.new_context(viewport={"width": width, "height": HEIGHT}, color_scheme=theme, locale="en-GB")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    if cookie is not None:
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
    return context.new_page()


def watch(page: Page, address: str) -> Watched:
    """Note from now on what a page does wrong."""
    watched = Watched()
    note = watched.troubles.append

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            note(f"console: {message.text}")

    def asked(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            note(f"request to {request.url}")

    def dialog(shown: Dialog) -> None:
        note(f"dialog: {shown.message}")
        shown.dismiss()

    page.on("console", said)
    page.on("pageerror", lambda error: note(f"script: {error}"))
    page.on("request", asked)
    page.on("dialog", dialog)
    page.on("popup", lambda other: note(f"popup: {other.url}"))
    return watched


@lru_cache(maxsize=1)
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def axe_faults(page: Page) -> list[str]:
    """Return the serious and critical faults that axe finds, each with the elements that have it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"][:5]
    ]


def overflow(page: Page) -> list[str]:
    """Return what makes a page wider than its window: nothing where all fits."""
    wide: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
          const boxed = (element) => {
            for (let one = element.parentElement; one; one = one.parentElement)
              if (!['visible', 'clip'].includes(getComputedStyle(one).overflowX)) return true;
            return false;
          };
          const wide = [...document.querySelectorAll('body *')].filter(
            (one) => one.getBoundingClientRect().right > width + 0.5 && !boxed(one));
          return ['page: ' + document.documentElement.scrollWidth + ' px'].concat(
            wide.slice(0, 8).map((one) => one.outerHTML.slice(0, 120)));
        }"""
    )
    return wide
