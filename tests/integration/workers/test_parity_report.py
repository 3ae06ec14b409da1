"""A run's report of parity on a real Postgres: who is held against whom, and what a lost companion changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from cli.tables import print_report
from db.jobs import JobRecord, jobs_of
from db.reports import latest_report
from db.runs import get_run, request_cancel, retry_run
from db.session import transaction
from db.settings import settings
from db.states import JobState, RunState
from evals.errors import InvalidSubmissionError
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.records import CHUNK
from evals.render.markdown import render_markdown
from evals.result import Report, Verdict
from evals.spec import EngineSpec, Role
from tests.integration.workers.parity_world import (
    FACTS,
    SUBMISSION,
    fail,
    finish,
    hear,
    observation,
    parity_run,
    with_options,
)
from workers import tasks
from workers.rescoring import rescore_run

pytestmark = pytest.mark.usefixtures("database", "redis_url")

FLOOR, ERROR = 0.01, 0.012


def report_of_run(run_id: str) -> Report:
    tasks.write_report(run_id)
    with transaction() as session:
        assert get_run(session, run_id).state == RunState.FINISHED
        return latest_report(session, run_id)


def check(result: ParityResult, name: str) -> ParityCheck:
    return next(check for check in result.checks if check.name == name)


def heard_by_all(*, without: Role | None = None) -> tuple[str, dict[Role, JobRecord]]:
    run_id, jobs = parity_run()
    shifts = {Role.CANDIDATE: ERROR, Role.BASELINE: FLOOR, Role.REFERENCE: 0.0, Role.CHUNKED: ERROR}
    for role, job in jobs.items():
        if role is not without:
            hear(job, observation(shifts[role], full=role is Role.CANDIDATE))
    return run_id, jobs


def test_the_tolerance_is_calibrated_by_the_reference_and_every_check_decides() -> None:
    run_id, _ = heard_by_all()
    assert finish(run_id)
    report = report_of_run(run_id)
    (result,) = report.parity
    assert report.verdict is Verdict.PASS
    assert report.headline == result.headline
    assert [item.name for item in result.checks] == ["tokens", "prefill", "decode", "output", "batch", "cache", "chunk"]
    prefill = check(result, "prefill")
    assert prefill.floor is not None
    assert prefill.value is not None
    assert any(spread.ratio == pytest.approx(ERROR / FLOOR) for spread in prefill.spreads)
    assert [row.verdict for row in report.comparisons] == [Verdict.PASS] * 7
    assert all(row.decides for row in report.comparisons)
    assert [side.role for side in report.companions] == ["reference", "chunked"]
    assert report.companions[0].settings["dtype"] == "float32"


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


@pytest.mark.parametrize(
    ("facts", "model_files", "said"),
    [(FACTS, "other", "model files"), ({**FACTS, "prompts_sha256": "q"}, "m", "prompts")],
)
def test_sides_of_other_models_or_prompts_are_incomparable(facts: dict[str, str], model_files: str, said: str) -> None:
    run_id, jobs = parity_run()
    for role, job in jobs.items():
        other = role is Role.BASELINE
        heard = observation(0.0, full=role is Role.CANDIDATE, facts=facts if other else FACTS)
        hear(job, heard, model_files=model_files if other else "m")
    finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.INCOMPARABLE
    assert said in report.headline
    assert report.parity[0].verdict is Verdict.INCOMPARABLE


def test_servers_that_made_other_tokens_of_the_same_texts_fail_with_the_diff() -> None:
    run_id, jobs = parity_run(with_options(SUBMISSION, calibrate=False, self_checks=False))
    for role, job in jobs.items():
        heard = observation(0.0, full=False)
        if role is Role.BASELINE:
            other = tuple(replace(one, token_ids=(1, 3)) for one in heard.tokenized)
            heard = replace(heard, tokenized=other, facts={**FACTS, "prompts_sha256": "q"})
        hear(job, heard)
    finish(run_id)
    (result,) = report_of_run(run_id).parity
    assert result.verdict is Verdict.FAIL
    assert len(check(result, "tokens").token_differences) == 40
    assert "the prompts sha256 differs" in " ".join(check(result, "prefill").reasons)


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


AUTO = replace(SUBMISSION, candidate=EngineSpec(kind="sglang", device="cuda", gpus=1),
               baseline=EngineSpec(kind="hf", device="cuda", gpus=1))  # fmt: skip


def test_sides_that_served_what_auto_meant_to_each_are_incomparable() -> None:
    run_id, jobs = parity_run(AUTO)
    dtypes = {Role.CANDIDATE: "float16", Role.CHUNKED: "float16"}
    for role, job in jobs.items():
        shift = 0.5 if role in dtypes else 0.0
        hear(job, observation(shift, full=role is Role.CANDIDATE, dtype=dtypes.get(role, "float32")))
    finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.INCOMPARABLE
    assert "the served dtype differs: float16 for the candidate, float32 for the baseline" in report.headline


def test_the_fixed_tolerance_is_that_of_the_dtype_that_was_served() -> None:
    run_id, jobs = parity_run(with_options(AUTO, calibrate=False, self_checks=False))
    for job in jobs.values():
        hear(job, observation(0.0, full=False, dtype="float16"))
    finish(run_id)
    (result,) = report_of_run(run_id).parity
    assert "the one for float16" in result.calibration
    assert "served dtype: float16" in result.coverage


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


def test_a_candidate_far_beyond_the_floor_fails_with_the_headline_of_parity() -> None:
    run_id, jobs = parity_run(with_options(SUBMISSION, self_checks=False))
    assert list(jobs) == [Role.CANDIDATE, Role.BASELINE, Role.REFERENCE]
    shifts = {Role.CANDIDATE: 0.5, Role.BASELINE: FLOOR, Role.REFERENCE: 0.0}
    for role, job in jobs.items():
        hear(job, observation(shifts[role], full=False))
    finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.FAIL
    assert report.headline == report.parity[0].headline
    assert [item.name for item in report.parity[0].checks] == ["tokens", "prefill", "decode", "output"]


def test_numbers_that_are_none_are_reported_and_kept() -> None:
    run_id, jobs = parity_run(with_options(SUBMISSION, self_checks=False, calibrate=False))
    for role, job in jobs.items():
        hear(job, observation(float("nan") if role is Role.CANDIDATE else 0.0, full=False))
    finish(run_id)
    report = report_of_run(run_id)
    assert report.verdict is Verdict.FAIL
    assert "no finite number at 11,960 positions" in report.headline


def test_rescoring_finds_nothing_to_rescore_in_parity() -> None:
    run_id, _ = heard_by_all()
    finish(run_id)
    report_of_run(run_id)
    with pytest.raises(InvalidSubmissionError, match="no workload of run") as caught:
        rescore_run(run_id, "mmmu@1", settings())
    assert "stored answers" in caught.value.remedy
