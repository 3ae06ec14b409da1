"""What GitHub would say, told to the handlers directly; the whole way over HTTP is played in tests/github."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from typing import Any

from db.github_deliveries import DeliveryRecord, NewDelivery, list_deliveries, store_delivery
from db.github_messages import claim_messages
from db.runs import RunRecord, list_runs
from db.session import transaction
from workers.github.client import PullRequest
from workers.github.deliveries import process

REPOSITORY = "org/engine"
HEAD, NEXT, BASE, FORKED = "a" * 40, "c" * 40, "b" * 40, "d" * 40
FILE = b"""
version: 1
may_ask: [helper]
evaluations:
  - {suite: demo, model: org/small, device: cpu, limit: 20, when: {labels: [evaluate], paths: ["models/*"]}}
"""
OURS = PullRequest(
    number=12,
    head_sha=HEAD,
    head_repo=REPOSITORY,
    base_sha=BASE,
    is_fork=False,
    state="open",
    author="alice",
    labels=(),
)
_numbers = itertools.count(1)


@dataclass
class Hub:
    """The answers of one installation's client, and what it was told."""

    pull: PullRequest = OURS
    files: dict[tuple[str, str], bytes] = field(default_factory=lambda: {(".plumbline.yml", BASE): FILE})
    roles: dict[str, str] = field(
        default_factory=lambda: {"alice": "write", "maria": "maintain", "tom": "triage", "helper": "read"}
    )
    paths: tuple[str, ...] = ()
    told: list[tuple[str, Any]] = field(default_factory=list)
    trouble: Exception | None = None

    def permission(self, owner: str, repo: str, login: str) -> str:
        self._answer()
        return self.roles.get(login, "none")

    def pull_request(self, owner: str, repo: str, number: int) -> PullRequest:
        self._answer()
        return self.pull

    def file(self, owner: str, repo: str, path: str, ref: str, limit_bytes: int) -> bytes | None:
        self._answer()
        found = self.files.get((path, ref))
        return None if found is None else found[: limit_bytes + 1]

    def changed_paths(self, owner: str, repo: str, number: int) -> tuple[str, ...]:
        return self.paths

    def merge_base(self, owner: str, repo: str, base: str, head: str) -> str:
        assert (base, head) == (self.pull.base_sha, self.pull.head_sha)
        return BASE

    def react(self, owner: str, repo: str, comment_id: int, content: str) -> None:
        self.told.append((content, comment_id))

    def reply(self, owner: str, repo: str, number: int, body: str) -> int:
        self.told.append(("reply", body))
        return next(_numbers)

    def fork(self, head: str = FORKED) -> None:
        self.pull = replace(self.pull, head_sha=head, head_repo="stranger/engine", is_fork=True)

    def push(self, head: str = NEXT) -> None:
        self.pull = replace(self.pull, head_sha=head)

    def _answer(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def says(login: str, body: str, *, comment_id: int | None = None, delivery: str | None = None) -> DeliveryRecord:
    """Let somebody comment, and the webhook be worked at."""
    said = {"id": comment_id or next(_numbers), "body": body, "user": {"login": login, "type": "User"}}
    return comes("issue_comment", {"action": "created", "comment": said}, sender=login, delivery=delivery)


def happens(action: str, *, sender: str = "alice", label: str | None = None) -> DeliveryRecord:
    """Let something happen to the pull request."""
    extra = {"label": {"name": label}} if label else {}
    return comes("pull_request", {"action": action, **extra}, sender=sender)


def comes(event: str, payload: dict[str, Any], *, sender: str, delivery: str | None = None) -> DeliveryRecord:
    delivery_id = store(event, payload, sender=sender, delivery=delivery)
    process(delivery_id)
    return delivery_of(delivery_id)


def store(event: str, payload: dict[str, Any], *, sender: str = "alice", delivery: str | None = None) -> str:
    delivery_id = delivery or f"delivery-{next(_numbers)}"
    new = NewDelivery(
        id=delivery_id,
        event=event,
        action=payload["action"],
        installation_id=99,
        repository=REPOSITORY,
        number=12,
        sender=sender,
        body=json.dumps(payload | {"n": next(_numbers)}).encode(),
    )
    with transaction() as session:
        assert store_delivery(session, new)
    return delivery_id


def delivery_of(delivery_id: str) -> DeliveryRecord:
    with transaction() as session:
        return next(one for one in list_deliveries(session, limit=200) if one.id == delivery_id)


def runs() -> list[RunRecord]:
    """Return all runs, the oldest first."""
    with transaction() as session:
        return list_runs(session)[::-1]


def waiting_messages() -> list[tuple[str, str]]:
    """Return the kinds and bodies of what is to be said."""
    with transaction() as session:
        return [(message.kind.value, message.body) for message in claim_messages(session)]
