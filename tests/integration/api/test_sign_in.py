"""Browsers sign in with a token; no other site can act for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.browser import COOKIE
from db.session import transaction
from db.tables import BrowserSession, Token
from db.tokens import TokenRole, revoke_token
from tests.integration.api.world import token_of

HTML = {"Accept": "text/html"}


@pytest.fixture
def browser(client_as: Callable[[TokenRole | None], TestClient]) -> TestClient:
    client = client_as(None)
    client.headers.update(HTML)
    return client


def sign_in(browser: TestClient, token: str, **more: str) -> None:
    answer = browser.post("/sign-in", data={"token": token, **more}, follow_redirects=False)
    assert answer.status_code == 303


def form_key_on(browser: TestClient) -> str:
    page = browser.get("/").text
    return page.split('name="form_key" value="')[1].split('"')[0]


def test_a_stranger_is_led_to_the_sign_in_and_back(browser: TestClient) -> None:
    answer = browser.get("/?state=failed", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2F%3Fstate%3Dfailed")
    page = browser.get(answer.headers["location"]).text
    assert 'name="next" value="/?state=failed"' in page
    back = browser.post(
        "/sign-in", data={"token": token_of(TokenRole.VIEWER), "next": "/?state=failed"}, follow_redirects=False
    )
    assert back.headers["location"] == "/?state=failed"
    assert "Sign out" in browser.get("/").text


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_stored_as_a_hash(browser: TestClient) -> None:
    answer = browser.post("/sign-in", data={"token": token_of(TokenRole.VIEWER)}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    secret = browser.cookies[COOKIE]
    with transaction() as session:
        stored = session.scalars(select(BrowserSession.secret_sha256)).all()
    assert stored
    assert all(secret not in one for one in stored)


@pytest.mark.parametrize("token", ["plb_x_y", "", "hello", "x" * 400])
def test_a_wrong_token_is_refused_with_the_reason(browser: TestClient, token: str) -> None:
    answer = browser.post("/sign-in", data={"token": token})
    assert answer.status_code in (401, 422)
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize(
    "path", ["//evil.example", "//[", "http://[", "https://evil.example/", "/\\evil.example", "evil", "/a\nb"]
)
def test_no_sign_in_leads_to_another_site(browser: TestClient, path: str) -> None:
    answer = browser.post("/sign-in", data={"token": token_of(TokenRole.VIEWER), "next": path}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_a_page_that_cannot_be_an_address_is_asked_for_in_vain(browser: TestClient) -> None:
    assert 'name="next" value="/"' in browser.get("/sign-in", params={"next": "//["}).text
    assert browser.get("/sign-in", headers={"Origin": "http://["}).status_code == 200


def test_signing_out_ends_the_sign_in_itself(browser: TestClient) -> None:
    sign_in(browser, token_of(TokenRole.VIEWER))
    secret = browser.cookies[COOKIE]
    answer = browser.post("/sign-out", data={"form_key": form_key_on(browser)}, follow_redirects=False)
    assert answer.status_code == 303
    browser.cookies.set(COOKIE, secret)
    assert browser.get("/", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("key", ["", "0" * 64])
def test_a_form_of_another_page_signs_nobody_out(browser: TestClient, key: str) -> None:
    sign_in(browser, token_of(TokenRole.VIEWER))
    assert browser.post("/sign-out", data={"form_key": key}).status_code == 403
    assert "Sign out" in browser.get("/").text


@pytest.mark.parametrize(
    "header",
    [{"Origin": "https://evil.example"}, {"Origin": "http://["}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_what_another_site_sends_is_refused(browser: TestClient, header: dict[str, str]) -> None:
    token = token_of(TokenRole.SUBMITTER)
    assert browser.post("/sign-in", data={"token": token}, headers=header).status_code == 403
    sign_in(browser, token)
    key = form_key_on(browser)
    assert browser.post("/sign-out", data={"form_key": key}, headers=header).status_code == 403


def test_the_api_takes_a_cookie_to_read_and_a_key_beside_it_to_write(browser: TestClient) -> None:
    sign_in(browser, token_of(TokenRole.SUBMITTER))
    assert browser.get("/api/v1/submissions").status_code == 200
    body = {"model": "nowhere", "candidate": {"engine": "no-such"}, "suite": "demo"}
    assert browser.post("/api/v1/submissions", json=body).status_code == 403
    key = form_key_on(browser)
    assert browser.post("/api/v1/submissions", json=body, headers={"X-Form-Key": key}).status_code == 422


def test_a_revoked_token_ends_its_sign_ins(browser: TestClient) -> None:
    text = token_of(TokenRole.VIEWER)
    sign_in(browser, text)
    with transaction() as session:
        newest = session.scalars(select(Token.id).order_by(Token.id.desc())).first()
        revoke_token(session, str(newest))
    assert browser.get("/", follow_redirects=False).status_code == 303


def test_a_sign_in_ends_by_itself(browser: TestClient) -> None:
    sign_in(browser, token_of(TokenRole.VIEWER))
    with transaction() as session:
        session.execute(update(BrowserSession).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert browser.get("/", follow_redirects=False).status_code == 303


def test_an_error_shows_no_form_of_the_reader(browser: TestClient) -> None:
    sign_in(browser, token_of(TokenRole.VIEWER))
    answer = browser.get("/runs/r000000000000000")
    assert answer.status_code in (404, 422)
    assert "form_key" not in answer.text
