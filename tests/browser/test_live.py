"""From the form to a real run on real engines, watched to its end on one page that is never loaded again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.browser.test_values import intervals

pytestmark = pytest.mark.engines
LONGEST_RUN_MS = 300_000
ITEMS = 24
"""Enough for several beats of the workers while they are asked."""

_NOTE_STEPS = """() => {
  window.same = true;
  window.steps = [];
  const text = (job, selector) => job.querySelector(selector)?.textContent.trim() ?? '';
  const note = () => {
    const run = document.querySelector('.verdict .word').textContent;
    for (const job of document.querySelectorAll('.job')) {
      const bar = job.querySelector('progress');
      window.steps.push({
        run, job: job.id, chip: text(job, '.chip'), figures: text(job, 'dl.numbers'),
        done: parseInt(text(job, 'dl.numbers dd')), bar: bar ? bar.value : null, most: bar ? bar.max : null,
      });
    }
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
    page.evaluate(_NOTE_STEPS)
    expect(page.locator("#live-state")).to_have_text("Live", timeout=15_000)
    word = page.locator(".verdict .word")
    expect(word).to_have_text(re.compile("Passed|Inconclusive"), timeout=LONGEST_RUN_MS)
    assert page.evaluate("window.same") is True, "the page was loaded again"
    steps = page.evaluate("window.steps")
    for job in {step["job"] for step in steps}:
        assert_seen_working([step for step in steps if step["job"] == job])
    expect(page.locator(".chip.partial").first).to_be_visible()
    expect(page.locator("tr.decides").first).to_contain_text("0.0 pp")
    run = site.service.run(page.url.rpartition("/")[2])
    assert run["state"] == "finished"
    assert watched.troubles == []


def assert_seen_working(steps: list[dict[str, Any]]) -> None:
    """See that a job's phases, counts, bar and share with its interval were shown while the run went on."""
    live = [step for step in steps if step["run"] == "Running" and step["bar"] is not None]
    assert {"Launching", "Evaluating"} <= {step["chip"] for step in live}
    counts = [step["done"] for step in live if step["chip"] == "Evaluating"]
    assert counts == sorted(counts)
    assert any(0 < count < ITEMS for count in counts), "the page shows no progress before the end"
    assert all(step["bar"] == step["done"] for step in live)
    assert {step["most"] for step in live if step["done"]} == {ITEMS}
    early = [step["figures"] for step in live if 0 < step["done"] < ITEMS]
    assert all(low <= value <= high for value, low, high in intervals(early))
    assert all(f"of {ITEMS} judged; no verdict" in figures for figures in early)
    assert (steps[-1]["chip"], steps[-1]["done"], steps[-1]["bar"]) == ("Succeeded", ITEMS, None)
