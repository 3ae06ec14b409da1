"""A service over a real Postgres and a real Redis, and clients with tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from db.settings import settings
from db.tokens import TokenRole
from tests.integration.api.webhook_world import NEW_SECRET, SECRET
from tests.integration.api.world import token_of


@pytest.fixture
def client_as(database: str, redis_url: str) -> Iterator[Callable[[TokenRole | None], TestClient]]:
    """Make clients of one service whose tokens have the given roles."""
    app = create_app()

    def make(role: TokenRole | None) -> TestClient:
        headers = {"Authorization": f"Bearer {token_of(role)}"} if role else {}
        return TestClient(app, headers=headers, raise_server_exceptions=False)

    return make


@pytest.fixture
def client(client_as: Callable[[TokenRole | None], TestClient]) -> TestClient:
    """A client that may submit."""
    return client_as(TokenRole.SUBMITTER)


@pytest.fixture
def hook(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, client_as: Any) -> TestClient:
    """A client of a service that is a GitHub App; it sends no token."""
    monkeypatch.setenv("PLUMBLINE_GITHUB_APP_ID", "1")
    monkeypatch.setenv("PLUMBLINE_GITHUB_PRIVATE_KEY_PATH", "/nowhere")
    monkeypatch.setenv("PLUMBLINE_GITHUB_WEBHOOK_SECRETS", f"{SECRET} {NEW_SECRET}")
    monkeypatch.setenv("PLUMBLINE_GITHUB_REPOSITORIES", "org/engine other/*")
    settings.cache_clear()
    return client_as(None)  # type: ignore[no-any-return]
