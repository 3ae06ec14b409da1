"""Commands in comments: what each brings about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.baselines import list_baselines
from db.github_deliveries import DeliveryState
from db.github_pulls import evaluations_of, find_pull
from db.jobs import jobs_of
from db.session import transaction
from db.states import JobState
from evals.baseline import BaselineKind
from tests.integration.workers.baseline_world import answer, reported
from tests.integration.workers.github.hub import BASE, HEAD, Hub, happens, runs, says, waiting_messages
from tests.integration.workers.github.orders_world import ended


def test_a_run_is_bound_to_the_head_and_carries_its_origin(hub: Hub) -> None:
    hub.roles["alice"] = "write"
    delivery = says("alice", "/plumbline run demo limit=5", comment_id=77)
    (run,) = runs()
    assert (delivery.state, delivery.outcome) == (DeliveryState.DONE, f"started {run.id}")
    asked = run.submission
    assert asked.candidate.source == f"git:https://github.com/org/engine@{HEAD}"
    assert (asked.model.path, asked.suite, asked.limit, asked.baseline.kind) == ("org/small", "demo", 5, "hf")
    origin = asked.pull_request
    assert origin is not None
    assert (origin.repository, origin.number, origin.head_sha, origin.comment_id) == ("org/engine", 12, HEAD, 77)
    assert hub.told == [("eyes", 77)]
    assert waiting_messages() == [("reaction", "rocket")]
    with transaction() as session:
        pull = find_pull(session, "org/engine", 12)
        assert pull is not None
        ((evaluated, _),) = evaluations_of(session, pull.id, HEAD)
    assert (evaluated.asked_by, evaluated.why, evaluated.comment_id) == ("alice", "comment", 77)


def test_without_a_suite_all_evaluations_of_the_repository_run(hub: Hub) -> None:
    hub.files[(".plumbline.yml", BASE)] += b"  - {suite: gsm8k, model: org/other, device: cpu, baseline: merge-base}\n"
    says("alice", "/plumbline run")
    first, second = runs()
    assert [first.submission.suite, second.submission.suite] == ["demo", "gsm8k"]
    assert second.submission.baseline.source == f"git:https://github.com/org/engine@{BASE}"
    source = second.submission.baseline_from
    assert source is not None
    assert source.kind is BaselineKind.BACKFILL


def test_the_same_is_not_started_twice_while_it_runs(hub: Hub) -> None:
    says("alice", "/plumbline run demo")
    assert says("alice", "/plumbline run demo").outcome == "it was running already"
    says("alice", "/plumbline run demo limit=3")
    assert len(runs()) == 2


def test_a_suite_that_no_file_names_needs_a_model(hub: Hub) -> None:
    hub.files.clear()
    says("alice", "/plumbline run demo")
    says("alice", "/plumbline run dmo model=org/small")
    says("alice", "/plumbline run")
    assert runs() == []
    replies = [body for kind, body in waiting_messages() if kind == "reply"]
    assert "which model shall demo run on?" in replies[0]
    assert "did you mean &#39;demo&#39;?" in replies[1] or "did you mean 'demo'?" in replies[1]
    assert "names no suite" in replies[2]
    says("alice", "/plumbline run demo model=org/small device=cpu")
    assert [run.submission.model.path for run in runs()] == ["org/small"]


@pytest.mark.parametrize(
    "words",
    [
        "model=/etc", "model=../x", "model=-rf", "model=--trust-remote-code", 'model="a b"', "dtype=evil", "gpus=1.5",
        "gpus=65", "gpus=²", "limit=0", "limit=-1", "limit=1e3", "device=tpu", "baseline=remote", "revision=-x",
        "revision=a;b", "head=abc", "trust-remote-code=1", "host=0.0.0.0", "source=git:https://x/y@z", "args=--x",
        "engine=remote", "base_url=http://169.254.169.254/", "model=a/b/../../c", "gpus=1",
    ],
)  # fmt: skip
def test_what_the_api_refuses_is_refused_here(hub: Hub, words: str) -> None:
    delivery = says("alice", f"/plumbline run demo {words}")
    assert runs() == []
    assert delivery.state == DeliveryState.DONE
    kinds = [kind for kind, _ in waiting_messages()]
    assert kinds == ["reaction", "reply"]


def test_cancel_ends_all_runs_also_one_whose_comment_comes_later(hub: Hub) -> None:
    says("alice", "/plumbline run demo", comment_id=100)
    says("alice", "/plumbline cancel", comment_id=300)
    assert [run.cancel_requested for run in runs()] == [True]
    assert says("alice", "/plumbline run demo", comment_id=200).outcome == "cancelled by a later comment"
    says("alice", "/plumbline run demo", comment_id=400)
    assert [run.cancel_requested for run in runs()] == [True, False]


def test_status_says_how_the_runs_of_the_head_stand(hub: Hub) -> None:
    says("alice", "/plumbline status")
    assert "Nothing was evaluated" in dict(waiting_messages())["reply"]
    says("alice", "/plumbline run demo")
    says("alice", "/plumbline status")
    assert f"run <code>{runs()[0].id}</code>: queued" in dict(waiting_messages())["reply"]


def test_rerun_failed_repeats_failed_jobs_and_makes_failed_runs_anew(hub: Hub) -> None:
    assert says("alice", "/plumbline rerun failed").outcome == "nothing has failed"
    says("alice", "/plumbline run demo\n/plumbline run demo limit=3\n/plumbline run demo limit=4")
    broken, failed, passed = runs()
    ended(broken, "error", JobState.FAILED)
    ended(failed, "fail")
    ended(passed)
    assert says("alice", "/plumbline rerun failed").outcome == "repeated 2 run(s)"
    again = runs()
    assert [run.state for run in again] == ["queued", "finished", "finished", "queued"]
    assert (again[3].submission.limit, again[3].submission.use_cache) == (3, False)


def test_promote_makes_what_the_head_measured_the_baseline(hub: Hub) -> None:
    says("alice", "/plumbline run demo model=org/tiny limit=300")
    (run,) = runs()
    with transaction() as session:
        jobs = jobs_of(session, run.id)
    for job in jobs:
        answer(job)
    assert reported(run.id).verdict == "pass"
    assert says("maria", '/plumbline promote reason="the new release"').outcome == f"promoted {run.id}"
    with transaction() as session:
        (accepted,) = list_baselines(session)
    assert (accepted.result.run_id, accepted.actor, accepted.reason) == (run.id, "github:maria", "the new release")
    assert "Baseline of <code>gsm8k</code>" in dict(waiting_messages())["reply"]


def test_a_misread_line_is_answered_with_the_nearest_command(hub: Hub) -> None:
    says("alice", "/plumbline rnu demo @everyone `x`")
    told = dict(waiting_messages())
    reply = told["reply"]
    assert told["reaction"] == "confused"
    assert "`/plumbline run [SUITE] [key=value ...]`" in reply
    assert "@everyone" not in reply


def test_help_lists_all_commands(hub: Hub) -> None:
    says("alice", "/plumbline help")
    reply = dict(waiting_messages())["reply"]
    for command in ("run", "cancel", "status", "rerun failed", "promote", "head"):
        assert command in reply


def test_a_comment_is_obeyed_once_however_often_it_is_delivered(hub: Hub) -> None:
    says("alice", "/plumbline run demo", comment_id=5)
    ended(runs()[0])
    assert says("alice", "/plumbline run demo", comment_id=5).outcome == "its commands were obeyed before"
    assert len(runs()) == 1


def test_a_closed_pull_request_runs_nothing(hub: Hub) -> None:
    hub.pull = replace(hub.pull, state="closed")
    assert says("alice", "/plumbline run demo").outcome == "the pull request is closed"
    happens("reopened")
    assert runs() == []
