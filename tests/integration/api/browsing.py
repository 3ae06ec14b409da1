"""Browsers that have signed in, and what their forms must carry."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from db.tokens import TokenRole
from tests.integration.api.world import token_of

Clients = Callable[[TokenRole | None], TestClient]


def signed_in(client_as: Clients, role: TokenRole) -> tuple[TestClient, str]:
    """Return a browser that has signed in with a token of this role, and the key of its forms."""
    browser = client_as(None)
    browser.headers.update({"Accept": "text/html"})
    answer = browser.post("/sign-in", data={"token": token_of(role)}, follow_redirects=False)
    assert answer.status_code == 303
    page = browser.get("/queue").text
    return browser, page.split('name="form_key" value="')[1].split('"')[0]
