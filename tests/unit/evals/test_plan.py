"""Submissions become jobs; suites are read from their files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.accuracy.settings_rules import check_settings
from evals.errors import InvalidSubmissionError
from evals.metrics import METRICS
from evals.parity.companions import served_dtype
from evals.plan import load_suite, plan_jobs, suite_names, workloads_of
from evals.spec import CUSTOM_SUITE, EngineSpec, ModelSpec, Role, Submission, Workload
from evals.workload_kinds import has_items

SUBMISSION = Submission(
    model=ModelSpec(path="/m"), candidate=EngineSpec(kind="sglang"), baseline=EngineSpec(kind="hf"), suite="demo"
)


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_loads_and_can_be_judged(name: str) -> None:
    for workload in load_suite(name):
        check_settings(workload)
        if has_items(workload.benchmark):
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


GSM8K = load_suite("gsm8k")[0]
PARITY = load_suite("parity")[0]
ON_GPU = replace(
    SUBMISSION,
    suite="parity",
    candidate=EngineSpec(kind="sglang", device="cuda", gpus=1, dtype="bfloat16", args={"mem-fraction-static": 0.5}),
    baseline=EngineSpec(kind="hf", device="cuda", gpus=1, dtype="bfloat16", args={"batching": "stepwise"}),
)


def roles(submission: Submission) -> list[Role]:
    return [job.role for job in plan_jobs(submission)]


def with_options(**options: float) -> Workload:
    return replace(PARITY, options=options)


def test_parity_brings_the_baseline_in_float32_and_the_candidate_in_small_chunks() -> None:
    candidate, baseline, reference, chunked = plan_jobs(ON_GPU)
    assert (reference.role, chunked.role) == (Role.REFERENCE, Role.CHUNKED)
    assert reference.engine == replace(baseline.engine, dtype="float32")
    assert chunked.engine == replace(candidate.engine, args={"mem-fraction-static": 0.5, "chunked-prefill-size": 128})
    assert reference.model == chunked.model == SUBMISSION.model
    assert not reference.use_cache


def test_companions_run_nothing_but_parity() -> None:
    jobs = plan_jobs(replace(ON_GPU, suite="new-model"))
    names = [[workload.name for workload in job.workloads] for job in jobs]
    assert names == [["parity", "one-batch", "offline", "gsm8k", "mmlu"]] * 2 + [["parity"]] * 2 + [["serving"]]


def test_without_parity_there_are_no_companions() -> None:
    assert roles(replace(ON_GPU, suite="gsm8k")) == [Role.CANDIDATE, Role.BASELINE]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"baseline": EngineSpec(kind="sglang", device="cuda", gpus=1, dtype="bfloat16")}, [Role.CHUNKED]),
        ({"candidate": EngineSpec(kind="sglang"), "baseline": EngineSpec(kind="hf")}, [Role.CHUNKED]),
        ({"candidate": replace(ON_GPU.candidate, args={"chunked-prefill-size": 64})}, [Role.REFERENCE]),
        ({"baseline": EngineSpec(kind="hf", dtype="bfloat16")}, [Role.REFERENCE, Role.CHUNKED]),
        ({"candidate": replace(ON_GPU.baseline, args={})}, [Role.REFERENCE]),
        ({"candidate": EngineSpec(kind="remote", base_url="http://h:1")}, [Role.REFERENCE]),
        ({"workloads": (with_options(calibrate=False),)}, [Role.CHUNKED]),
        ({"workloads": (with_options(self_checks=False),)}, [Role.REFERENCE]),
        ({"workloads": (with_options(self_checks=False, calibrate=False), GSM8K)}, []),
    ],
)
def test_a_companion_is_launched_only_where_it_tells_something(
    changes: dict[str, object], expected: list[Role]
) -> None:
    asked = replace(ON_GPU, suite=CUSTOM_SUITE, workloads=(PARITY,))
    assert roles(replace(asked, **changes))[2:] == expected  # type: ignore[arg-type]  # mixed values


@pytest.mark.parametrize("baseline", [EngineSpec(kind="hf"), EngineSpec(kind="hf", device="cuda", dtype="float16")])
def test_two_dtypes_are_refused_because_one_floor_says_nothing_about_the_other(baseline: EngineSpec) -> None:
    with pytest.raises(InvalidSubmissionError, match="parity cannot compare bfloat16 with"):
        plan_jobs(replace(ON_GPU, suite=CUSTOM_SUITE, workloads=(PARITY,), baseline=baseline))


def test_one_companion_serves_every_parity_workload_that_wants_it() -> None:
    first = replace(with_options(chunk_tokens=256), name="a")
    second = replace(with_options(chunk_tokens=64, calibrate=False), name="b")
    _, _, reference, chunked = plan_jobs(replace(ON_GPU, suite=CUSTOM_SUITE, workloads=(first, second)))
    assert reference.workloads == (first,)
    assert chunked.workloads == (first, second)
    assert chunked.engine.args["chunked-prefill-size"] == 64


def test_what_is_served_is_known_but_for_automatic_choices_elsewhere() -> None:
    assert served_dtype(EngineSpec(kind="sglang")) == "float32"
    assert served_dtype(EngineSpec(kind="sglang", device="cuda", gpus=1)) == "auto"
    assert served_dtype(EngineSpec(kind="hf", dtype="float16")) == "float16"
    assert served_dtype(EngineSpec(kind="remote", base_url="http://h:1")) == "auto"


def test_a_limit_leaves_parity_alone() -> None:
    jobs = plan_jobs(replace(ON_GPU, suite="new-model", limit=7))
    assert [workload.limit for workload in jobs[0].workloads] == [None, None, None, 7, 7]


def test_early_stopping_is_for_what_asks_its_items_here_and_forbids_no_comparison() -> None:
    sgl_eval = replace(GSM8K, name="other", benchmark="sgl-eval/gsm8k")
    asked = replace(ON_GPU, suite=CUSTOM_SUITE, workloads=(PARITY, GSM8K, sgl_eval), early_stop=True)
    assert [workload.early_stop for workload in workloads_of(asked)] == [False, True, False]
    assert [workload.early_stop for workload in workloads_of(replace(asked, early_stop=False))] == [False] * 3
    early = replace(GSM8K, early_stop=True)
    assert early.fingerprint() == GSM8K.fingerprint()
    assert load_suite("demo-gate")[0].early_stop
    assert all(workload.early_stop for workload in load_suite("gate"))
    assert not any(workload.early_stop for name in ("demo", "gsm8k", "mmlu", "mmmu") for workload in load_suite(name))
