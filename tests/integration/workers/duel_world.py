"""Runs with serving workloads whose duel has measured something, without engines: the passes are made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from db.claims import end_job, requeue_job
from db.jobs import JobRecord, note_facts
from db.passes import save_pass
from db.reports import latest_report
from db.runs import finish_run, get_run
from db.samples import save_scores
from db.session import transaction
from db.states import JobState, RunState
from evals.duel.contenders import Outcome
from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.metrics import SERVING_METRICS, Direction
from evals.plan import load_suite
from evals.result import Report
from evals.spec import CUSTOM_SUITE, EngineSpec, ModelSpec, Role, Submission
from tests.integration.db.builders import claimed, new_run, score
from workers import tasks
from workers.duel import outcome_as_fact

ROUNDS, LEVEL = 6, 4
SERVING = replace(
    load_suite("demo-serving")[0],
    options={"concurrency": str(LEVEL), "requests": 16, "min_rounds": ROUNDS, "max_rounds": ROUNDS},
)
SUBMISSION = Submission(
    model=ModelSpec(path="/models/tiny"),
    candidate=EngineSpec(kind="sglang", args={"mem-fraction-static": 0.5}),
    baseline=EngineSpec(kind="hf"),
    suite=CUSTOM_SUITE,
    workloads=(SERVING,),
)
HOST = {"hardware": "2 cores", "hardware_class": "2 cores", "driver": "none", "client_version": "plumbline 0"}
SIDES: dict[str, dict[str, Any]] = {
    CANDIDATE: {"model_files": "m", **HOST, "versions": {"sglang": "0.5.23"}, "launches_s": [40.0]},
    BASELINE: {"model_files": "m", **HOST, "versions": {"torch": "2.13"}, "launches_s": [8.0, 9.0]},
}


def duel_run(submission: Submission = SUBMISSION) -> tuple[str, dict[Role, JobRecord]]:
    run, jobs = new_run(submission)
    return run.id, {job.role: job for job in jobs}


def passes(slowdown: float) -> list[Pass]:
    """Return whole rounds in which the candidate is slower than the baseline by a factor."""
    return [_pass(round, side, slowdown if side == CANDIDATE else 1.0) for round in range(ROUNDS) for side in SIDES]


def _pass(round: int, side: str, slowdown: float) -> Pass:
    noise = 1 + 0.004 * math.sin(7 * round + len(side))
    better = {Direction.HIGHER: 1 / slowdown, Direction.LOWER: slowdown}
    return Pass(
        round=round, level=LEVEL, side=side, place=int(side == BASELINE), started_s=100.0 + 10 * round + len(side),
        length_s=4.0, requests=16, whole=16, output_tokens=1024,
        values={name: 100 * noise * better[metric.direction] for name, metric in SERVING_METRICS.items()},
        curves={"ttft_ms": tuple(float(share) for share in range(101))},
    )  # fmt: skip


def measure(job: JobRecord, measured: Sequence[Pass], sides: dict[str, dict[str, Any]] | None = None) -> None:
    """Let a duel measure something and succeed."""
    held = claimed(job.id)
    outcome = Outcome(
        passes=(), stopped="the last look", notes=("a note",), facts={"output lengths": "forced", "load": "16 requests"}
    )
    with transaction() as session:
        note_facts(session, held.lease, {"sides": SIDES if sides is None else sides})
        for one in measured:
            save_pass(session, held.lease, "serving", one, b"{}")
        note_facts(session, held.lease, {"duel:serving": outcome_as_fact(outcome)})
        end_job(session, held.lease, JobState.SUCCEEDED)


def break_off(job: JobRecord, measured: Sequence[Pass]) -> None:
    """Let a duel measure something and go back into the queue."""
    held = claimed(job.id)
    with transaction() as session:
        for one in measured:
            save_pass(session, held.lease, "serving", one, b"{}")
        requeue_job(session, held.lease, error=None, count_failure=True)


def end(job: JobRecord, state: JobState, error: dict[str, Any] | None = None) -> None:
    held = claimed(job.id)
    with transaction() as session:
        end_job(session, held.lease, state, error=error)


def finish(run_id: str) -> None:
    with transaction() as session:
        assert finish_run(session, run_id)


WITH_GSM8K = replace(SUBMISSION, workloads=(*load_suite("demo"), *SUBMISSION.workloads))


def report_of_run(run_id: str) -> Report:
    finish(run_id)
    tasks.write_report(run_id)
    with transaction() as session:
        assert get_run(session, run_id).state == RunState.FINISHED
        return latest_report(session, run_id)


def answer(role: Role, jobs: dict[Any, Any], value: float = 1.0) -> None:
    held = claimed(jobs[role].id)
    with transaction() as session:
        save_scores(session, held.lease, "gsm8k", [score(n, value) for n in range(300)])
        note_facts(session, held.lease, {"workload:gsm8k": {"harness": "h"}, "model_files": "m"})
        end_job(session, held.lease, JobState.SUCCEEDED)
