"""What becomes a baseline, by itself or by a person, and what is taken back, on a real Postgres."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from db.baselines import NothingToPromoteError, VerdictForbidsError, demote, list_baselines, promote
from db.codec import to_json
from db.lineages import results_of
from db.promotions import Action
from db.runs import get_run, retry_run
from db.session import transaction
from db.states import RunState
from db.tables import Run
from db.tables_baselines import LineageResult, Promotion
from evals.result import Verdict
from evals.spec import PullRequest, Role, Submission
from tests.integration.workers.baseline_world import (
    LINEAGE,
    MAIN,
    PLAIN,
    answer,
    baseline_run,
    fail,
    finished,
    log,
    promoted,
    reported,
    submitted,
)

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def test_a_passed_run_tagged_main_becomes_the_baseline_by_itself_once() -> None:
    run_id, report = finished(MAIN)
    assert report.verdict is Verdict.PASS
    assert log() == [("promoted", "main passed", run_id)]
    with transaction() as session:
        (result,) = results_of(session, run_id)
        assert promote(session, run_id, actor="ann", reason="again") == []
    deciding = result.metrics["exact_match,strict-match"]
    assert (result.role, result.verdict, result.partial, result.tags) == (Role.CANDIDATE, "pass", None, ("main",))
    assert (deciding["value"], deciding["n"], deciding["decides"]) == (1.0, 300, True)
    assert result.fingerprint["sampling"]["max_tokens"] == "128"
    assert result.fingerprint_sha256 == report.fingerprints[0].candidate_sha256


@pytest.mark.parametrize(
    ("submission", "wrong"),
    [
        (PLAIN, 0),
        (MAIN, 60),
        (replace(MAIN, limit=300), 0),
        (replace(MAIN, pull_request=PullRequest(repository="o/r", number=1)), 0),
    ],
)
def test_a_run_that_is_not_mains_or_failed_or_a_part_or_of_a_pull_request_never_does(
    submission: Submission, wrong: int
) -> None:
    run_id, _ = finished(submission, wrong=wrong)
    with transaction() as session:
        assert len(results_of(session, run_id)) == 1
        assert list_baselines(session) == []


def test_a_side_that_lacks_answers_is_no_result_and_nobody_can_promote_it() -> None:
    run_id, report = finished(MAIN, missing=5)
    assert report.verdict is Verdict.INCOMPARABLE
    with transaction() as session:
        assert results_of(session, run_id) == []
    with pytest.raises(NothingToPromoteError, match="no whole result"):
        promoted(run_id, despite_verdict=True)


def test_a_run_with_a_failed_job_is_no_result_until_its_retry_has_passed() -> None:
    run_id, jobs = submitted(MAIN)
    answer(jobs[Role.BASELINE])
    fail(jobs[Role.CANDIDATE])
    assert reported(run_id).verdict is Verdict.ERROR
    with pytest.raises(NothingToPromoteError):
        promoted(run_id)
    with transaction() as session:
        retry_run(session, run_id)
    answer(jobs[Role.CANDIDATE])
    assert reported(run_id).verdict is Verdict.PASS
    assert baseline_run() == run_id


def test_a_failed_run_is_promoted_only_when_a_person_insists() -> None:
    run_id, report = finished(MAIN, wrong=60)
    assert report.verdict is Verdict.FAIL
    with pytest.raises(VerdictForbidsError, match="the verdict about gsm8k is fail"):
        promoted(run_id)
    assert baseline_run() is None
    assert promoted(run_id, despite_verdict=True) == 1
    assert baseline_run() == run_id


def test_a_demotion_brings_the_baseline_before_it_back_and_history_keeps_all() -> None:
    first, _ = finished(MAIN)
    second, _ = finished(MAIN)
    assert baseline_run() == second
    with transaction() as session:
        demote(session, second, actor="bob", reason="wrong driver")
    assert baseline_run() == first
    with transaction() as session, pytest.raises(NothingToPromoteError, match="no result of run"):
        demote(session, second, actor="bob", reason="again")
    assert promoted(first) == 0
    assert promoted(second) == 1
    assert log() == [
        ("promoted", "ann", second),
        ("demoted", "bob", second),
        ("promoted", "main passed", second),
        ("promoted", "main passed", first),
    ]
    with transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Promotion)) == 4
        measured = sa.select(LineageResult.run_id).where(LineageResult.lineage == LINEAGE.key)
        assert session.scalars(measured.order_by(LineageResult.id)).all() == [first, second]
        assert [one.action for one in list_baselines(session)] == [Action.PROMOTED]


def of_the_past(run_id: str) -> None:
    with transaction() as session:
        gone = to_json(replace(MAIN, suite="a suite of the past"))
        session.execute(sa.update(Run).where(Run.id == run_id).values(submission=gone))


def test_what_the_jobs_were_asked_is_the_lineage_whatever_became_of_the_suite() -> None:
    run_id, jobs = submitted(MAIN)
    for job in jobs.values():
        answer(job)
    of_the_past(run_id)
    assert reported(run_id).verdict is Verdict.PASS
    assert baseline_run() == run_id


def test_a_report_without_findings_ends_its_run_whatever_else_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no points today")

    monkeypatch.setattr("db.reports.save_points", broken)
    run_id, report = finished(MAIN)
    assert "no points today" in report.headline
    with transaction() as session:
        assert get_run(session, run_id).state is RunState.FINISHED
