"""From the form to a real run on real engines, watched to its end on one page that is never loaded again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

pytestmark = pytest.mark.engines
LONGEST_RUN_MS = 300_000
ITEMS = 8
_NOTE_WORDS = """() => {
  window.same = true;
  window.seen = new Set();
  const note = () => {
    for (const one of document.querySelectorAll('.job .chip')) window.seen.add(one.textContent.trim());
    for (const one of document.querySelectorAll('.job dd')) window.seen.add(one.textContent.trim());
  };
  note();
  new MutationObserver(note).observe(document.getElementById('main'), { childList: true, subtree: true });
}"""


def fill(page: Page, site: Site) -> None:
    page.get_by_label("Model", exact=True).fill(str(site.service.model))
    page.get_by_label("Suite", exact=True).select_option("demo")
    page.get_by_label("Engine", exact=True).select_option("hf")
    page.get_by_label("Held against").select_option("hf")
    page.get_by_label("Limit").fill(str(ITEMS))
    page.get_by_label("Ask everything anew").check()


def test_the_form_checks_as_one_types_and_shows_the_commands_that_do_the_same(site: Site, visit: OpenPage) -> None:
    page, watched = visit("/submit", role="submitter")
    fill(page, site)
    answer = page.locator("#answer")
    expect(answer).to_contain_text("curl", timeout=15_000)
    expect(answer).to_contain_text(f"--limit {ITEMS}")
    page.get_by_label("Limit").fill("-3")
    page.keyboard.press("Tab")
    trouble = page.locator("#limit-trouble")
    expect(trouble).to_be_visible(timeout=15_000)
    assert page.get_by_label("Limit").get_attribute("aria-invalid") == "true"
    assert watched.troubles == []


def test_a_viewer_cannot_submit(site: Site, visit: OpenPage) -> None:
    page, _ = visit("/submit", role="viewer")
    expect(page.get_by_role("button", name="Submit")).to_be_disabled()
    key = page.locator(".who input[name=form_key]").get_attribute("value")
    form = {"form_key": str(key), "model": str(site.service.model), "suite": "demo", "engine": "hf", "baseline": "hf"}
    assert page.request.post(f"{site.address}/submit", form=form | {"do": "submit"}).status == 403


def test_a_run_submitted_with_the_form_is_seen_live_to_its_end_without_a_reload(site: Site, visit: OpenPage) -> None:
    page, watched = visit("/submit", role="submitter")
    fill(page, site)
    page.get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/r[0-9a-z]+$"))
    page.evaluate(_NOTE_WORDS)
    expect(page.locator("#live-state")).to_have_text("Live", timeout=15_000)
    word = page.locator(".verdict .word")
    expect(word).to_have_text(re.compile("Passed|Inconclusive"), timeout=LONGEST_RUN_MS)
    assert page.evaluate("window.same") is True, "the page was loaded again"
    seen = page.evaluate("[...window.seen]")
    assert {"launching", "evaluating"} <= set(seen)
    assert f"{ITEMS} of {ITEMS}" in " ".join(seen)
    expect(page.locator(".chip.partial").first).to_be_visible()
    expect(page.locator("tr.decides").first).to_contain_text("0.0 pp")
    run = site.service.run(page.url.rpartition("/")[2])
    assert run["state"] == "finished"
    assert watched.troubles == []
