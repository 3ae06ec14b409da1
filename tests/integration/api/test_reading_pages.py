"""What the pages of a run show, and to whom."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from db.settings import settings
from db.tokens import TokenRole
from tests.integration.api.world import (
    HOSTILE,
    PATH,
    PATTERN_BASELINE,
    PATTERN_CANDIDATE,
    failed_run,
    finished_run,
    queued_run,
)


def test_the_page_shows_verdict_and_flips_and_runs_nothing_of_the_models(
    client: TestClient, client_as: Callable[[TokenRole | None], TestClient]
) -> None:
    run_id = finished_run(PATTERN_CANDIDATE, PATTERN_BASELINE, text=HOSTILE)
    page = client.get(f"/runs/{run_id}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "<script" not in page.text[page.text.index("<main") :]
    assert "<img src=x" not in page.text
    assert "gsm8k/6" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


def test_a_running_page_keeps_itself_fresh(client: TestClient) -> None:
    run_id, _ = queued_run()
    page = client.get(f"/runs/{run_id}").text
    assert 'data-live="yes"' in page
    assert "/static/live.js" in page
    assert client.get("/static/live.js").headers["content-type"].startswith("text/javascript")


def test_a_failed_jobs_page_tells_why_and_what_to_do(client: TestClient) -> None:
    error = {"code": "engine_argument", "message": "refused <b>", "remedy": "leave it out", "details": {"log": ["x"]}}
    page = client.get(f"/runs/{failed_run(error)}").text
    assert "refused &lt;b&gt;" in page
    assert "leave it out" in page


def test_pages_need_a_token_unless_the_operator_opens_them(
    client_as: Callable[[TokenRole | None], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody, run_id = client_as(None), finished_run([True], [True])
    for path in ("/", "/runs", f"/runs/{run_id}"):
        refused = nobody.get(path, headers={"Accept": "text/html"})
        assert refused.url.path == "/sign-in"
        assert "<table" not in refused.text
        assert "plumbline tokens create" in refused.text
        assert refused.headers["content-type"].startswith("text/html")
    plain = nobody.get("/")
    assert (plain.status_code, plain.headers["content-type"]) == (401, "application/problem+json")
    monkeypatch.setenv("PLUMBLINE_PUBLIC_READ", "1")
    settings.cache_clear()
    assert run_id in nobody.get("/runs").text
    assert nobody.get(f"/runs/{run_id}").status_code == 200
    assert nobody.get(PATH).status_code == 401
