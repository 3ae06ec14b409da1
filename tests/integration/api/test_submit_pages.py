"""Submitting from the browser and checking without submitting, with and without a script."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from db.runs import list_runs
from db.session import transaction
from db.tables import Job, Run
from db.tokens import TokenRole
from tests.integration.api.browsing import Clients, signed_in
from tests.integration.api.world import HOSTILE
from tests.integration.workers.baseline_world import MAIN, finished

CHECK = "/api/v1/submissions/check"
BODY: dict[str, Any] = {
    "model": "/models/tiny", "candidate": {"engine": "sglang"}, "baseline": {"engine": "hf"}, "suite": "demo",
    "limit": 100,
}  # fmt: skip
FORM = {"model": "/models/tiny", "engine": "sglang", "baseline": "hf", "suite": "demo", "limit": "100", "do": "submit"}


def counts() -> tuple[int, int]:
    with transaction() as session:
        runs, jobs = (session.scalar(select(func.count()).select_from(table)) for table in (Run, Job))
    return int(runs or 0), int(jobs or 0)


def test_a_check_tells_the_plan_and_writes_nothing(client: TestClient) -> None:
    answer = client.post(CHECK, json=BODY)
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert [(job["role"], job["engine"], job["workloads"]) for job in plan["jobs"]] == [
        ("candidate", "sglang", ["gsm8k"]),
        ("baseline", "hf", ["gsm8k"]),
    ]
    (workload,) = plan["workloads"]
    assert (workload["items"], workload["margin"]) == (100, 0.05)
    assert workload["detectable"] > workload["margin"]
    assert any("partial" in note for note in plan["notes"])
    assert counts() == (0, 0)


@pytest.mark.parametrize(
    ("changed", "status", "fields"),
    [
        ({"suite": "dmo"}, 422, ["/suite"]),
        ({"candidate": {"engine": "sglang", "args": {"port": 1}}}, 422, ["/candidate/args/port"]),
        ({"limit": 0}, 422, ["/limit"]),
        ({"baseline": {"stored": True}}, 409, []),
        ({"tags": ["main"]}, 403, []),
        ({"unknown": 1}, 422, ["/unknown"]),
    ],
)
def test_a_check_refuses_what_a_submission_would_refuse(
    client: TestClient, changed: dict[str, Any], status: int, fields: list[str]
) -> None:
    checked = client.post(CHECK, json=BODY | changed)
    submitted = client.post("/api/v1/submissions", json=BODY | changed)
    assert (checked.status_code, submitted.status_code) == (status, status), checked.text
    assert [one["field"] for one in checked.json().get("errors", [])] == fields
    same = ("code", "detail", "remedy")
    assert [checked.json().get(name) for name in same] == [submitted.json().get(name) for name in same]
    assert counts() == (0, 0)


def test_a_check_names_the_stored_baseline(client: TestClient) -> None:
    run_id, _ = finished(MAIN)
    body = {"model": MAIN.model.path, "candidate": {"engine": "sglang"}, "baseline": {"stored": True}, "suite": "demo"}
    plan = client.post(CHECK, json=body).json()
    assert plan["baseline_runs"] == [run_id]
    assert [job["role"] for job in plan["jobs"]] == ["candidate"]


def test_a_check_needs_the_role_of_a_submission(client_as: Clients) -> None:
    assert client_as(TokenRole.VIEWER).post(CHECK, json=BODY).status_code == 403
    assert client_as(None).post(CHECK, json=BODY).status_code == 401


def test_a_form_becomes_a_run_once_however_often_it_is_sent(client_as: Clients) -> None:
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    page = browser.get("/submit").text
    once = page.split('name="submission_key" value="')[1].split('"')[0]
    sent = FORM | {"form_key": key, "submission_key": once, "engine_args": "mem-fraction-static=0.5", "tags": "a, b"}
    answers = [browser.post("/submit", data=sent, follow_redirects=False) for _ in range(2)]
    with transaction() as session:
        (run,) = list_runs(session, limit=5)
    assert [answer.headers["location"] for answer in answers] == [f"/runs/{run.id}"] * 2
    asked = run.submission
    assert (asked.candidate.args, asked.tags, asked.limit) == ({"mem-fraction-static": 0.5}, ("a", "b"), 100)


def test_without_a_script_the_page_comes_back_with_plan_and_commands(client_as: Clients) -> None:
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    answer = browser.post("/submit", data=FORM | {"form_key": key, "do": "check"})
    assert answer.status_code == 200
    assert "plumbline submit \\\n  --model /models/tiny" in answer.text
    assert "Bearer $PLUMBLINE_TOKEN" in answer.text
    assert 'value="/models/tiny"' in answer.text
    assert counts() == (0, 0)


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(client_as: Clients) -> None:
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    answer = browser.post("/submit", data=FORM | {"form_key": key, "limit": "many", "tags": HOSTILE})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "is no whole number" in answer.text.split('id="limit-trouble"')[1].split("</p>")[0]
    assert 'aria-invalid="true"' in answer.text.split('id="limit"')[1].split(">")[0]
    part = browser.post("/submit/check", data=FORM | {"form_key": key, "engine_args": "port=1"}).text
    assert 'data-field="engine_args"' in part
    assert "<html" not in part
    assert counts() == (0, 0)


def test_a_stored_baseline_that_is_not_there_is_told_with_the_remedy(client_as: Clients) -> None:
    browser, key = signed_in(client_as, TokenRole.SUBMITTER)
    part = browser.post("/submit/check", data=FORM | {"form_key": key, "baseline": "stored"}).text
    assert "no baseline is stored for" in part
    assert "say with backfill" in part


def test_only_who_may_submit_submits(client_as: Clients) -> None:
    viewer, key = signed_in(client_as, TokenRole.VIEWER)
    assert "takes the role submitter" in viewer.get("/submit").text
    for address in ("/submit", "/submit/check"):
        assert viewer.post(address, data=FORM | {"form_key": key}).status_code == 403
    submitter, right = signed_in(client_as, TokenRole.SUBMITTER)
    assert submitter.post("/submit", data=FORM).status_code == 403
    assert submitter.post("/submit", data=FORM | {"form_key": key}).status_code == 403
    answer = submitter.post("/submit", data=FORM | {"form_key": right, "tags": "nightly"})
    assert answer.status_code == 422
    assert "this needs maintainer" in answer.text
    assert counts() == (0, 0)


def test_an_address_fills_the_form_in(client_as: Clients) -> None:
    browser, _ = signed_in(client_as, TokenRole.SUBMITTER)
    page = browser.get("/submit", params={"model": HOSTILE, "suite": "", "engine": "hf"}).text
    assert "<script>alert" not in page
    assert '<option value="hf" selected>' in page
