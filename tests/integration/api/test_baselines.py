"""Baselines over HTTP: choosing one, accepting, taking back, and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.resources import ROOT
from db.tokens import TokenRole
from tests.integration.workers.baseline_world import MAIN, PLAIN, finished

Clients = Callable[[TokenRole | None], TestClient]
BODY = {"model": "/models/tiny", "candidate": {"engine": "sglang"}, "suite": "demo"}
STORED = BODY | {"baseline": {"stored": True}}


def promote(client: TestClient, run_id: str, **body: Any) -> Any:
    return client.post(f"{ROOT}/submissions/{run_id}/promote", json={"reason": "good"} | body)


@pytest.fixture
def maintainer(client_as: Clients) -> TestClient:
    return client_as(TokenRole.MAINTAINER)


@pytest.mark.parametrize("verb", ["promote", "demote"])
def test_only_maintainers_and_admins_accept_and_take_back(client_as: Clients, verb: str) -> None:
    run_id, _ = finished(MAIN if verb == "demote" else PLAIN)
    address = f"{ROOT}/submissions/{run_id}/{verb}"
    for role, status in ((None, 401), (TokenRole.VIEWER, 403), (TokenRole.SUBMITTER, 403), (TokenRole.ADMIN, 200)):
        answer = client_as(role).post(address, json={"reason": "because"})
        assert answer.status_code == status, answer.text
    assert [item["actor"] for item in answer.json()["items"]] == ["a admin"]


def test_a_promotion_is_listed_with_its_author_and_reason(maintainer: TestClient) -> None:
    run_id, report = finished(PLAIN)
    (added,) = promote(maintainer, run_id, reason="the release of May").json()["items"]
    assert (added["action"], added["by"], added["actor"]) == ("promoted", "person", "a maintainer")
    assert (added["run"], added["reason"], added["verdict"]) == (run_id, "the release of May", "pass")
    assert added["fingerprint_sha256"] == report.fingerprints[0].candidate_sha256
    assert promote(maintainer, run_id).json() == {"items": []}
    lineage = added["lineage"]["key"]
    for query in ({}, {"model": "/models/tiny"}, {"lineage": lineage}):
        assert maintainer.get(f"{ROOT}/baselines", params=query).json()["items"] == [added]
    for query in ({"model": "/models/other"}, {"lineage": "other"}):
        assert maintainer.get(f"{ROOT}/baselines", params=query).json()["items"] == []
    maintainer.post(f"{ROOT}/submissions/{run_id}/demote", json={"reason": "no", "workload": "gsm8k"})
    told = maintainer.get(f"{ROOT}/baselines/history", params={"lineage": lineage}).json()["items"]
    assert [(item["action"], item["reason"]) for item in told] == [
        ("demoted", "no"),
        ("promoted", "the release of May"),
    ]
    assert maintainer.get(f"{ROOT}/baselines").json()["items"] == []


def test_what_cannot_be_accepted_is_a_problem_with_a_remedy(maintainer: TestClient) -> None:
    failed, _ = finished(PLAIN, wrong=60)
    for body, status, code in (
        ({}, 409, "verdict_forbids"),
        ({"workload": "mmlu"}, 409, "nothing_to_promote"),
        ({"reason": ""}, 422, "invalid_request"),
        ({"despite_verdict": True}, 200, None),
    ):
        answer = promote(maintainer, failed, **body)
        assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert promote(maintainer, "r0nobody").status_code == 404


def test_a_submission_names_its_baseline_in_one_of_four_ways(maintainer: TestClient) -> None:
    refused = maintainer.post(f"{ROOT}/submissions", json=STORED)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_baseline")
    assert "backfill" in refused.json()["remedy"]
    run_id, _ = finished(MAIN)
    published = {"published": {"value": 0.84, "n": 300, "source": "the card"}}
    for baseline, engine, kind, roles in (
        ({"stored": True}, "sglang", "stored", ["candidate"]),
        ({"stored": True, "backfill": {"engine": "sglang"}}, "sglang", "stored", ["candidate"]),
        ({"run": run_id}, "sglang", "run", ["candidate"]),
        (published, "published", "published", ["candidate"]),
        ({"stored": True, "backfill": {"engine": "hf", "dtype": "float32"}}, "hf", "backfill", None),
        ({"engine": "hf"}, "hf", None, None),
    ):
        answer = maintainer.post(f"{ROOT}/submissions", json=BODY | {"baseline": baseline})
        assert answer.status_code == 202, answer.text
        run = answer.json()
        source = run["submission"]["baseline_from"]
        assert (run["submission"]["baseline"]["kind"], source and source["kind"]) == (engine, kind)
        assert [job["role"] for job in run["jobs"]] == (roles or ["candidate", "baseline"])
        if kind in ("stored", "run"):
            assert [(found["workload"], found["run_id"]) for found in source["results"]] == [("gsm8k", run_id)]


@pytest.mark.parametrize(
    ("baseline", "field"),
    [
        ({}, "/baseline/engine"),
        ({"args": {"x": 1}}, "/baseline/engine"),
        ({"engine": "hf", "stored": True}, "/baseline/stored"),
        ({"stored": True, "args": {"x": 1}}, "/baseline/args"),
        ({"engine": "hf", "backfill": {"engine": "hf"}}, "/baseline/backfill"),
        ({"stored": True, "backfill": {"engine": "vllm"}}, "/baseline/backfill/engine"),
        ({"stored": True, "backfill": {"engine": "hf", "args": {"host": "h"}}}, "/baseline/backfill/args/host"),
        ({"run": "r0nobody"}, "/baseline/run"),
        ({"run": "no run"}, "/baseline/run"),
        ({"published": {"value": 84.7, "n": 300}}, "/baseline/published/value"),
        ({"published": {"value": 0.847}}, "/baseline/published"),
    ],
)
def test_a_baseline_that_makes_no_sense_is_named(client: TestClient, baseline: dict[str, Any], field: str) -> None:
    answer = client.post(f"{ROOT}/submissions", json=BODY | {"baseline": baseline})
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert answer.json()["remedy"]


@pytest.mark.parametrize("suite", ["demo-parity", "demo-serving"])
def test_parity_and_serving_refuse_a_baseline_that_is_not_launched(client: TestClient, suite: str) -> None:
    answer = client.post(f"{ROOT}/submissions", json=STORED | {"suite": suite})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "/baseline/stored")
    assert "side by side" in answer.json()["detail"]


def test_a_repeated_request_finds_its_run_even_when_its_baseline_is_no_longer_one(maintainer: TestClient) -> None:
    baseline, _ = finished(MAIN)
    key = {"Idempotency-Key": "k"}
    first = maintainer.post(f"{ROOT}/submissions", json=STORED, headers=key)
    assert first.status_code == 202, first.text
    maintainer.post(f"{ROOT}/submissions/{baseline}/demote", json={"reason": "no"})
    again = maintainer.post(f"{ROOT}/submissions", json=STORED, headers=key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


def test_pages_and_samples_show_the_stored_sides_answers(client: TestClient) -> None:
    baseline, _ = finished(MAIN)
    answered = finished(PLAIN)[0]
    run_id = client.post(f"{ROOT}/submissions", json=BODY | {"baseline": {"run": answered}}).json()["id"]
    item = client.get(f"{ROOT}/submissions/{run_id}/samples").json()["items"][0]
    assert (item["candidate"]["value"], item["baseline"]["value"]) == (None, 1.0)
    page = client.get(f"/runs/{run_id}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "sglang against sglang (run)" in page.text
    assert baseline
