"""Deciding about a regression in the browser, and whom the service does not let decide."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.seeding import ITEMS
from tests.browser.site import Site

pytestmark = pytest.mark.engines
BLAMED, MENDED = "4be1c0de" * 5, "f1c5ed00" * 5


def state_of(site: Site) -> str:
    with site.service.http as client:
        return str(client.get(f"/regressions/{site.seeded.regression}").json()["state"])


def form_key(page: Page) -> str:
    return str(page.locator(".who input[name=form_key]").get_attribute("value"))


def test_a_viewer_reads_the_regression_and_can_decide_nothing(site: Site, visit: OpenPage) -> None:
    before, path = state_of(site), f"/regressions/{site.seeded.regression}"
    page, watched = visit(path, role="viewer")
    expect(page.locator("main form")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("takes the role submitter")
    answer = page.request.post(
        f"{site.address}{path}/acknowledge", form={"form_key": form_key(page), "reason": "I am only looking"}
    )
    assert answer.status == 403
    assert state_of(site) == before
    assert watched.troubles == []


def test_a_form_of_another_sign_in_decides_nothing(site: Site, visit: OpenPage) -> None:
    before, path = state_of(site), f"/regressions/{site.seeded.regression}"
    stranger, _ = visit(path, role="viewer")
    page, _ = visit(path, role="maintainer")
    for form in ({"reason": "no key"}, {"reason": "another's key", "form_key": form_key(stranger)}):
        assert page.request.post(f"{site.address}{path}/acknowledge", form=form).status == 403
    assert state_of(site) == before


def last_entry(site: Site) -> dict[str, Any]:
    with site.service.http as client:
        entry: dict[str, Any] = client.get(f"/regressions/{site.seeded.regression}").json()["events"][-1]
    return entry


def test_a_maintainer_takes_a_regression_from_open_to_fixed_and_back(site: Site, visit: OpenPage) -> None:
    page, watched = visit(f"/regressions/{site.seeded.regression}")
    steps = (
        ("acknowledge", "", "the new kernel rounds otherwise", "acknowledged"),
        ("assign", BLAMED, "found by hand", "acknowledged"),
        ("fix", MENDED, "taken back", "fixed"),
        ("reopen", "", "it is there again", "reopened"),
    )
    for action, commit, reason, state in steps:
        form = page.locator(f"form[action$='/{action}']")
        for name, text in {"commit": commit, "reason": reason}.items():
            if text:
                form.locator(f"input[name={name}]").fill(text)
        form.get_by_role("button").click()
        expect(page.locator(".verdict .word")).to_have_text(state.capitalize())
        newest = page.locator("main table").last.locator("tbody tr").first
        for shown in ("mia", action, state.capitalize(), commit[:12], reason):
            expect(newest).to_contain_text(shown)
        said = last_entry(site)
        assert (said["actor"], said["action"], said["state"], said["commit"] or "", said["reason"]) == (
            "mia", action, state, commit, reason,
        )  # fmt: skip
        assert state_of(site) == state
    facts = page.locator("dl.context")
    expect(facts.locator("div", has_text="Assigned to")).to_contain_text(BLAMED[:12])
    expect(facts.locator("div", has_text="Fixed by")).to_contain_text(MENDED[:12])
    assert watched.troubles == []


def test_a_decision_is_seen_wherever_the_regression_stands(site: Site, visit: OpenPage) -> None:
    page, _ = visit(f"/regressions/{site.seeded.regression}")
    word = page.locator(".verdict .word").inner_text()
    for path in ("/regressions", f"/history/{quote(site.seeded.lineage, safe='')}", "/"):
        page.goto(site.address + path)
        here = page.locator("tr, li", has=page.locator(f"a[href='/regressions/{site.seeded.regression}']"))
        expect(here.locator(".chip").first).to_have_text(word)


def test_a_regression_leads_to_the_items_that_flipped_when_it_came(site: Site, visit: OpenPage) -> None:
    page, _ = visit(f"/regressions/{site.seeded.regression}")
    page.get_by_role("link", name="Items that flipped between them").click()
    expect(page.locator("h1")).to_contain_text(f"run {site.seeded.nights[44]} against {site.seeded.nights[43]}")
    flips = page.locator("table.samples td:nth-child(2)").all_inner_texts()
    assert set(flips) <= {"Lost", "Gained"}
    assert flips.count("Lost") - flips.count("Gained") == pytest.approx(0.12 * ITEMS, abs=4)


def test_a_decision_without_its_reason_is_not_sent_and_a_wrong_commit_is_refused_beside_its_field(
    site: Site, visit: OpenPage
) -> None:
    before = state_of(site)
    page, _ = visit(f"/regressions/{site.seeded.regression}")
    form = page.locator("form[action$='/acknowledge']")
    form.get_by_role("button").click()
    assert page.evaluate("() => document.activeElement.name") == "reason"
    form = page.locator("form[action$='/assign']")
    form.locator("input[name=commit]").fill("not a commit")
    form.get_by_role("button").click()
    expect(page.locator("form[action$='/assign'] [role=alert]")).to_be_visible()
    expect(page.locator("form[action$='/assign'] input[name=commit]")).to_have_value("not a commit")
    assert state_of(site) == before


def test_baselines_tell_who_accepted_what_and_a_viewer_cannot_demote(site: Site, visit: OpenPage) -> None:
    page, _ = visit("/baselines", role="viewer")
    expect(page.locator("main")).to_contain_text("quiet since three nights")
    expect(page.locator("main form[method=post]")).to_have_count(0)
    answer = page.request.post(
        f"{site.address}/baselines/demote",
        form={"form_key": form_key(page), "run": site.seeded.nights[30], "workload": "gsm8k", "reason": "no"},
    )
    assert answer.status == 403
