"""History, regressions and schedules over HTTP, on a real Postgres."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from db.session import transaction
from db.tables_history import StoredSchedule
from db.tokens import TokenRole
from tests.integration.api.world import finished_run
from tests.integration.db.history_world import LINEAGE, METRIC, add_nights, analyse

ROOT = "/api/v1"
Clients = Callable[[TokenRole | None], TestClient]
BODY: dict[str, Any] = {
    "name": "nightly-demo",
    "cron": "0 2 * * *",
    "submission": {"model": "/models/demo", "candidate": {"engine": "sglang"}, "suite": "demo"},
}


def raised() -> str:
    add_nights([100.0] * 20 + [120.0] * 5)
    (change,) = analyse()
    return change.id


def test_a_lineage_is_listed_and_its_history_shown(client: TestClient) -> None:
    change_id = raised()
    (item,) = client.get(f"{ROOT}/lineages").json()["items"]
    assert (item["lineage"]["key"], item["runs"]) == (LINEAGE.key, 25)
    assert client.get(f"{ROOT}/lineages", params={"model": "other"}).json() == {"items": []}
    found = client.get(f"{ROOT}/history", params={"lineage": LINEAGE.key}).json()
    (series,) = found["series"]
    assert (series["metric"], len(series["points"]), series["minimal_step"]) == (METRIC, 25, 0.05)
    assert series["noise"] is None
    assert [one["id"] for one in series["changes"]] == [change_id]
    assert series["points"][20]["source"] == series["changes"][0]["first_code"]
    newest = client.get(f"{ROOT}/history", params={"lineage": LINEAGE.key, "metric": METRIC, "limit": 3}).json()
    assert newest["series"][0]["points"] == series["points"][-3:]


def test_the_history_as_csv_has_a_line_for_each_point(client: TestClient) -> None:
    run_id = finished_run([True, False], [True, True])
    for item in client.get(f"{ROOT}/lineages").json()["items"]:
        answer = client.get(f"{ROOT}/history", params={"lineage": item["lineage"]["key"], "format": "csv"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        (row,) = csv.DictReader(io.StringIO(answer.text))
        assert (row["run"], row["metric"], row["n"]) == (run_id, "exact_match,strict-match", "2")


def test_what_is_unknown_is_a_problem_with_a_remedy(client: TestClient) -> None:
    for path in ("/history?lineage=x", "/regressions/g0", "/schedules/x"):
        answer = client.get(f"{ROOT}{path}")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["remedy"]
    assert client.get(f"{ROOT}/history").status_code == 422


def test_a_regression_goes_from_state_to_state_and_keeps_who_and_why(client: TestClient, client_as: Clients) -> None:
    path = f"{ROOT}/regressions/{raised()}"
    assert client_as(TokenRole.VIEWER).post(f"{path}/acknowledge", json={"reason": "x"}).status_code == 403
    refused = client.post(f"{path}/fix", json={"commit": "f" * 40})
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert "acknowledge" in refused.json()["remedy"]
    assert client.post(f"{path}/acknowledge", json={}).status_code == 422
    assert client.post(f"{path}/acknowledge", json={"reason": "known"}).json()["state"] == "acknowledged"
    assert client.post(f"{path}/fix", json={"commit": "no hash"}).status_code == 422
    fixed = client.post(f"{path}/fix", json={"commit": "f" * 40}).json()
    assert (fixed["state"], fixed["fix_commit"]) == ("fixed", "f" * 40)
    assert client.post(f"{path}/reopen", json={"reason": "no"}).json()["state"] == "reopened"
    found = client.get(path).json()
    assert [(one["action"], one["actor"]) for one in found["events"]] == [
        ("open", "analysis"),
        *((action, "a submitter") for action in ("acknowledge", "fix", "reopen")),
    ]
    listed = client.get(f"{ROOT}/regressions", params={"state": ["open", "reopened"], "lineage": LINEAGE.key}).json()
    assert [one["id"] for one in listed["items"]] == [found["id"]]
    assert client.get(f"{ROOT}/regressions", params={"state": "fixed"}).json() == {"items": []}


def test_improvements_are_listed_on_request_alone(client: TestClient) -> None:
    add_nights([100.0] * 20 + [80.0] * 5)
    assert analyse() == []
    assert client.get(f"{ROOT}/regressions").json() == {"items": []}
    (found,) = client.get(f"{ROOT}/regressions", params={"improvements": True}).json()["items"]
    assert found["state"] == "improvement"


def test_a_schedule_is_added_rested_run_and_removed_by_a_maintainer(client: TestClient, client_as: Clients) -> None:
    assert client.post(f"{ROOT}/schedules", json=BODY).status_code == 403
    maintainer = client_as(TokenRole.MAINTAINER)
    added = maintainer.post(f"{ROOT}/schedules", json=BODY)
    assert added.status_code == 201, added.text
    path = added.headers["location"]
    made = added.json()
    assert made["submission"] == BODY["submission"] | {"model": {"path": "/models/demo"}}
    assert (made["created_by"], made["enabled"]) == ("a maintainer", True)
    assert client.get(f"{ROOT}/schedules").json()["items"] == [made]
    assert maintainer.post(f"{ROOT}/schedules", json=BODY).status_code == 409
    assert maintainer.post(f"{path}/disable").json()["next_due_at"] is None
    assert maintainer.post(f"{path}/enable").json()["next_due_at"] == made["next_due_at"]
    run = maintainer.post(f"{path}/run")
    assert run.status_code == 202
    assert run.json()["submission"]["tags"] == ["nightly"]
    assert client.get(path).json()["last_run"] == run.json()["id"]
    assert maintainer.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get(run.headers["location"]).status_code == 200


def test_a_schedule_that_this_version_cannot_read_is_shown_and_says_so(client_as: Clients) -> None:
    maintainer = client_as(TokenRole.MAINTAINER)
    path = maintainer.post(f"{ROOT}/schedules", json=BODY).headers["location"]
    with transaction() as session:
        session.execute(sa.update(StoredSchedule).values(submission={"of": "the past"}))
    (item,) = maintainer.get(f"{ROOT}/schedules").json()["items"]
    assert "cannot read what the schedule 'nightly-demo' submits" in item["last_error"]
    refused = maintainer.post(f"{path}/run")
    assert (refused.status_code, refused.json()["code"]) == (409, "unreadable_schedule")
    assert maintainer.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": "every night"}, "/cron"),
        ({"cron": "0 0 30 2 *"}, "/cron"),
        ({"name": "a b"}, "/name"),
        ({"submission": {**BODY["submission"], "suite": "dmo"}}, "/submission/suite"),
        (
            {"submission": {"model": "m", "candidate": {"engine": "vllm"}, "suite": "demo"}},
            "/submission/candidate/engine",
        ),
    ],
)
def test_a_schedule_that_could_not_be_submitted_is_refused(
    client_as: Clients, change: dict[str, Any], field: str
) -> None:
    answer = client_as(TokenRole.ADMIN).post(f"{ROOT}/schedules", json={**BODY, **change})
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert client_as(TokenRole.VIEWER).get(f"{ROOT}/schedules").json() == {"items": []}
