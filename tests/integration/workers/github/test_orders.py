"""Commands in comments: what each brings about, who may give it, and what a fork's code waits for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from db.baselines import list_baselines
from db.claims import claim_job, end_job
from db.github_deliveries import DeliveryState
from db.github_pulls import evaluations_of, find_pull, is_approved
from db.jobs import jobs_of
from db.runs import RunRecord, finish_run, lock_run
from db.session import transaction
from db.settings import settings
from db.states import JobState, RunState
from db.tables import Run
from evals.baseline import BaselineKind
from tests.integration.workers.baseline_world import answer, reported
from tests.integration.workers.github.hub import BASE, FORKED, HEAD, NEXT, Hub, happens, runs, says, waiting_messages


def ended(run: RunRecord, verdict: str = "pass", state: JobState = JobState.SUCCEEDED) -> None:
    """Let a run end as its worker and its report would."""
    with transaction() as session:
        for job in jobs_of(session, run.id):
            claim = claim_job(
                session, job.id, worker="h/1", host="h", lease_s=60, choose=lambda job, held: [f"cpu:{len(held)}"]
            )
            assert claim is not None
            lock_run(session, run.id)
            end_job(session, claim.lease, state, error=None)
        finish_run(session, run.id)
        row = session.get_one(Run, run.id)
        row.state, row.verdict, row.headline = RunState.FINISHED, verdict, "as told"
        row.finished_at = row.created_at


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


def test_a_folder_runs_only_below_what_the_operator_has_opened(hub: Hub, tmp_path: Path) -> None:
    says("alice", f"/plumbline run demo model={tmp_path}/models/small")
    says("alice", f"/plumbline run demo model={tmp_path}/models/../secret")
    assert [run.submission.model.path for run in runs()] == [f"{tmp_path}/models/small"]


def test_code_that_the_operator_does_not_permit_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_CODE_REPOSITORIES", "https://github.com/other")
    settings.cache_clear()
    assert "no repository from which this service fetches" in str(says("alice", "/plumbline run demo").outcome)
    assert runs() == []


@pytest.mark.parametrize("login", ["nobody", "reader", "tom"])
def test_a_stranger_starts_nothing_and_is_told_why_once(hub: Hub, login: str) -> None:
    hub.roles["reader"] = "read"
    says(login, "/plumbline run demo")
    assert [kind for kind, _ in waiting_messages()] == ["reaction", "reply"]
    says(login, "/plumbline cancel\n/plumbline promote")
    assert waiting_messages() == [("reaction", "-1")]
    assert runs() == []
    assert hub.told == []


@pytest.mark.parametrize("login", ["alice", "maria", "helper", "HELPER", "Listed"])
def test_permission_or_a_list_lets_somebody_ask(hub: Hub, login: str) -> None:
    says(login, "/plumbline run demo")
    assert len(runs()) == 1


def test_a_forks_code_waits_for_a_maintainer_who_names_its_head(hub: Hub) -> None:
    hub.fork()
    for login, words in (("alice", ""), ("maria", ""), ("alice", f" head={FORKED}"), ("listed", f" head={FORKED}")):
        says(login, f"/plumbline run demo{words}")
    says("maria", f"/plumbline run demo head={HEAD}")
    assert says("maria", f"/plumbline run demo head={FORKED[:12]}").outcome == f"{FORKED[:12]!r} is no whole commit"
    assert runs() == []
    replies = [body for kind, body in waiting_messages() if kind == "reply"]
    assert f"/plumbline run demo head={FORKED}" in replies[0]
    says("maria", f"/plumbline run demo head={FORKED}")
    (run,) = runs()
    assert run.submission.candidate.source == f"git:https://github.com/org/engine@{FORKED}"
    says("alice", "/plumbline run demo limit=3")
    assert len(runs()) == 2, "the approved head is approved for all who may ask"


def test_a_push_to_a_fork_needs_a_new_approval_and_ends_what_ran(hub: Hub) -> None:
    hub.fork()
    says("maria", f"/plumbline run demo head={FORKED}")
    hub.fork(NEXT)
    assert "the fork's head is not approved" in str(says("alice", "/plumbline run demo").outcome)
    assert [run.cancel_requested for run in runs()] == [True]
    with transaction() as session:
        pull = find_pull(session, "org/engine", 12)
        assert pull is not None
        assert is_approved(session, pull.id, FORKED)
        assert not is_approved(session, pull.id, NEXT)


def test_a_head_that_was_pushed_meanwhile_is_not_what_was_named(hub: Hub) -> None:
    hub.fork(NEXT)
    assert "is not the head" in str(says("maria", f"/plumbline run demo head={FORKED}").outcome)
    assert runs() == []


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


def test_promote_takes_a_maintainer(hub: Hub) -> None:
    says("alice", "/plumbline run demo")
    assert says("alice", "/plumbline promote").outcome == "no maintainer"
    assert says("maria", "/plumbline promote").outcome == "nothing to promote"
    ended(runs()[0])
    assert "no whole result to promote" in str(says("maria", "/plumbline promote reason=good").outcome)


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
