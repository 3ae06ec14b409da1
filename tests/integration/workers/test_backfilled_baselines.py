"""Baselines that were missing, launched beside the candidate and then stored, on a real Postgres."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from db.baselines import list_baselines
from db.lineages import results_of
from db.reports import save_report
from db.runs import finish_run
from db.session import transaction
from evals.result import Verdict
from evals.spec import PullRequest, Role, Submission
from tests.integration.workers.baseline_world import (
    BACKFILL,
    LINEAGE,
    MAIN,
    answer,
    baseline_run,
    fail,
    finished,
    log,
    reported,
    submitted,
)
from workers import tasks
from workers.reporting import report_of

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def test_a_missing_baseline_is_backfilled_and_then_stored() -> None:
    run_id, jobs = submitted(BACKFILL)
    assert list(jobs) == [Role.CANDIDATE, Role.BASELINE]
    answer(jobs[Role.CANDIDATE], wrong=60)
    answer(jobs[Role.BASELINE])
    assert reported(run_id).verdict is Verdict.FAIL
    assert log() == [("promoted", "backfill", run_id)]
    with transaction() as session:
        (one,) = list_baselines(session, lineage=LINEAGE.key)
    found = one.result
    assert (found.job_id, found.verdict, found.role) == (jobs[Role.BASELINE].id, None, Role.BASELINE)
    _, again = submitted(BACKFILL)
    assert list(again) == [Role.CANDIDATE]


def backfilled(submission: Submission = BACKFILL, **baseline: Any) -> str:
    """Return a reported run that launched its baseline; baseline: what is other about it (see `answer`)."""
    run_id, jobs = submitted(submission)
    answer(jobs[Role.CANDIDATE])
    answer(jobs[Role.BASELINE], **baseline)
    reported(run_id)
    return run_id


THERE = replace(LINEAGE, hardware="96 cores")


@pytest.mark.parametrize("hardware", ["2 cores", "96 cores"])
def test_a_backfill_replaces_no_accepted_baseline_on_any_hardware(hardware: str) -> None:
    waiting, jobs = submitted(BACKFILL)
    accepted, _ = finished(MAIN)
    answer(jobs[Role.CANDIDATE])
    answer(jobs[Role.BASELINE], facts={"hardware_class": hardware})
    reported(waiting)
    assert log() == [("promoted", "main passed", accepted)]
    assert baseline_run(THERE) is None


def test_of_backfills_at_once_only_one_is_accepted() -> None:
    waiting = [submitted(BACKFILL) for _ in range(2)]
    for run_id, jobs in waiting:
        for job in jobs.values():
            answer(job)
        with transaction() as session:
            assert finish_run(session, run_id)
    (first, _), (second, _) = waiting
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            save_report(session, report_of(session, first))
            other = pool.submit(tasks._save_report, second, None)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.5)
        other.result(timeout=30)
    assert log() == [("promoted", "backfill", first)]


PULL = PullRequest(repository="o/r", number=1)
BUILT = replace(BACKFILL.baseline, source="git:https://x.org/r@main")
PACKAGED = replace(BACKFILL.baseline, external_package="/code/p")


@pytest.mark.parametrize(
    ("submission", "accepted"),
    [
        (replace(BACKFILL, pull_request=PULL), False),
        (replace(BACKFILL, pull_request=PULL, tags=("main",)), False),
        (replace(BACKFILL, baseline=BUILT), False),
        (replace(BACKFILL, baseline=PACKAGED), False),
        (replace(BACKFILL, baseline=BUILT, tags=("main",)), True),
    ],
)
def test_a_backfill_of_a_pull_request_or_of_code_from_elsewhere_is_accepted_only_with_the_tag_main(
    submission: Submission, accepted: bool
) -> None:
    run_id = backfilled(submission)
    with transaction() as session:
        assert Role.BASELINE in [result.role for result in results_of(session, run_id)]
    assert (("promoted", "backfill", run_id) in log()) is accepted


def test_a_backfill_that_could_not_be_compared_is_not_accepted() -> None:
    run_id = backfilled(found={"prompts_sha256": "q"})
    with transaction() as session:
        assert len(results_of(session, run_id)) == 2
    assert log() == []


def test_a_backfill_that_failed_stores_nothing() -> None:
    run_id, jobs = submitted(BACKFILL)
    answer(jobs[Role.CANDIDATE])
    fail(jobs[Role.BASELINE])
    assert reported(run_id).verdict is Verdict.ERROR
    assert baseline_run() is None
