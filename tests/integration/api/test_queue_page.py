"""The page about what waits and what runs."""

from __future__ import annotations

from fastapi.testclient import TestClient
from sqlalchemy import func, update

from db.session import transaction
from db.tables import Job
from tests.integration.api.world import claim, evaluating, queued_run

HTML = {"Accept": "text/html"}


def rows_of(page: str, heading: str) -> list[str]:
    part = page.split(f"<h2>{heading}</h2>")[1].split("<h2>")[0]
    return part.split("<tr>")[2:]


def test_what_runs_stands_with_its_worker_and_devices_and_what_waits_with_its_queue(client: TestClient) -> None:
    run_id, (first, _) = queued_run()
    evaluating(claim(first), done=3, right=2)
    page = client.get("/queue", headers=HTML).text
    (running,) = [row for row in rows_of(page, "Running") if run_id in row]
    (waiting,) = [row for row in rows_of(page, "Waiting") if run_id in row]
    assert "candidate (sglang)" in running
    assert "h, process 1" in running
    assert "cpu:0" in running
    assert "evaluating" in running
    assert "left" in running
    assert "baseline (hf)" in waiting
    assert "jobs.cpu" in waiting
    assert "for the first time" in waiting


def test_a_job_whose_worker_is_silent_is_marked_as_lost(client: TestClient) -> None:
    run_id, (first, _) = queued_run()
    claim(first)
    with transaction() as session:
        session.execute(update(Job).where(Job.id == first.id).values(lease_expires_at=func.now()))
    (row,) = [row for row in rows_of(client.get("/queue", headers=HTML).text, "Running") if run_id in row]
    assert "<strong>lost</strong>" in row
