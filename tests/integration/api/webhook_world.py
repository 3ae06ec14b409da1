"""Webhooks as GitHub sends them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from fastapi.testclient import TestClient

from db.github_deliveries import DeliveryState, list_deliveries
from db.session import transaction

WEBHOOK = "/api/v1/github/webhook"
SECRET, NEW_SECRET = "an-old-secret", "a-new-secret"


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
