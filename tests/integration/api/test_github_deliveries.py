"""Webhooks that nothing comes of, that are odd or large, and the list of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from api.app import create_app
from db.github_deliveries import DeliveryState, claim_delivery, finish_delivery
from db.session import transaction
from db.settings import settings
from db.tokens import TokenRole
from tests.integration.api.webhook_world import comment, send, stored


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (comment("looks good to me"), "issue_comment"),
        (comment(action="edited"), "issue_comment"),
        (comment(issue={"number": 12}), "issue_comment"),
        ({"action": "edited", "number": 3}, "pull_request"),
        ({"action": "completed"}, "check_run"),
        ({"zen": "…"}, "ping"),
        ({"action": "created"}, "star"),
    ],
    ids=["no command", "edited", "an issue", "a title", "our own check run", "ping", "star"],
)
def test_what_the_bot_never_acts_on_is_not_kept(hook: TestClient, payload: Any, event: str) -> None:
    assert send(hook, payload, event=event).json()["state"] == "dropped"
    assert stored() == []


BOT = {"login": "renovate[bot]", "type": "Bot"}


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": {"full_name": "stranger/engine"}},
        {"repository": {}},
        {"installation": {}},
        {"comment": comment()["comment"] | {"user": BOT}},
        {"comment": comment()["comment"] | {"performed_via_github_app": {"id": 3}}},
        {"sender": BOT},
    ],
    ids=["another repository", "no repository", "no installation", "a bot", "an app's comment", "a bot's event"],
)
def test_what_is_not_obeyed_is_noted_and_not_announced(
    hook: TestClient, redis_url: str, changes: dict[str, Any]
) -> None:
    assert send(hook, comment(**changes)).json()["state"] == "ignored"
    assert stored() == [("d-1", DeliveryState.IGNORED)]
    assert redis.from_url(redis_url).llen("control") == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"payload=%7B%7D", b"[" * 100_000, b"\xff"])
def test_what_is_no_json_object_is_refused(hook: TestClient, body: bytes) -> None:
    answer = send(hook, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_webhook")


@pytest.mark.parametrize(
    "odd",
    [
        {"comment": None}, {"comment": []}, {"issue": 3}, {"sender": "x"}, {"repository": {"full_name": 3}},
        {"installation": {"id": True}}, {"installation": {"id": 2**70}}, {"action": {}},
        {"sender": {"login": "a\x00b\ud800"}},
        {"issue": {"number": 2**40, "pull_request": {}}}, {"issue": {"number": -1, "pull_request": {}}},
    ],
)  # fmt: skip
def test_odd_payloads_do_no_harm(hook: TestClient, odd: dict[str, Any]) -> None:
    assert send(hook, comment(**odd)).status_code == 202


def test_a_body_may_be_as_large_as_githubs_and_no_larger(hook: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(hook, comment("/plumbline run " + "x" * 2_000_000)).status_code == 202
    monkeypatch.setenv("PLUMBLINE_GITHUB_MAX_BODY_BYTES", "1000")
    settings.cache_clear()
    small = TestClient(create_app())
    answer = send(small, comment("/plumbline run " + "x" * 1000), delivery="d-2")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_without_an_app_the_answer_says_what_to_set(client_as: Callable[[TokenRole | None], TestClient]) -> None:
    answer = send(client_as(None), comment())
    assert (answer.status_code, answer.json()["code"]) == (503, "github_not_configured")
    for name in ("APP_ID", "PRIVATE_KEY_PATH", "WEBHOOK_SECRETS", "REPOSITORIES"):
        assert f"PLUMBLINE_GITHUB_{name}" in answer.json()["remedy"]


def test_deliveries_are_listed_and_replayed_by_maintainers_alone(
    hook: TestClient, client_as: Callable[[TokenRole | None], TestClient], redis_url: str
) -> None:
    send(hook, comment())
    with transaction() as session:
        claimed = claim_delivery(session, "d-1")
        assert claimed is not None
        finish_delivery(session, claimed.record, DeliveryState.FAILED, "GitHub refused it")
    submitter, maintainer = client_as(TokenRole.SUBMITTER), client_as(TokenRole.MAINTAINER)
    assert submitter.get("/api/v1/github/deliveries").status_code == 403
    assert submitter.post("/api/v1/github/deliveries/d-1/replay").status_code == 403
    (item,) = maintainer.get("/api/v1/github/deliveries", params={"state": "failed"}).json()["items"]
    assert (item["id"], item["outcome"], item["number"]) == ("d-1", "GitHub refused it", 12)
    redis.from_url(redis_url).delete("control")
    answer = maintainer.post("/api/v1/github/deliveries/d-1/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    assert redis.from_url(redis_url).llen("control") == 1
    assert maintainer.post("/api/v1/github/deliveries/none/replay").status_code == 404
