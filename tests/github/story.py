"""A service that is a GitHub App of the stand-in, with real engines and a repository behind a pull request."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from db.settings import Settings
from evals.spec import EngineSpec
from tests.engines.service import DEMO_MODEL, ROOT, Service, free_port
from tests.engines.sglang_repository import SGLangRepository
from tests.github.standin import APP_ID, StandIn
from workers.engines.environments import environment_for

REPOSITORY, NUMBER, SECRET = "org/engine", 12, "hush-hush"
FILE = f"""
version: 1
evaluations:
  - {{suite: demo, model: {DEMO_MODEL}, device: cpu, limit: 8, when: {{labels: [evaluate]}}}}
"""


@dataclass
class Story:
    """The pull request's side of a story: who comments and pushes, and what can be seen on GitHub."""

    github: StandIn
    service: Service
    repository: SGLangRepository
    base: str
    head: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def says(self, login: str, body: str, *, copies: int = 1, number: int = NUMBER) -> int:
        """Write a comment, and deliver its webhook so many times; return the comment's id."""
        comment_id = self.github.add_comment(REPOSITORY, number, body, login=login)
        comment = {"id": comment_id, "body": body, "user": {"login": login, "type": "User"}}
        issue = {"number": number, "pull_request": {}}
        payload = {"action": "created", "issue": issue, "comment": comment, "sender": comment["user"]}
        for _ in range(copies):
            self.deliver("issue_comment", payload)
        return comment_id

    def pushes(self, text: str, *, told: bool = True) -> str:
        """Push a commit to the pull request; told: whether its webhook arrives."""
        self.repository.write_model(text)
        self.head = self.repository.commit(f"refs/pull/{NUMBER}/head")
        self.open()
        if told:
            payload = {"action": "synchronize", "pull_request": {"number": NUMBER}}
            self.deliver("pull_request", payload | {"sender": {"login": "alice", "type": "User"}})
        return self.head

    def open(self, number: int = NUMBER, **changes: Any) -> None:
        """Let GitHub show a pull request with the head."""
        values = {"head_sha": self.head, "base_sha": self.base, "head_repo": REPOSITORY} | changes
        self.github.add_pull(REPOSITORY, number, **values)
        self.github.merge_bases[REPOSITORY, self.base, self.head] = self.base

    def deliver(self, event: str, payload: dict[str, Any], *, delivery: str | None = None) -> httpx.Response:
        """Send a webhook as GitHub does."""
        whole = {**payload, "repository": {"full_name": REPOSITORY}, "installation": {"id": 99}}
        body = json.dumps(whole).encode()
        headers = {
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or f"delivery-{next(self.numbers)}",
            "Content-Type": "application/json",
        }
        url = f"http://127.0.0.1:{self.service.port}/api/v1/github/webhook"
        answer = httpx.post(url, content=body, headers=headers, timeout=30)
        assert answer.status_code == 202, answer.text
        return answer

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs of the service, the oldest first."""
        with self.service.http as client:
            found: list[dict[str, Any]] = client.get("/submissions").raise_for_status().json()["items"]
        return found[::-1]

    def check(self) -> dict[str, Any] | None:
        """Return the latest check run of the head, if there is one."""
        found = self.github.checks_of(self.head)
        return found[-1] if found else None

    def ours(self, number: int = NUMBER) -> list[str]:
        """Return the texts of the bot's comments."""
        found = self.github.comments_on(REPOSITORY, number)
        return [one["body"] for one in found if one["performed_via_github_app"]]

    def reactions(self, comment_id: int) -> list[str]:
        return [content for about, content in self.github.reactions if about == comment_id]


def until(holds: Callable[[], Any], what: str, *, timeout_s: float = 240) -> Any:
    """Wait for something, and return it."""
    deadline = time.monotonic() + timeout_s
    while not (found := holds()):
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.1)
    return found


@contextmanager
def story(engines_home: Path, folder: Path, github: StandIn) -> Iterator[Story]:
    """Start a service for a repository whose main branch is the installed engine, and open a pull request there."""
    installed = environment_for(EngineSpec(kind="sglang"), Settings(home=engines_home))
    assert installed.package is not None
    repository = _repository(folder, installed.package)
    base = repository.commit("refs/heads/main")
    repository.write_model()
    head = repository.commit(f"refs/pull/{NUMBER}/head")
    service = Service(home=folder / "home", port=free_port())
    service.home.mkdir()
    (service.home / "engines").symlink_to(engines_home / "engines")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _settings(folder, github).items():
            patch.setenv(f"PLUMBLINE_{name}", value)
        with service.up():
            told = Story(github=github, service=service, repository=repository, base=base, head=head)
            told.open()
            github.permissions |= {
                (REPOSITORY, "alice"): ("write", "write"),
                (REPOSITORY, "maria"): ("maintain", "write"),
            }
            github.permissions[REPOSITORY, "rita"] = ("read", "read")
            github.files[REPOSITORY, ".plumbline.yml", base] = FILE.encode()
            yield told


def _repository(folder: Path, package: Path) -> SGLangRepository:
    """Return a repository that hands out any commit, as GitHub does, at the address owner/name."""
    repository = SGLangRepository(folder / "code", package)
    repository.commit(f"refs/tags/v{repository.version}")
    with (repository.bare / "config").open("a") as config:
        config.write("[uploadpack]\n\tallowAnySHA1InWant = true\n")
    (folder / "code" / REPOSITORY).parent.mkdir()
    (folder / "code" / REPOSITORY).symlink_to(repository.bare)
    return repository


def _settings(folder: Path, github: StandIn) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return {
        "CODE_REPOSITORIES": str(folder / "code"),
        "GITHUB_APP_ID": APP_ID,
        "GITHUB_PRIVATE_KEY_PATH": str(folder / "key.pem"),
        "GITHUB_WEBHOOK_SECRETS": SECRET,
        "GITHUB_REPOSITORIES": REPOSITORY,
        "GITHUB_API_URL": github.url,
        "GITHUB_WEB_URL": f"file://{folder / 'code'}",
        "GITHUB_MODEL_ROOTS": str(ROOT / "demo"),
    }
