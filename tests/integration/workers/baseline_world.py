"""Runs whose sides answered without engines, made as the API and the workers make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from db.baseline_choice import settled
from db.baselines import history, list_baselines, promote
from db.claims import end_job
from db.jobs import JobRecord, enter_phase, jobs_of, note_facts
from db.reports import latest_report
from db.runs import create_run, finish_run
from db.samples import save_scores
from db.session import transaction
from db.states import JobState, Phase
from evals.baseline import BaselineKind, BaselineSource
from evals.fingerprinting import lineage_of
from evals.lineage import Lineage
from evals.plan import load_suite, plan_jobs
from evals.result import Report
from evals.spec import EngineSpec, ModelSpec, Role, Submission
from tests.integration.db.builders import claimed, score
from workers import tasks

ITEMS = 300
DEMO = load_suite("demo")[0]
FACTS = {
    "model_files": "m", "versions": {"sglang": "0.5.23"}, "dtype": "float32", "hardware": "2 cores",
    "hardware_class": "2 cores", "driver": "none", "client_version": "plumbline 0",
}  # fmt: skip
FOUND = {
    "harness": "h", "task_version": "1", "few_shot": "5", "generation": "g", "prompts_sha256": "p", "dataset": "d",
    "items_sha256": "i", "max_tokens": "128", "temperature": "0",
}  # fmt: skip
MAIN = Submission(
    model=ModelSpec(path="/models/tiny"),
    candidate=EngineSpec(kind="sglang"),
    baseline=EngineSpec(kind="hf"),
    suite="demo",
    tags=("main",),
)
PLAIN = replace(MAIN, tags=())
STORED = replace(PLAIN, baseline=PLAIN.candidate, baseline_from=BaselineSource(kind=BaselineKind.STORED))


def against_run(run_id: str) -> Submission:
    return replace(STORED, baseline_from=BaselineSource(kind=BaselineKind.RUN, run_id=run_id))


def submitted(submission: Submission) -> tuple[str, dict[Role, JobRecord]]:
    with transaction() as session:
        wanted = settled(session, submission)
        run, _ = create_run(session, submission=wanted, jobs=plan_jobs(wanted), token_id=None)
        return run.id, {job.role: job for job in jobs_of(session, run.id)}


def answer(
    job: JobRecord,
    *,
    wrong: int = 0,
    items: int = ITEMS,
    missing: int = 0,
    facts: Mapping[str, Any] | None = None,
    found: Mapping[str, str] | None = None,
) -> None:
    """Let a job answer its items, the first of them wrong, and succeed; missing: those that it has no score for."""
    held = claimed(job.id)
    scores = [score(n, float(n >= wrong)) for n in range(items - missing)]
    told = {**FOUND, "items": str(items), **(found or {})}
    with transaction() as session:
        enter_phase(session, held.lease, Phase.EVALUATING)
        save_scores(session, held.lease, "gsm8k", scores)
        note_facts(session, held.lease, {**FACTS, **(facts or {}), "workload:gsm8k": told})
        end_job(session, held.lease, JobState.SUCCEEDED)


def fail(job: JobRecord) -> None:
    held = claimed(job.id)
    with transaction() as session:
        end_job(session, held.lease, JobState.FAILED, error={"code": "engine_died", "message": "it died"})


def reported(run_id: str) -> Report:
    with transaction() as session:
        assert finish_run(session, run_id)
    tasks.write_report(run_id)
    with transaction() as session:
        return latest_report(session, run_id)


def finished(submission: Submission, **candidate: Any) -> tuple[str, Report]:
    """Return a run whose sides answered everything; candidate: how the candidate did (see `answer`)."""
    run_id, jobs = submitted(submission)
    answer(jobs[Role.CANDIDATE], **candidate)
    if Role.BASELINE in jobs:
        answer(jobs[Role.BASELINE])
    return run_id, reported(run_id)


LINEAGE = lineage_of(PLAIN.model, DEMO, "sglang", "2 cores")
BACKFILL = replace(STORED, baseline_from=BaselineSource(kind=BaselineKind.STORED, backfill=True))


def baseline_run(lineage: Lineage = LINEAGE) -> str | None:
    with transaction() as session:
        found = list_baselines(session, lineage=lineage.key)
    return found[0].result.run_id if found else None


def promoted(run_id: str, *, despite_verdict: bool = False) -> int:
    with transaction() as session:
        return len(promote(session, run_id, actor="ann", reason="good", despite_verdict=despite_verdict))


def log(lineage: Lineage = LINEAGE) -> list[tuple[str, str, str]]:
    with transaction() as session:
        return [(one.action.value, one.actor, one.result.run_id) for one in history(session, lineage.key)]
