"""What a parity run's report makes of companions that were lost or do not fit, on a real Postgres."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from cli.tables import print_report
from db.jobs import jobs_of
from db.runs import get_run, request_cancel, retry_run
from db.session import transaction
from db.states import JobState, RunState
from evals.parity.records import CHUNK
from evals.render.markdown import render_markdown
from evals.result import Verdict
from evals.spec import EngineSpec, Role
from tests.integration.workers.parity_world import (
    AUTO,
    ERROR,
    FLOOR,
    SUBMISSION,
    check,
    fail,
    finish,
    hear,
    heard_by_all,
    observation,
    parity_run,
    report_of_run,
)

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def test_a_reference_that_does_not_fit_leaves_a_fixed_tolerance_and_says_so() -> None:
    run_id, jobs = heard_by_all(without=Role.REFERENCE)
    fail(jobs[Role.REFERENCE], "CUDA out of memory")
    assert finish(run_id)
    report = report_of_run(run_id)
    (result,) = report.parity
    assert report.verdict is Verdict.PASS
    assert "the float32 reference was not measured: CUDA out of memory" in result.calibration
    assert check(result, "prefill").floor is None
    assert check(result, "chunk").verdict is Verdict.PASS
    assert report.companions[0].error is not None
    markdown = render_markdown(report)
    assert "failed: CUDA out of memory" in markdown
    console = Console(width=300)
    with console.capture() as shown:
        print_report(console, report)
    assert "reference: CUDA out of memory" in shown.get()


def test_a_lost_chunked_job_leaves_its_own_question_open_and_no_other() -> None:
    run_id, jobs = heard_by_all(without=Role.CHUNKED)
    fail(jobs[Role.CHUNKED], "no such argument")
    assert finish(run_id)
    report = report_of_run(run_id)
    (result,) = report.parity
    assert report.verdict is Verdict.INCONCLUSIVE
    assert {item.name: item.verdict for item in result.checks if item.verdict is not Verdict.PASS} == {
        "chunk": Verdict.INCONCLUSIVE
    }
    assert "was not measured: no such argument" in check(result, "chunk").reasons[0]
    assert "no such argument" not in result.calibration


def test_a_lost_companion_can_be_tried_again_and_the_next_report_is_whole() -> None:
    run_id, jobs = heard_by_all(without=Role.CHUNKED)
    fail(jobs[Role.CHUNKED], "it died")
    finish(run_id)
    assert report_of_run(run_id).verdict is Verdict.INCONCLUSIVE
    with transaction() as session:
        (again,) = retry_run(session, run_id)
    with transaction() as session:
        job = next(job for job in jobs_of(session, run_id) if job.id == again)
        assert (job.role, get_run(session, run_id).state) == (Role.CHUNKED, RunState.QUEUED)
    hear(job, observation(ERROR, full=False))
    assert finish(run_id)
    assert report_of_run(run_id).verdict is Verdict.PASS


def test_a_run_waits_for_its_companions_and_a_cancel_ends_them_too() -> None:
    run_id, _ = heard_by_all(without=Role.CHUNKED)
    assert not finish(run_id)
    with transaction() as session:
        assert request_cancel(session, run_id) == []
        assert [job.state for job in jobs_of(session, run_id)] == [*[JobState.SUCCEEDED] * 3, JobState.CANCELLED]
    assert finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "its job is cancelled" in check(report.parity[0], "chunk").reasons[0]


def test_a_failed_side_is_an_error_whatever_the_companions_heard() -> None:
    run_id, jobs = heard_by_all(without=Role.BASELINE)
    fail(jobs[Role.BASELINE], "it died")
    finish(run_id)
    report = report_of_run(run_id)
    assert (report.verdict, report.parity) == (Verdict.ERROR, ())
    assert "baseline (hf) failed: it died" in report.headline


def test_a_companion_that_prefilled_no_smaller_chunks_leaves_its_question_open() -> None:
    run_id, jobs = heard_by_all(without=Role.CHUNKED)
    hear(jobs[Role.CHUNKED], replace(observation(ERROR, full=False), limits={CHUNK: 4096}))
    finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "4,096 tokens is not smaller than the candidate's own of 2,048" in report.headline


def test_a_companion_that_heard_another_model_is_no_reference() -> None:
    run_id, jobs = parity_run()
    for role, job in jobs.items():
        hear(
            job,
            observation(0.0, full=role is Role.CANDIDATE),
            model_files="other" if role is Role.REFERENCE else "m",
        )
    finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.PASS
    assert "the float32 reference cannot be used: the model files differs" in report.parity[0].calibration
    assert "for the reference" in report.parity[0].calibration


def test_a_reference_that_did_not_serve_float32_is_none() -> None:
    run_id, jobs = parity_run(AUTO)
    for role, job in jobs.items():
        hear(job, observation(0.0, full=role is Role.CANDIDATE, dtype="bfloat16"))
    finish(run_id)
    (result,) = report_of_run(run_id).parity
    assert "the float32 reference cannot be used: it served in bfloat16, not in float32" in result.calibration
    assert check(result, "prefill").floor is None


def test_a_candidate_without_chunks_is_not_asked_about_them() -> None:
    run_id, jobs = parity_run(replace(SUBMISSION, candidate=EngineSpec(kind="hf", dtype="bfloat16")))
    assert Role.CHUNKED not in jobs
    for role, job in jobs.items():
        hear(job, observation(0.0 if role is Role.REFERENCE else FLOOR, full=role is Role.CANDIDATE))
    finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.PASS
    assert "chunk" not in [item.name for item in report.parity[0].checks]
