"""Which answers of other runs a job may use: those that asking again would give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.accuracy.questions import Question, choice_question, generation_question
from evals.result import SampleKey
from evals.spec import EngineSpec, JobSpec, ModelSpec, Role, Submission, Workload
from workers.preparation import _is_repeatable, _may_reuse

WORKLOAD = Workload(name="w", benchmark="gsm8k", metric="", margin=0.1)
SGLANG, HF = EngineSpec(kind="sglang"), EngineSpec(kind="hf")
KEY = SampleKey(task="t", doc_id=1)


def question(temperature: float) -> Question:
    return generation_question(KEY, "prompt", {}, replace(WORKLOAD, temperature=temperature))


@pytest.mark.parametrize(
    ("engine", "temperature", "repeatable"),
    [
        (SGLANG, 0.0, True),
        (SGLANG, 0.7, False),
        (replace(SGLANG, args={"enable-deterministic-inference": True}), 0.7, True),
        (HF, 0.7, True),
    ],
)
def test_a_sampled_answer_is_used_again_only_where_the_engine_heeds_the_seed(
    engine: EngineSpec, temperature: float, repeatable: bool
) -> None:
    assert _is_repeatable(question(temperature), engine) is repeatable


def test_log_probabilities_are_always_the_same() -> None:
    assert _is_repeatable(choice_question(KEY, "context", (" A", " B")), SGLANG)


def test_the_candidate_of_an_engine_compared_with_itself_uses_nothing() -> None:
    def may(role: Role, baseline: EngineSpec, *, use_cache: bool = True) -> bool:
        model = ModelSpec(path="m")
        submission = Submission(model=model, candidate=HF, baseline=baseline, suite="demo")
        spec = JobSpec(role=role, model=model, engine=HF, workloads=(WORKLOAD,), use_cache=use_cache)
        return _may_reuse(submission, spec)

    assert not may(Role.CANDIDATE, HF)
    assert may(Role.BASELINE, HF)
    assert may(Role.CANDIDATE, SGLANG)
    assert not may(Role.CANDIDATE, SGLANG, use_cache=False)
