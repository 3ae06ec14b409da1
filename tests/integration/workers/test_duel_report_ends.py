"""What a failed, cancelled or broken duel leaves of its run's report, on a real Postgres."""

from __future__ import annotations

import pytest

from db.runs import request_cancel
from db.session import transaction
from db.settings import settings
from db.states import JobState
from evals.errors import InvalidSubmissionError
from evals.result import Verdict
from evals.spec import Role
from tests.integration.workers.duel_world import WITH_GSM8K, answer, duel_run, end, measure, passes, report_of_run
from workers.reporting import broken_report
from workers.rescoring import rescore_run

pytestmark = pytest.mark.usefixtures("database", "redis_url")

DIED = {
    "code": "engine_died", "message": "the baseline (hf): it died", "remedy": "look", "details": {"side": "baseline"}
}  # fmt: skip


def test_a_failed_duel_makes_the_run_an_error_that_names_its_engine_once() -> None:
    run_id, jobs = duel_run()
    end(jobs[Role.DUEL], JobState.FAILED, DIED)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.ERROR
    assert report.reasons == (report.headline,)
    assert "the baseline (hf): it died" in report.headline
    assert report.serving == ()
    assert (report.candidate.state, report.candidate.error) == ("not measured", None)


def test_a_failed_duel_spoils_a_run_whose_other_jobs_are_good() -> None:
    run_id, jobs = duel_run(WITH_GSM8K)
    assert list(jobs) == [Role.CANDIDATE, Role.BASELINE, Role.DUEL]
    for role in (Role.CANDIDATE, Role.BASELINE):
        answer(role, jobs)
    end(jobs[Role.DUEL], JobState.FAILED, DIED)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.ERROR
    assert "it died" in report.headline


def test_a_cancelled_duel_says_so() -> None:
    run_id, jobs = duel_run()
    with transaction() as session:
        assert request_cancel(session, run_id) == []
    report = report_of_run(run_id)
    assert report.verdict is Verdict.ERROR
    assert "cancelled" in report.headline
    assert jobs[Role.DUEL].spec.opponent is not None


def test_a_broken_report_of_a_run_with_nothing_but_a_duel_is_still_a_report() -> None:
    run_id, jobs = duel_run()
    measure(jobs[Role.DUEL], passes(1.0))
    with transaction() as session:
        broken = broken_report(session, run_id, "ValueError: x")
    assert broken.verdict is Verdict.ERROR
    assert "ValueError: x" in broken.headline
    assert broken.candidate.engine == "sglang"


def test_a_run_with_nothing_but_a_duel_cannot_be_rescored_and_says_why() -> None:
    run_id, jobs = duel_run()
    measure(jobs[Role.DUEL], passes(1.0))
    report_of_run(run_id)
    with pytest.raises(InvalidSubmissionError, match="has the scorer"):
        rescore_run(run_id, "flexible-extract", settings())
