"""Comment and check run on the stand-in for GitHub, whatever it does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.settings import settings
from tests.github.examples import MARKER
from tests.github.posting_world import NUMBER, REPOSITORY, PullWorld, pull_world, write_key
from tests.github.standin import StandIn, standin
from tests.unit.evals.report_examples import failed, inconclusive, passed
from workers.github import client
from workers.github.calls import TOKENS


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_key(tmp_path_factory.mktemp("key"))


@pytest.fixture
def github() -> Iterator[StandIn]:
    with standin() as running:
        yield running


@pytest.fixture
def world(database: str, github: StandIn, key: Path) -> Iterator[PullWorld]:
    with pull_world(github, key, github.url) as made:
        yield made


def writes(github: StandIn) -> list[str]:
    """Return what was written, without tokens."""
    return [f"{one.method} {one.path}" for one in github.requests if one.method != "GET" and "/app/" not in one.path]


def test_one_comment_and_one_check_run_follow_a_run_to_its_verdict(world: PullWorld, github: StandIn) -> None:
    run = world.evaluate()
    world.post()
    assert world.checks() == [("queued", None)]
    assert world.comments()[0].startswith("🕒 **Queued:**")
    world.starts(run)
    world.post()
    assert world.checks() == [("in_progress", None)]
    assert "37.5 %: 6 of 16" in world.comments()[0]
    world.ends(run, failed())
    world.post()
    assert world.checks() == [("completed", "failure")]
    assert len(world.comments()) == 1
    assert world.comments()[0].startswith("❌ **Failed:** gsm8k is worse than the baseline")
    assert f"https://plumbline.example.org/runs/{run}" in world.comments()[0]


def test_what_was_told_is_not_told_again(world: PullWorld, github: StandIn) -> None:
    world.ends(world.evaluate(), inconclusive())
    world.post()
    assert world.checks() == [("completed", "neutral")]
    before = writes(github)
    world.post()
    assert writes(github) == before


def test_a_new_head_gets_its_own_check_run_and_the_same_comment(world: PullWorld, github: StandIn) -> None:
    world.ends(world.evaluate(), failed())
    world.post()
    world.ends(world.evaluate("b" * 40), passed())
    world.post()
    assert world.checks() == [("completed", "failure")]
    assert world.checks("b" * 40) == [("completed", "success")]
    assert len(world.comments()) == 1
    assert "<code>bbbbbbbbbb</code>" in world.comments()[0]


def test_a_comment_that_somebody_deleted_is_written_again(world: PullWorld, github: StandIn) -> None:
    run = world.evaluate()
    world.post()
    github.comments.clear()
    world.ends(run, passed())
    world.post()
    assert [text[:12] for text in world.comments()] == ["✅ **Passed:*"]


def test_a_comment_whose_answer_got_lost_is_found_again(world: PullWorld, github: StandIn) -> None:
    world.evaluate()
    github.fail(502, matching="POST .*/comments", after=True)
    world.post()
    assert len(world.comments()) == 1
    assert world.row().comment_id is None
    world.post()
    assert len(world.comments()) == 1
    assert world.row().comment_id is not None


def test_a_check_run_whose_answer_got_lost_is_found_again(world: PullWorld, github: StandIn) -> None:
    world.evaluate()
    github.fail(502, matching="POST .*/check-runs", after=True)
    world.post()
    world.post()
    assert world.checks() == [("queued", None)]


def test_older_comments_of_ours_are_folded_away_and_others_are_left_alone(world: PullWorld, github: StandIn) -> None:
    theirs = github.add_comment(REPOSITORY, NUMBER, f"mine now {MARKER}", login="stranger")
    old, newest = (github.add_comment(REPOSITORY, NUMBER, f"{n} {MARKER}", ours=True) for n in (1, 2))
    world.evaluate()
    world.post()
    assert github.minimized == [f"IC_{old}"]
    assert world.row().comment_id == newest
    assert github.comments[newest]["body"].startswith("🕒 **Queued:**")
    assert github.comments[theirs]["body"] == f"mine now {MARKER}"


def test_where_folding_is_refused_the_old_text_goes(world: PullWorld, github: StandIn) -> None:
    old, _ = (github.add_comment(REPOSITORY, NUMBER, f"{n} {MARKER}", ours=True) for n in (1, 2))
    github.fail(403, matching="POST /graphql", message="Resource not accessible by integration")
    world.evaluate()
    world.post()
    assert github.comments[old]["body"] == "This comment of Plumbline was replaced by another one on this pull request."


@pytest.mark.parametrize(
    ("fault", "wait_s"),
    [
        ({"status": 500}, 5),
        ({"status": 503, "headers": {"Retry-After": "90"}}, 90),
        ({"status": 429, "headers": {"Retry-After": "120"}}, 120),
        ({"status": 403, "headers": {"Retry-After": "75"}, "message": "You have exceeded a secondary rate limit"}, 75),
        ({"status": 403, "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "SOON"}}, 600),
        ({"status": 403, "message": "You have exceeded a secondary rate limit"}, 60),
        ({"status": 429, "headers": {"Retry-After": "Thu, 26 Nov 2026 08:00:00 GMT"}}, 5),
        ({"status": 0}, 5),
        ({"status": 401, "matching": "access_tokens"}, 5),
    ],
)
def test_a_failed_post_loses_no_verdict_and_waits_as_long_as_github_asks(
    world: PullWorld, github: StandIn, fault: dict[str, object], wait_s: float
) -> None:
    run = world.evaluate()
    world.ends(run, failed())
    headers = {name: str(value) for name, value in dict(fault.get("headers", {})).items()}  # type: ignore[call-overload]
    if headers.get("X-RateLimit-Reset"):
        headers["X-RateLimit-Reset"] = str(int(time.time()) + 600)
    github.fail(**{**fault, "headers": headers, "times": 99})  # type: ignore[arg-type]
    TOKENS.cleanup()
    world.post()
    assert world.wait_s() == pytest.approx(wait_s, abs=2.5)
    assert world.row().tries == 1
    assert world.row().last_error
    assert "ghs_" not in world.row().last_error
    assert world.comments() == []
    github.mend()
    world.post()
    assert world.verdict(run) == "fail"
    assert world.checks() == [("completed", "failure")]
    assert world.comments()[0].startswith("❌ **Failed:**")
    assert world.row().tries == 0


def test_an_hour_without_github_only_delays(world: PullWorld, github: StandIn) -> None:
    run = world.evaluate()
    github.fail(500, times=10_000)
    world.post()
    world.ends(run, passed())
    waits = []
    for _ in range(8):
        world.post()
        waits.append(round(world.wait_s(), -1))
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(600, abs=2)
    github.mend()
    world.post()
    assert world.checks() == [("completed", "success")]
    assert [text[:12] for text in world.comments()] == ["✅ **Passed:*"]


def test_a_silent_github_is_given_up_after_the_timeout(
    world: PullWorld, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.2)
    world.evaluate()
    github.fail(0, times=1, stall_s=4.0, matching="check-runs")
    started = time.monotonic()
    world.post()
    assert time.monotonic() - started < 3.5
    assert "does not answer" in (world.row().last_error or "")


def test_without_an_app_a_post_is_put_off(world: PullWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.evaluate()
    monkeypatch.delenv("PLUMBLINE_GITHUB_APP_ID")
    settings.cache_clear()
    world.post()
    assert world.row().last_error == "no GitHub App is set up"
