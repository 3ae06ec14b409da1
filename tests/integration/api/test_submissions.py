"""Submissions are accepted, announced, repeated and refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from db.session import transaction
from db.tables import Job, Run
from db.tokens import TokenRole, list_tokens, revoke_token
from tests.integration.api.world import failed_run, finished_run, queued_run

BODY = {"model": "/models/demo", "candidate": {"engine": "sglang"}, "suite": "demo", "limit": 10}
PATH = "/api/v1/submissions"


def _parity(**settings: Any) -> dict[str, Any]:
    return {"suite": None, "limit": None, "workloads": [{"benchmark": "parity", **settings}]}


def count(table: type[Any]) -> int:
    with transaction() as session:
        return session.query(table).count()


def test_a_submission_is_accepted_and_both_jobs_are_announced(client: TestClient, redis_url: str) -> None:
    answer = client.post(PATH, json=BODY)
    assert answer.status_code == 202
    run = answer.json()
    assert answer.headers["location"] == f"{PATH}/{run['id']}"
    assert run["state"] == "queued"
    assert [(job["role"], job["engine"], job["state"]) for job in run["jobs"]] == [
        ("candidate", "sglang", "queued"),
        ("baseline", "hf", "queued"),
    ]
    assert run["submission"]["limit"] == 10
    assert client.get(answer.headers["location"]).json() == run
    with redis.Redis.from_url(redis_url) as broker:
        messages = broker.lrange("jobs.cpu", 0, -1)
    assert len(messages) == 2
    assert count(Run) == 1
    assert count(Job) == 2


def test_parity_is_asked_for_with_its_options_and_brings_companions(client: TestClient) -> None:
    options = {"tolerance": 0.01, "chunk_tokens": 64, "images": False}
    answer = client.post(PATH, json={**BODY, **_parity(options=options)})
    assert answer.status_code == 202, answer.text
    run = answer.json()
    (workload,) = run["submission"]["workloads"]
    assert (workload["options"], workload["metric"], workload["margin"]) == (options, "parity", 0.0)
    assert [job["role"] for job in run["jobs"]] == ["candidate", "baseline", "chunked"]
    assert [job["role"] for job in client.get(PATH).json()["items"][0]["jobs"]] == ["candidate", "baseline", "chunked"]
    assert count(Job) == 3


def test_eight_posts_at_once_with_one_key_make_one_run(client: TestClient, redis_url: str) -> None:
    def post(_: int) -> Any:
        return client.post(PATH, json=BODY, headers={"Idempotency-Key": "nightly 1"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert (count(Run), count(Job)) == (1, 2)
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("jobs.cpu") == 2


def test_a_key_is_bound_to_the_body_and_to_the_token(
    client: TestClient, client_as: Callable[[TokenRole | None], TestClient]
) -> None:
    headers = {"Idempotency-Key": "k"}
    first = client.post(PATH, json=BODY, headers=headers)
    reordered = client.post(PATH, json=dict(reversed(BODY.items())), headers=headers)
    assert reordered.json()["id"] == first.json()["id"]
    assert reordered.headers["idempotency-replayed"] == "true"
    other = client.post(PATH, json={**BODY, "limit": 11}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    stranger = client_as(TokenRole.SUBMITTER).post(PATH, json=BODY, headers=headers)
    assert stranger.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(PATH, json=BODY, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"] == "header"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"suite": "dmo"}, 422, "/suite"),
        ({"candidate": {"engine": "vllm"}}, 422, "/candidate/engine"),
        ({"candidate": {"engine": "sglang", "args": {"port": 1}}}, 422, "/candidate/args/port"),
        ({"candidate": {"engine": "sglang", "external_package": "/x/y"}}, 403, "/candidate/external_package"),
        ({"candidate": {"engine": "sglang", "sorce": "x"}}, 422, "/candidate/sorce"),
        ({"model": "nul\x00"}, 422, "/model/path"),
        ({"limit": "many"}, 422, "/limit"),
        ({"suite": "parity"}, 422, "/limit"),
        (_parity(few_shot=5), 422, "/few_shot"),
        (_parity(margin=0.02), 422, "/margin"),
        (_parity(options={"tolerence": 1}), 422, "/options"),
        (_parity(options={"tolerance": 1, "top_k": 4}), 422, "/options"),
        ({"suite": None, "limit": None, "workloads": [{"benchmark": "gsm8k", "options": {"a": 1}}]}, 422, "/options"),
    ],
)
def test_a_wrong_field_is_named_with_the_remedy(
    client: TestClient, change: dict[str, Any], status: int, field: str
) -> None:
    answer = client.post(PATH, json={**BODY, **change})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert [item["field"] for item in problem["errors"]] == [field]
    assert problem["remedy"]
    assert problem["instance"] == PATH
    assert count(Run) == 0


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"limit": ' + b"9" * 5000 + b"}", b"[" * 100_000])
def test_what_is_no_json_is_a_400(client: TestClient, body: bytes) -> None:
    answer = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_pages_of_runs_do_not_shift_when_runs_arrive(client: TestClient) -> None:
    ids = [queued_run()[0] for _ in range(5)][::-1]
    first = client.get(PATH, params={"limit": 2})
    queued_run()
    second = client.get(first.json()["next"])
    third = client.get(second.json()["next"])
    pages = [[run["id"] for run in page.json()["items"]] for page in (first, second, third)]
    assert pages == [ids[:2], ids[2:4], ids[4:]]
    assert first.headers["link"] == f'<{first.json()["next"]}>; rel="next"'
    assert third.json()["next"] is None
    assert "link" not in third.headers


def test_runs_are_listed_by_state(client: TestClient) -> None:
    queued_run()
    done = finished_run([True], [True])
    page = client.get(PATH, params={"state": "finished"}).json()
    assert [run["id"] for run in page["items"]] == [done]
    assert client.get(PATH, params={"state": "done"}).status_code == 422


def test_a_waiting_run_is_cancelled_at_once_and_its_report_ordered(client: TestClient, redis_url: str) -> None:
    run_id, _ = queued_run()
    answer = client.post(f"{PATH}/{run_id}/cancel")
    assert answer.status_code == 202
    assert answer.json()["state"] == "reporting"
    assert {job["state"] for job in answer.json()["jobs"]} == {"cancelled"}
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("control") == 1
        assert client.post(f"{PATH}/{run_id}/cancel").status_code == 202
        assert broker.llen("control") == 1


def test_a_finished_run_is_not_changed_by_a_cancel(client: TestClient) -> None:
    run_id = finished_run([True], [True])
    run = client.post(f"{PATH}/{run_id}/cancel").json()
    assert (run["state"], run["cancel_requested"]) == ("finished", False)


def test_a_failed_job_is_queued_again_and_announced(client: TestClient, redis_url: str) -> None:
    run_id = failed_run(
        {"code": "start_timeout", "message": "slow", "remedy": "wait", "retryable": True, "details": {}}
    )
    run = client.post(f"{PATH}/{run_id}/retry").json()
    assert [job["state"] for job in run["jobs"]] == ["queued", "succeeded"]
    assert run["verdict"] is None
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen("jobs.cpu") == 1
    again = client.post(f"{PATH}/{run_id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_retry")


def test_nobody_passes_without_a_living_token(
    client: TestClient, client_as: Callable[[TokenRole | None], TestClient]
) -> None:
    nobody = client_as(None)
    for answer in (
        nobody.get(PATH),
        nobody.post(PATH, json=BODY),
        nobody.get(PATH, headers={"Authorization": "Bearer plb_t_wrong"}),
        nobody.get(PATH, headers={"Authorization": "Basic abc"}),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["remedy"]
    assert client.get(PATH).status_code == 200
    with transaction() as session:
        for token in list_tokens(session):
            revoke_token(session, token.id)
    assert client.get(PATH).status_code == 401


def test_a_viewer_may_look_and_not_submit(client_as: Callable[[TokenRole | None], TestClient]) -> None:
    viewer = client_as(TokenRole.VIEWER)
    run_id, _ = queued_run()
    assert viewer.get(f"{PATH}/{run_id}").status_code == 200
    for path in (PATH, f"{PATH}/{run_id}/cancel", f"{PATH}/{run_id}/retry"):
        answer = viewer.post(path, json=BODY)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client_as(TokenRole.ADMIN).post(PATH, json=BODY).status_code == 202


@pytest.mark.parametrize("tag", ["main", "nightly"])
def test_only_who_may_promote_may_tag_a_run_for_the_history(
    client_as: Callable[[TokenRole | None], TestClient], tag: str
) -> None:
    body = {**BODY, "tags": [tag]}
    refused = client_as(TokenRole.SUBMITTER).post(PATH, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert client_as(TokenRole.MAINTAINER).post(PATH, json=body).status_code == 202
