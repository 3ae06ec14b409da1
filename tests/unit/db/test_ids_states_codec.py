"""Identifiers, transitions and the JSON form of stored values."""

from __future__ import annotations

import json
import math

import pytest

from db.codec import from_json, to_json
from db.ids import new_id
from db.states import JOB_TRANSITIONS, IllegalTransitionError, JobState, RunState, check_run, sources_of
from evals.parity.findings import WorstPosition
from evals.plan import plan_jobs
from evals.spec import EngineSpec, JobSpec, ModelSpec, PullRequest, Submission


def test_ids_are_unique_and_carry_their_prefix() -> None:
    ids = [new_id("r") for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert all(one.startswith("r") and len(one) == 17 for one in ids)


def test_ids_sort_by_the_millisecond_of_their_birth(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1_700_000_000_000_000_000, 1_700_000_000_001_000_000, 1_900_000_000_000_000_000])
    monkeypatch.setattr("time.time_ns", lambda: next(times))
    ids = [new_id("r") for _ in range(3)]
    assert ids == sorted(ids)


def test_a_job_may_start_only_from_the_queue() -> None:
    assert sources_of(JobState.RUNNING) == [JobState.QUEUED]
    assert JobState.QUEUED not in JOB_TRANSITIONS[JobState.SUCCEEDED]


def test_a_finished_run_cannot_start_reporting() -> None:
    with pytest.raises(IllegalTransitionError, match="finished to reporting"):
        check_run(RunState.FINISHED, RunState.REPORTING)


def test_values_survive_the_way_through_json() -> None:
    submission = Submission(
        model=ModelSpec(path="/m", revision="main"),
        candidate=EngineSpec(kind="sglang", args={"tp": 2, "flag": True, "x": 0.5}, architectures=("A",)),
        baseline=EngineSpec(kind="hf"),
        suite="demo",
        pull_request=PullRequest(repository="o/r", number=3),
    )
    assert from_json(Submission, to_json(submission)) == submission
    job = plan_jobs(submission)[0]
    assert from_json(JobSpec, to_json(job)) == job


def test_numbers_that_json_has_no_word_for_come_back_as_numbers() -> None:
    odd = WorstPosition(
        prompt="p", mode="alone", position=1, of=2, token="t", before="", candidate=float("nan"),
        reference=float("-inf"), floor=float("inf"),
    )  # fmt: skip
    stored = json.dumps(to_json(odd), allow_nan=False)
    found = from_json(WorstPosition, json.loads(stored))
    assert found.candidate is not None
    assert math.isnan(found.candidate)
    assert (found.reference, found.floor) == (float("-inf"), float("inf"))
