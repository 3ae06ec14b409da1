"""GitHub's own description of its API refuses no request of the bot, and its own examples of webhooks are taken."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from db.settings import settings
from tests.github.answers import changed_file
from tests.github.contract import examples, validated
from tests.github.examples import MARKER
from tests.github.posting_world import HEAD, NUMBER, REPOSITORY, PullWorld, pull_world, write_key
from tests.github.standin import StandIn, standin
from tests.unit.evals.report_examples import failed, passed
from workers.github.client import installation

OWNER, _, REPO = REPOSITORY.partition("/")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, str, Path]]:
    """The stand-in, the address of what validates the requests to it, and the App's key."""
    folder = tmp_path_factory.mktemp("contract")
    with standin() as github, validated(github.url, folder) as url:
        yield github, url, write_key(folder)


@pytest.fixture
def world(database: str, checked: tuple[StandIn, str, Path]) -> Iterator[PullWorld]:
    github, url, key = checked
    with pull_world(github, key, url) as made:
        yield made


def test_github_takes_every_question_of_the_bot(world: PullWorld) -> None:
    github, bot = world.github, None
    github.add_pull(REPOSITORY, NUMBER, labels=("evaluate",), head_repo="fork/engine")
    github.permissions[REPOSITORY, "dependabot[bot]"] = ("maintain", "write")
    github.files[REPOSITORY, ".plumbline.yml", "main"] = b"version: 1\n"
    github.files[REPOSITORY, "large.yml", "main"] = b"x" * 1_000_001
    github.merge_bases[REPOSITORY, "2" * 40, HEAD] = "3" * 40
    github.paths[REPOSITORY, NUMBER] = [changed_file(f"f{n}") for n in range(120)] + [changed_file("new", "old")]
    bot = installation(99)
    found = bot.pull_request(OWNER, REPO, NUMBER)
    assert (found.is_fork, found.head_repo, found.labels) == (True, "fork/engine", ("evaluate",))
    assert bot.permission(OWNER, REPO, "dependabot[bot]") == "maintain"
    assert bot.permission(OWNER, REPO, "stranger") == "none"
    assert bot.file(OWNER, REPO, ".plumbline.yml", "main", 100) == b"version: 1\n"
    assert bot.file(OWNER, REPO, "nothing.yml", "main", 100) is None
    assert len(bot.file(OWNER, REPO, "large.yml", "main", 100) or b"") == 101
    assert bot.merge_base(OWNER, REPO, "2" * 40, HEAD) == "3" * 40
    assert bot.changed_paths(OWNER, REPO, NUMBER)[-2:] == ("new", "old")
    comment_id = bot.reply(OWNER, REPO, NUMBER, "no such command")
    for content in ("eyes", "rocket", "confused", "-1"):
        bot.react(OWNER, REPO, comment_id, content)
    assert [kind for about, kind in github.reactions if about == comment_id] == ["eyes", "rocket", "confused", "-1"]


def test_github_takes_everything_that_the_bot_writes(world: PullWorld) -> None:
    github = world.github
    old, _ = (github.add_comment(REPOSITORY, NUMBER, f"{n} {MARKER}", ours=True) for n in (1, 2))
    run = world.evaluate()
    for step in (lambda: None, lambda: world.starts(run), lambda: world.ends(run, failed())):
        step()
        world.post()
        assert world.row().last_error is None
    assert github.minimized == [f"IC_{old}"]
    assert world.checks() == [("completed", "failure")]
    world.ends(world.evaluate("b" * 40), passed())
    world.post()
    assert world.row().last_error is None
    assert world.checks("b" * 40) == [("completed", "success")]


def test_what_github_would_refuse_is_refused_here(checked: tuple[StandIn, str, Path]) -> None:
    github, url, _ = checked
    before = len(github.requests)
    headers = {"Authorization": "token ghs_x"}
    wrong = (
        ("check-runs", {"name": "Plumbline"}),
        ("check-runs", {"name": "Plumbline", "head_sha": HEAD, "status": "completed", "conclusion": "passed"}),
        ("issues/1/comments", {"text": "no body"}),
        ("issues/comments/1/reactions", {"content": "thumbs"}),
        ("statuses/1", {"state": "success"}),
    )
    for path, body in wrong:
        answer = httpx.post(f"{url}/repos/{REPOSITORY}/{path}", json=body, headers=headers)
        assert answer.status_code >= 400, path
    assert len(github.requests) == before


def test_githubs_own_webhooks_are_taken(world: PullWorld, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_GITHUB_WEBHOOK_SECRETS", "hush")
    monkeypatch.setenv("PLUMBLINE_GITHUB_REPOSITORIES", "Codertocat/* octokit/* org/*")
    settings.cache_clear()
    told, given = set(), examples()
    comment = next(one for event, one in given if event == "issue_comment" and "installation" in one)
    command = comment | {
        "issue": comment["issue"] | {"pull_request": {}},
        "comment": comment["comment"] | {"body": "/plumbline help"},
    }
    with TestClient(create_app()) as client:
        for number, (event, payload) in enumerate([*given, ("issue_comment", command)]):
            body = json.dumps(payload).encode()
            headers = {
                "X-Hub-Signature-256": "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest(),
                "X-GitHub-Event": event,
                "X-GitHub-Delivery": f"example-{number}",
            }
            answer = client.post("/api/v1/github/webhook", content=body, headers=headers)
            assert answer.status_code == 202, (event, answer.text)
            told.add((event, answer.json()["state"]))
    assert {event for event, state in told if state == "received"} >= {"issue_comment", "pull_request", "installation"}
    assert ("push", "dropped") in told
