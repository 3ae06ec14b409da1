"""Webhooks of GitHub: proven, stored once, answered at once; and nothing happens for a forged one."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from api.app import create_app
from api.github_events import is_permitted, is_signed
from db.github_deliveries import DeliveryState, claim_delivery, finish_delivery, list_deliveries
from db.session import transaction
from db.settings import settings
from db.tokens import TokenRole

WEBHOOK = "/api/v1/github/webhook"
SECRET, NEW_SECRET = "an-old-secret", "a-new-secret"


@pytest.fixture
def hook(database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, client_as: Any) -> TestClient:
    """A client of a service that is a GitHub App; it sends no token."""
    monkeypatch.setenv("PLUMBLINE_GITHUB_APP_ID", "1")
    monkeypatch.setenv("PLUMBLINE_GITHUB_PRIVATE_KEY_PATH", "/nowhere")
    monkeypatch.setenv("PLUMBLINE_GITHUB_WEBHOOK_SECRETS", f"{SECRET} {NEW_SECRET}")
    monkeypatch.setenv("PLUMBLINE_GITHUB_REPOSITORIES", "org/engine other/*")
    settings.cache_clear()
    return client_as(None)  # type: ignore[no-any-return]


def comment(body: str = "/plumbline run demo", **changes: Any) -> dict[str, Any]:
    said = {"id": 7, "body": body, "user": {"login": "alice", "type": "User"}, "performed_via_github_app": None}
    return {
        "action": "created",
        "issue": {"number": 12, "pull_request": {"url": "https://api.github.com/x"}},
        "comment": said,
        "repository": {"full_name": "org/engine"},
        "installation": {"id": 99},
        "sender": {"login": "alice", "type": "User"},
    } | changes


def send(
    hook: TestClient, payload: Any, *, event: str = "issue_comment", delivery: str = "d-1", secret: str = SECRET
) -> Any:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Event": event, "X-GitHub-Delivery": delivery}
    return hook.post(WEBHOOK, content=body, headers=headers | {"Content-Type": "application/json"})


def stored() -> list[tuple[str, DeliveryState]]:
    with transaction() as session:
        return [(one.id, one.state) for one in list_deliveries(session)]


def test_a_webhook_is_stored_announced_and_answered_within_50_ms(hook: TestClient, redis_url: str) -> None:
    send(hook, comment("/plumbline status"), delivery="warm")
    began = time.perf_counter()
    answer = send(hook, comment())
    took = time.perf_counter() - began
    assert (answer.status_code, answer.json()) == (202, {"id": "d-1", "state": "received"})
    assert stored() == [("d-1", DeliveryState.RECEIVED), ("warm", DeliveryState.RECEIVED)]
    sent = [json.loads(message)["headers"]["task"] for message in redis.from_url(redis_url).lrange("control", 0, -1)]
    assert sent == ["plumbline.github_delivery"] * 2
    assert took < 1.0, f"{took * 1000:.0f} ms"  # see docs/measurements.md for what it takes on a quiet machine


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "sha256=é" + "0" * 62],
    ids=["none", "empty", "zeros", "sha1", "no ASCII"],
)
def test_a_forged_signature_stores_nothing(hook: TestClient, signature: str) -> None:
    body = json.dumps(comment()).encode()
    headers = {"X-Hub-Signature-256": signature.encode(), "X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": "d"}
    answer = hook.post(WEBHOOK, content=body, headers=headers)  # type: ignore[arg-type]  # bytes are headers too
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert SECRET not in answer.text
    assert stored() == []


def test_the_signature_is_of_the_very_bytes(hook: TestClient) -> None:
    body = json.dumps(comment()).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": "d"}
    assert hook.post(WEBHOOK, content=body + b" ", headers=headers).status_code == 401


def test_both_secrets_are_good_while_one_replaces_the_other(hook: TestClient) -> None:
    assert send(hook, comment(), delivery="a", secret=SECRET).status_code == 202
    assert send(hook, comment("/plumbline help"), delivery="b", secret=NEW_SECRET).status_code == 202
    assert send(hook, comment(), delivery="c", secret="another").status_code == 401


def test_a_replay_is_stored_once_also_under_another_delivery(hook: TestClient) -> None:
    assert send(hook, comment()).json()["state"] == "received"
    assert send(hook, comment()).json()["state"] == "known"
    assert send(hook, comment(), delivery="d-2").json()["state"] == "known"
    assert stored() == [("d-1", DeliveryState.RECEIVED)]


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


def test_signatures_are_compared_with_every_secret() -> None:
    signature = "sha256=" + hmac.new(b"b", b"x", hashlib.sha256).hexdigest()
    assert is_signed(b"x", signature, ("a", "b"))
    assert not is_signed(b"x", signature, ("a",))
    assert not is_signed(b"x", signature, ())


def test_repositories_are_named_or_all_of_an_owner() -> None:
    permitted = "Org/Engine other/*"
    assert is_permitted("org/engine", permitted)
    assert is_permitted("other/any", permitted)
    assert not is_permitted("org/engine2", permitted)
    assert not is_permitted("org/engine", "")
