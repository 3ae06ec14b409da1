"""Serving workloads become one job that measures both sides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.duel.order import processors_of
from evals.duel.rules import launch_mode
from evals.duel.settings import ServingSettings
from evals.errors import InvalidSubmissionError
from evals.plan import load_suite, plan_jobs
from evals.reproduce import submit_command
from evals.spec import CUSTOM_SUITE, EngineSpec, ModelSpec, Role, Submission
from tests.unit.evals.duel.examples import WORKLOAD, workload

REMOTE = EngineSpec(kind="remote", base_url="http://h:1")
ON_GPU = EngineSpec(kind="sglang", device="cuda", gpus=1)
SUBMISSION = Submission(
    model=ModelSpec(path="/m"),
    candidate=EngineSpec(kind="sglang"),
    baseline=EngineSpec(kind="hf"),
    suite=CUSTOM_SUITE,
    workloads=(WORKLOAD,),
)


def test_a_duel_alone_leaves_the_sides_without_jobs() -> None:
    (duel,) = plan_jobs(SUBMISSION)
    assert (duel.role, duel.workloads, duel.use_cache) == (Role.DUEL, (WORKLOAD,), False)
    assert (duel.engine, duel.opponent) == (SUBMISSION.candidate, SUBMISSION.baseline)


def test_other_workloads_stay_with_the_sides() -> None:
    demo = load_suite("demo")
    candidate, baseline, duel = plan_jobs(replace(SUBMISSION, workloads=(*demo, WORKLOAD)))
    assert (candidate.role, baseline.role, duel.role) == (Role.CANDIDATE, Role.BASELINE, Role.DUEL)
    assert candidate.workloads == baseline.workloads == demo


def test_a_cpu_is_not_held_against_a_gpu() -> None:
    with pytest.raises(InvalidSubmissionError) as caught:
        plan_jobs(replace(SUBMISSION, baseline=ON_GPU))
    assert caught.value.details["field"] == "baseline.device"


def test_engines_on_gpus_take_turns_and_remote_ones_cannot() -> None:
    auto = ServingSettings()
    assert launch_mode(auto, ON_GPU, ON_GPU) == "alternate"
    assert launch_mode(auto, EngineSpec(kind="sglang"), EngineSpec(kind="hf")) == "together"
    assert launch_mode(auto, ON_GPU, REMOTE) == "together"
    assert launch_mode(ServingSettings(launch="together"), ON_GPU, ON_GPU) == "together"
    plan_jobs(replace(SUBMISSION, baseline=REMOTE))
    with pytest.raises(InvalidSubmissionError, match="cannot be launched in turn"):
        plan_jobs(replace(SUBMISSION, baseline=REMOTE, workloads=(workload(launch="alternate"),)))


def test_the_command_that_submits_it_again_names_its_margin() -> None:
    wider = replace(workload(concurrency="4"), margin=0.1)
    assert '"margin": 0.1' in submit_command(replace(SUBMISSION, workloads=(wider,)))


def test_the_place_is_drawn_for_each_round_and_is_alike_for_warm_ups() -> None:
    places = [processors_of(7, round) for round in range(200)]
    assert len(set(places)) == 200
    assert all(0 <= place < 1 for place in places)
    assert 60 < sum(place < 0.5 for place in places) < 140
    assert processors_of(7, -3) == places[0]
    assert processors_of(8, 0) != places[0]
