"""Signing in with a token in a browser, being refused, and signing out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.looking import COOKIE
from tests.browser.site import Site

pytestmark = pytest.mark.engines


def test_a_stranger_is_led_to_the_sign_in_and_after_it_to_the_page_that_was_asked_for(
    site: Site, visit: OpenPage
) -> None:
    page, watched = visit("/queue", role=None)
    assert page.url.endswith("/sign-in?next=%2Fqueue")
    page.get_by_label("Token").fill(site.tokens["viewer"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.address}/queue")
    expect(page.locator("header")).to_contain_text("vera, viewer")
    (cookie,) = [one for one in page.context.cookies() if one["name"] == COOKIE]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert page.evaluate("document.cookie") == ""
    assert watched.troubles == []


@pytest.mark.parametrize("token", ["plb_t1_nothing", "<script>alert(1)</script>", " "])
def test_a_wrong_token_is_refused_with_words_and_gives_no_cookie(token: str, visit: OpenPage) -> None:
    page, watched = visit("/sign-in", role=None)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown or was revoked")
    assert [one for one in page.context.cookies() if one["name"] == COOKIE] == []
    assert [one for one in watched.troubles if "401" not in one] == []
    page.goto(page.url.partition("/sign-in")[0] + "/runs")
    assert "/sign-in" in page.url


def test_whoever_signs_out_is_a_stranger_again(site: Site, visit: OpenPage) -> None:
    page, _ = visit("/sign-in", role=None)
    page.get_by_label("Token").fill(site.tokens["viewer"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    page.goto(f"{site.address}/runs")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2Fruns"))
