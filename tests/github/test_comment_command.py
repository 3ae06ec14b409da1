"""`plumbline github comment`: what a workflow posts, with the workflow's token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from cli.main import app
from db.codec import to_json
from db.tokens import TokenRole
from tests.github.examples import MARKER
from tests.github.posting_world import PullWorld
from tests.github.standin import StandIn, standin
from tests.integration.api.world import token_of
from tests.unit.evals.report_examples import failed, passed

HEAD, REPOSITORY = "a" * 40, "org/engine"
Command = Callable[..., str]


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standin() as running:
        running.add_pull(REPOSITORY, 12, head_sha=HEAD)
        monkeypatch.setenv("GITHUB_API_URL", running.url)
        monkeypatch.setenv("GITHUB_TOKEN", "ghs_workflow")
        monkeypatch.setattr("cli.github_comment._WAITS_S", (0.0, 0.0))
        yield running


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run the command on a result; return its output, which begins with "error:" when it fails."""

    def run(*options: str, result: object = None) -> str:
        file = tmp_path / "result.json"
        file.write_text(json.dumps(result if result is not None else {"run": {}, "report": to_json(failed())}))
        ended = CliRunner().invoke(app, ["github", "comment", "--result", str(file), *options])
        assert (ended.exit_code == 0) != ended.output.startswith("error:"), ended.output
        return ended.output

    return run


def on_pull(*more: str) -> tuple[str, ...]:
    return ("--repository", REPOSITORY, "--pull", "12", "--author", "plumbline[bot]", *more)


def test_without_a_pull_request_the_comment_is_printed(command: Command) -> None:
    printed = command()
    assert printed.startswith("❌ **Failed:** gsm8k is worse")
    assert "/plumbline" not in printed


def test_one_comment_is_written_and_then_edited(github: StandIn, command: Command) -> None:
    github.add_comment(REPOSITORY, 12, f"not yours {MARKER}", login="stranger")
    command(*on_pull("--head", HEAD, "--check"))
    command(*on_pull("--head", HEAD), result={"report": to_json(passed())})
    texts = [one["body"][:12] for one in github.comments_on(REPOSITORY, 12)]
    assert texts == ["not yours <!", "✅ **Passed:*"]
    assert [one["conclusion"] for one in github.checks_of(HEAD)] == ["failure"]


def test_comments_of_other_names_are_left_alone(github: StandIn, command: Command) -> None:
    command(*on_pull())
    command(*on_pull("--name", "forks"))
    assert len(github.comments_on(REPOSITORY, 12)) == 2


def test_a_result_of_another_head_is_not_posted(github: StandIn, command: Command) -> None:
    assert "is at aaaaaaaaaa, not at bbbbbbbbbb" in command(*on_pull("--head", "b" * 40))
    assert github.comments_on(REPOSITORY, 12) == []


@pytest.mark.parametrize("result", [[], {"report": {}}, {"report": None}, {"report": {"run_id": "@x"}}, "x"])
def test_what_is_no_result_is_refused(github: StandIn, command: Command, result: object) -> None:
    assert "holds no result" in command(*on_pull(), result=result)
    assert github.requests == []


def test_a_github_that_is_away_is_asked_again(github: StandIn, command: Command) -> None:
    github.fail(502, matching="POST .*/comments")
    github.fail(429, matching="GET .*/comments", headers={"Retry-After": "0"})
    command(*on_pull())
    assert len(github.comments_on(REPOSITORY, 12)) == 1


def test_the_service_says_the_comment_while_the_run_is_at_work_and_afterwards(database: str, redis_url: str) -> None:
    world = PullWorld(github=StandIn())
    run = world.submit()
    headers = {"Authorization": f"Bearer {token_of(TokenRole.VIEWER)}"}
    client = TestClient(create_app(), headers=headers)
    url = f"/api/v1/submissions/{run}/comment"
    assert client.get(url).text.startswith("🕒 **Queued:** demo")
    world.ends(run, failed())
    told = client.get(url, params={"head_sha": HEAD, "name": "mine"})
    assert told.headers["content-type"] == "text/markdown; charset=utf-8"
    assert told.text.startswith("❌ **Failed:**")
    assert told.text.endswith("<!-- plumbline:comment:mine -->\n")
    assert "<code>aaaaaaaaaa</code>" in told.text
    assert client.get(url, params={"name": "-->"}).status_code == 422
