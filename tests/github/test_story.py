"""The bot's whole story on the stand-in for GitHub, with real engines: asked for in a comment, told in a check run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.engines.conftest import engines_home  # noqa: F401 - a fixture
from tests.engines.service import job_of
from tests.github.standin import StandIn, standin
from tests.github.story import SECRET, Story, story, until

pytestmark = [pytest.mark.engines, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def told(
    engines_home: Path,  # noqa: F811 - as above
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    with standin() as github, story(engines_home, tmp_path_factory.mktemp("story"), github) as told:
        yield told


@pytest.fixture(autouse=True)
def no_faults(told: Story) -> Iterator[None]:
    yield
    told.github.mend()


def test_a_command_is_evaluated_and_told_although_github_falters(told: Story) -> None:
    github = told.github
    _falters(github)
    refused = told.says("rita", "/plumbline run demo")
    asked = told.says("alice", "/plumbline run demo", copies=2)
    until(told.check, "a check run")
    (run,) = told.runs()
    assert (run["submission"]["pull_request"]["head_sha"], run["submission"]["pull_request"]["comment_id"]) == (
        told.head,
        asked,
    )
    seen = _followed(told)
    assert seen["statuses"] == sorted(seen["statuses"], key=["queued", "in_progress", "completed"].index)
    assert seen["statuses"][-2:] == ["in_progress", "completed"]
    assert seen["environments"]
    assert not any(SECRET in text or "key.pem" in text for text in seen["environments"])
    done = told.service.finished(run["id"])
    check = told.check()
    assert check is not None
    assert check["conclusion"] == {"pass": "success", "fail": "failure"}.get(done["verdict"], "neutral")
    (comment,) = [body for body in told.ours() if "plumbline:comment" in body]
    until(
        lambda: done["verdict"] in told.ours()[0].lower() or done["verdict"] in comment.lower(), "the verdict in words"
    )
    assert job_of(done, "candidate")["facts"]["source_commit"] == told.head
    assert told.reactions(asked) == ["eyes", "rocket"]
    assert told.reactions(refused) == ["-1"]
    assert len(told.runs()) == 1, "the same webhook twice, and a stranger's"


@pytest.mark.slow
def test_a_push_ends_what_runs_and_a_fork_waits(told: Story) -> None:
    before = told.head
    told.says("alice", "/plumbline run demo limit=300")
    run = until(lambda: next((one for one in told.runs() if one["submission"]["limit"] == 300), None), "the run")
    told.pushes('"""Pushed."""\n')
    ended = told.service.finished(run["id"])
    assert {job["state"] for job in ended["jobs"]} == {"cancelled"}
    until(lambda: told.github.checks_of(before)[-1]["conclusion"] == "cancelled", "the old head's check run")
    told.open(head_repo="stranger/engine")
    told.says("alice", "/plumbline run demo")
    told.says("alice", f"/plumbline run demo head={told.head}")
    until(lambda: sum(f"head={told.head}" in body for body in told.ours()) == 2, "the word about the fork")
    assert [one["submission"]["limit"] for one in told.runs()] == [8, 300]


@pytest.mark.slow
def test_a_fork_is_approved_cancelled_and_repeated_while_github_is_down(told: Story) -> None:
    told.open(head_repo="stranger/engine")
    told.says("maria", f"/plumbline run demo head={told.head} baseline=merge-base")
    run = until(lambda: next((one for one in told.runs() if _is_of(one, told.head)), None), "the run")
    assert run["submission"]["baseline"]["source"].endswith(told.base)
    told.says("maria", "/plumbline cancel")
    cancelled = told.service.finished(run["id"])
    assert "cancelled" in {job["state"] for job in cancelled["jobs"]}
    again = told.says("alice", "/plumbline rerun failed")
    until(lambda: told.service.run(run["id"])["state"] != "finished", "the repetition")
    told.github.fail(503, times=10_000)
    done = told.service.finished(run["id"], timeout_s=800)
    assert done["verdict"] not in (None, "error"), done
    told.github.mend()
    check = until(lambda: _completed(told), "the verdict after GitHub came back", timeout_s=700)
    assert check["conclusion"] != "cancelled"
    until(lambda: "rocket" in told.reactions(again), "the reaction")
    told.pushes('"""Pushed again."""\n', told=False)
    told.open(head_repo="stranger/engine")
    told.says("alice", "/plumbline run demo")
    until(lambda: any(f"head={told.head}" in body for body in told.ours()), "the word about the new head")
    assert not any(_is_of(one, told.head) for one in told.runs()), "a new push needs a new approval"


def _falters(github: StandIn) -> None:
    """Let the first of each kind of request fail, in each way in which GitHub does."""
    github.fail(502, times=2, matching="GET .*/permission")
    github.fail(403, matching="POST .*/comments$", headers={"retry-after": "1", "x-ratelimit-remaining": "0"})
    github.fail(0, matching="PATCH .*/check-runs/")


def _followed(told: Story) -> dict[str, list[str]]:
    """Follow the head's check run to its end, and look at what the engines know meanwhile."""
    statuses: list[str] = []
    environments: list[str] = []

    def ended() -> bool:
        check = told.check()
        if check and check["status"] not in statuses[-1:]:
            statuses.append(check["status"])
        with suppress(psutil.Error):
            environments.extend(" ".join(process.environ().values()) for process in told.service.engines())
        return statuses[-1:] == ["completed"]

    until(ended, "the end of the check run", timeout_s=800)
    return {"statuses": statuses, "environments": environments}


def _comments(told: Story) -> list[str]:
    return [body for body in told.ours() if "plumbline:comment" in body]


def _completed(told: Story) -> dict[str, object] | None:
    check = told.check()
    return check if check and check["status"] == "completed" and check["conclusion"] != "cancelled" else None


def _is_of(run: dict[str, dict[str, dict[str, object]]], head: str) -> bool:
    return run["submission"]["pull_request"]["head_sha"] == head
