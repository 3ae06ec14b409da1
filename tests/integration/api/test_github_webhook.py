"""Webhooks of GitHub: proven, stored once, answered at once; and nothing happens for a forged one."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
import redis
from fastapi.testclient import TestClient

from api.github_events import is_permitted, is_signed
from db.github_deliveries import DeliveryState
from tests.integration.api.webhook_world import NEW_SECRET, SECRET, WEBHOOK, comment, send, stored


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
