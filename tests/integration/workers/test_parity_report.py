"""A run's report of parity on a real Postgres: who is held against whom, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.settings import settings
from evals.errors import InvalidSubmissionError
from evals.result import Verdict
from evals.spec import Role
from tests.integration.workers.parity_world import (
    AUTO,
    ERROR,
    FACTS,
    FLOOR,
    SUBMISSION,
    check,
    finish,
    hear,
    heard_by_all,
    observation,
    parity_run,
    report_of_run,
    with_options,
)
from workers.rescoring import rescore_run

pytestmark = pytest.mark.usefixtures("database", "redis_url")


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
