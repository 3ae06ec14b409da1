"""Deciding about a regression in the browser, and whom the service does not let decide."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site

pytestmark = pytest.mark.engines
COMMIT = "4be1c0de" * 5


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


def test_a_maintainer_takes_a_regression_from_open_to_fixed_and_back(site: Site, visit: OpenPage) -> None:
    page, watched = visit(f"/regressions/{site.seeded.regression}")
    steps = (
        ("acknowledge", {"reason": "the new kernel rounds otherwise"}, "acknowledged"),
        ("assign", {"commit": COMMIT, "reason": "found by hand"}, "acknowledged"),
        ("fix", {"commit": COMMIT, "reason": "taken back"}, "fixed"),
        ("reopen", {"reason": "it is there again"}, "reopened"),
    )
    for action, typed, state in steps:
        form = page.locator(f"form[action$='/{action}']")
        for name, text in typed.items():
            form.locator(f"input[name={name}]").fill(text)
        form.get_by_role("button").click()
        expect(page.locator(".verdict .word")).to_have_text(state.capitalize())
        assert state_of(site) == state
        expect(page.locator("main table").last).to_contain_text(typed["reason"])
    expect(page.locator("dl.context")).to_contain_text(COMMIT[:8])
    assert watched.troubles == []


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
