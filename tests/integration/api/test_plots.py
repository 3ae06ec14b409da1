"""Plots of serving workloads over HTTP: pictures of their own, shown on the page and in comments."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from db.claims import end_job
from db.reports import save_report
from db.runs import finish_run
from db.session import transaction
from db.settings import settings
from db.states import JobState
from db.tokens import TokenRole
from evals.render.plots import plots_of
from tests.integration.api.world import claim, queued_run
from tests.unit.evals.serving_examples import report_of_serving, serving_fail

PUBLIC = "https://plumbline.example/"
REPORT = "/api/v1/submissions/{}/report"


@pytest.fixture
def run_id(database: str, redis_url: str) -> str:
    """A finished run whose report has a serving workload."""
    found, jobs = queued_run()
    for job in jobs:
        held = claim(job)
        with transaction() as session:
            end_job(session, held.lease, JobState.SUCCEEDED)
    with transaction() as session:
        assert finish_run(session, found)
        assert save_report(session, replace(report_of_serving(serving_fail()), run_id=found))
    return found


def test_each_plot_is_a_picture_that_can_do_nothing(client: TestClient, run_id: str) -> None:
    plots = plots_of(serving_fail())
    assert len(plots) == 16
    for plot in plots:
        answer = client.get(f"/runs/{run_id}/plots/1/{plot.name}.svg")
        assert answer.status_code == 200
        assert answer.text == plot.svg
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "sandbox"} <= set(policy)
        assert ElementTree.fromstring(answer.content).get("role") == "img"
    page = client.get(f"/runs/{run_id}")
    assert page.text.count("<svg xmlns") == len(plots) + 2, "and two of what the GPU did"
    assert "script-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "status"), [("1/ttft_ms-7", 404), ("2/throughput", 404), ("0/throughput", 422), ("1/..%2Fx", 404)]
)
def test_what_is_no_plot_is_a_problem(client: TestClient, run_id: str, path: str, status: int) -> None:
    answer = client.get(f"/runs/{run_id}/plots/{path}.svg")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_comment_embeds_plots_only_where_everybody_may_see_them(
    client: TestClient,
    client_as: Callable[[TokenRole | None], TestClient],
    run_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def comment() -> str:
        settings.cache_clear()
        return client.get(REPORT.format(run_id), params={"format": "markdown"}).text

    assert "![" not in comment()
    monkeypatch.setenv("PLUMBLINE_PUBLIC_URL", PUBLIC)
    assert "![" not in comment()
    assert client_as(None).get(f"/runs/{run_id}/plots/1/throughput.svg").status_code == 401
    monkeypatch.setenv("PLUMBLINE_PUBLIC_READ", "1")
    addresses = re.findall(r"!\[[^]]*\]\(([^)]*)\)", comment())
    assert addresses[0] == f"https://plumbline.example/runs/{run_id}/plots/1/throughput.svg"
    for address in addresses:
        assert client_as(None).get(address.removeprefix("https://plumbline.example")).status_code == 200
