"""Judge a run's stored answers by another scorer, without running the model."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from db.jobs import JobRecord, jobs_of
from db.reports import latest_report, save_rescored
from db.runs import get_run
from db.samples import add_scores, responses_of
from db.session import transaction
from db.settings import Settings
from db.states import JobState
from evals.accuracy.benchmarks import load_benchmark
from evals.errors import DatasetError, InvalidSubmissionError, PlumblineError
from evals.result import Report, Score
from evals.sgl_eval.benchmarks import is_sgl_eval
from evals.spec import DataSource, Role, Workload
from evals.workload_kinds import has_items
from workers.reporting import broken_report, report_of
from workers.sides import baseline_jobs


def rescore_run(run_id: str, scorer: str, settings: Settings) -> Report:
    """Write a further report of a run in which another scorer decides; the run's own verdict stays.

    scorer: the filter part of the metrics that shall decide ("mmmu@1", "flexible-extract"); workloads that have no
    such metric keep their own, and what parity and duels found stays as it is. Raises InvalidSubmissionError when none
    has it, DatasetError when the items are not those of the run.
    """
    with transaction() as session:
        sides = _sides(session, run_id)
    _require_ended(run_id, [job for job, _ in sides])
    deciding: dict[str, Workload] = {}
    known: set[str] = set()
    for job, workload in sides:
        scores = _judged(job, workload, settings)
        own = workload.metric.partition(",")[0]
        if job.run_id == run_id and job.role is Role.CANDIDATE:
            known |= {score.metric.partition(",")[2] for score in scores if score.metric.startswith(f"{own},")}
            if any(score.metric == f"{own},{scorer}" for score in scores):
                deciding[workload.name] = replace(workload, metric=f"{own},{scorer}")
        with transaction() as session:
            add_scores(session, job.id, workload.name, scores)
    if not deciding:
        raise InvalidSubmissionError(
            f"no workload of run {run_id} has the scorer {scorer!r}",
            remedy=f"there are {', '.join(sorted(known))}" if known else "none of its workloads has stored answers",
            field="scorer",
        )
    with transaction() as session:
        return _saved(session, run_id, scorer, deciding)


def _sides(session: Session, run_id: str) -> list[tuple[JobRecord, Workload]]:
    """Return what answers of which jobs a run compares: its candidate's workloads, also of a stored baseline's job."""
    submission = get_run(session, run_id).submission
    jobs = {job.role: job for job in jobs_of(session, run_id)}
    if submission.baseline_from is not None and submission.baseline_from.published is not None:
        raise InvalidSubmissionError(
            f"the baseline of run {run_id} is a published value, of which no scorer can judge the answers",
            remedy="submit it against a baseline whose answers are stored",
            field="scorer",
        )
    if Role.CANDIDATE not in jobs:
        return []
    baselines = baseline_jobs(session, submission, jobs)
    asked = [one for one in jobs[Role.CANDIDATE].spec.workloads if _has_answers(one)]
    theirs = [(baselines[one.name], one.name) for one in asked if one.name in baselines]
    return [
        *((jobs[Role.CANDIDATE], workload) for workload in asked),
        *((job, workload) for job, name in theirs for workload in job.spec.workloads if workload.name == name),
    ]


def _has_answers(workload: Workload) -> bool:
    return has_items(workload.benchmark) and not is_sgl_eval(workload.benchmark)


def not_rescored(session: Session, run_id: str, scorer: str, error: PlumblineError) -> Report:
    """Return the report that says why a run could not be rescored."""
    report = broken_report(session, run_id, "rescoring")
    reason = f"not rescored with {scorer}: {error.message}; to mend it: {error.remedy}"
    return replace(report, headline=reason, reasons=(reason,), scorer=scorer)


def _saved(session: Session, run_id: str, scorer: str, deciding: dict[str, Workload]) -> Report:
    report = report_of(session, run_id, deciding=deciding, kept=latest_report(session, run_id))
    report = replace(report, headline=f"rescored with {scorer}: {report.headline}", scorer=scorer)
    save_rescored(session, report)
    return report


def _judged(job: JobRecord, workload: Workload, settings: Settings) -> list[Score]:
    facts = job.facts.get(f"workload:{workload.name}", {})
    if workload.data is DataSource.HUB and facts.get("dataset_revision"):
        benchmark = load_benchmark(replace(workload, revision=facts["dataset_revision"]), data_folder=settings.data)
    else:
        benchmark = load_benchmark(workload, data_folder=settings.data)
    for name in ("items_sha256", "dataset_fingerprint"):
        if facts.get(name) != benchmark.facts.get(name):
            raise DatasetError(
                f"the items of {workload.name} are not those that the run answered",
                remedy="bring the data back to what they were; the report's settings name their checksums",
            )
    with transaction() as session:
        answers = {response.key: response for response in responses_of(session, job.id, workload.name)}
    return benchmark.judge(answers)


def _require_ended(run_id: str, jobs: list[JobRecord]) -> None:
    if any(job.state != JobState.SUCCEEDED for job in jobs):
        raise InvalidSubmissionError(
            f"run {run_id} has jobs without all their answers", remedy="wait for the run, or `plumbline retry` it"
        )
