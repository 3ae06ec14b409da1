"""Runs over HTTP: listed, cancelled and tried again, and by whom."""

from collections.abc import Callable

import pytest
import redis
from fastapi.testclient import TestClient

from db.session import transaction
from db.tokens import TokenRole, list_tokens, revoke_token
from tests.integration.api.world import BODY, PATH, failed_run, finished_run, queued_run


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
