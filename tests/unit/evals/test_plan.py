"""Submissions become jobs; suites are read from their files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.errors import InvalidSubmissionError
from evals.metrics import METRICS
from evals.plan import load_suite, plan_jobs, suite_names
from evals.spec import EngineSpec, ModelSpec, Role, Submission

SUBMISSION = Submission(
    model=ModelSpec(path="/m"), candidate=EngineSpec(kind="sglang"), baseline=EngineSpec(kind="hf"), suite="demo"
)


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_loads_and_can_be_judged(name: str) -> None:
    for workload in load_suite(name):
        assert 0 < workload.margin < 1
        assert workload.metric.split(",")[0] in METRICS


def test_a_misspelt_suite_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        load_suite("dmeo")
    assert "did you mean 'demo'" in caught.value.remedy
    assert caught.value.details == {"field": "suite"}


def test_both_sides_run_the_same_workloads_on_the_same_model() -> None:
    candidate, baseline = plan_jobs(SUBMISSION)
    assert (candidate.role, baseline.role) == (Role.CANDIDATE, Role.BASELINE)
    assert (candidate.engine.kind, baseline.engine.kind) == ("sglang", "hf")
    assert candidate.workloads == baseline.workloads == load_suite("demo")
    assert candidate.model == baseline.model


def test_a_limit_cuts_every_workload_on_both_sides() -> None:
    jobs = plan_jobs(replace(SUBMISSION, limit=7))
    assert {workload.limit for job in jobs for workload in job.workloads} == {7}


def test_the_fingerprint_changes_with_what_changes_a_score_and_with_nothing_else() -> None:
    workload = load_suite("demo")[0]
    same = replace(workload, concurrency=99, margin=0.5, name="other")
    assert workload.fingerprint() == same.fingerprint()
    for change in ({"limit": 5}, {"few_shot": 0}, {"temperature": 0.5}, {"max_tokens": 9}, {"seed": 1}):
        assert replace(workload, **change).fingerprint() != workload.fingerprint()  # type: ignore[arg-type]  # mixed values
