"""Runs that have a duel and no other job, as a client reads them."""

from __future__ import annotations

from fastapi.testclient import TestClient

from db.jobs import JobRecord
from evals.spec import Role
from tests.integration.api.world import PATH
from tests.integration.workers.duel_world import duel_run, finish, measure, passes
from workers import tasks


def finished_duel() -> str:
    run_id, jobs = duel_run()
    report(run_id, jobs[Role.DUEL])
    return run_id


def report(run_id: str, duel: JobRecord) -> None:
    measure(duel, passes(1.0))
    finish(run_id)
    tasks.write_report(run_id)


def test_a_serving_suite_is_one_job_with_both_engines(client: TestClient) -> None:
    body = {"model": "/models/tiny", "candidate": {"engine": "sglang"}, "suite": "demo-serving"}
    answer = client.post(PATH, json=body)
    assert answer.status_code == 202, answer.text
    assert [(job["role"], job["state"]) for job in answer.json()["jobs"]] == [("duel", "queued")]


def test_its_page_is_shown_before_and_after_the_report(client: TestClient) -> None:
    run_id, jobs = duel_run()
    waiting = client.get(f"/runs/{run_id}")
    assert waiting.status_code == 200
    assert "Duel" in waiting.text
    report(run_id, jobs[Role.DUEL])
    done = client.get(f"/runs/{run_id}")
    assert done.status_code == 200
    assert "median TTFT" in done.text
    assert client.get("/").status_code == 200


def test_its_report_has_the_ratios_and_describes_both_engines(client: TestClient) -> None:
    run_id = finished_duel()
    told = client.get(f"{PATH}/{run_id}/report").json()
    assert [told[side]["engine"] for side in ("candidate", "baseline")] == ["sglang", "hf"]
    assert [ratio["verdict"] for ratio in told["serving"][0]["ratios"] if ratio["decides"]] == ["pass", "pass"]


def test_it_has_no_samples_and_says_where_to_look(client: TestClient) -> None:
    answer = client.get(f"{PATH}/{finished_duel()}/samples")
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_samples"
    assert "plumbline report" in answer.json()["remedy"]
