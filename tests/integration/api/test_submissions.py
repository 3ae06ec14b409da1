"""Submissions are accepted, announced, repeated and refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from db.session import transaction
from db.tables import Job, Run
from db.tokens import TokenRole
from tests.integration.api.world import BODY, PATH


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
