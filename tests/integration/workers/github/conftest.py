"""A service that is a GitHub App, and what GitHub says to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.settings import settings
from tests.integration.workers.github.hub import Hub


@pytest.fixture
def hub(database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    (tmp_path / "models").mkdir()
    values = {
        "GITHUB_APP_ID": "1",
        "GITHUB_PRIVATE_KEY_PATH": "/nowhere",
        "GITHUB_WEBHOOK_SECRETS": "hush-hush",
        "GITHUB_REPOSITORIES": "org/engine",
        "GITHUB_USERS": "listed",
        "GITHUB_MODEL_ROOTS": str(tmp_path / "models"),
        "CODE_REPOSITORIES": "https://github.com/org/engine",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"PLUMBLINE_{name}", value)
    settings.cache_clear()
    hub = Hub()
    monkeypatch.setattr("workers.github.client.installation", lambda installation_id: hub)
    return hub
