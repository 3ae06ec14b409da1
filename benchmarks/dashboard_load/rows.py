"""The rows of one run, as the service itself would have written them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from benchmarks.dashboard_load.answers import SIDES, Prepared
from benchmarks.dashboard_load.plan import ITEMS, PlannedRun, commit_of
from db.baselines import promote, promote_by_rule
from db.codec import to_json
from db.history import save_points
from db.ids import id_at
from db.jobs import jobs_of
from db.lineages import record_results, results_of
from db.runs import get_run
from db.tables import DeviceHold, Job, Run, StoredReport
from evals.plan import plan_jobs
from evals.result import Report, SideSummary
from evals.spec import JobSpec, Role
from evals.verdict import build_report
from workers.sides import fingerprints_of

Answers = Mapping[tuple[str, int], Prepared]
_ACCEPTED = 37
"""Every so many runs a person makes one a baseline; it divides no usual number of places, so all get some."""

_TOOK = timedelta(minutes=38)
_STATES = {"finished": "succeeded", "failed": "failed", "running": "running", "queued": "queued"}
_ERROR = {
    "code": "engine_start",
    "message": "SGLang has ended before it was ready: CUDA out of memory",
    "remedy": "ask for less with mem-fraction-static",
    "retryable": False,
    "details": {},
}


def write_run(session: Session, planned: PlannedRun, answers: Answers) -> dict[str, str]:
    """Write a run with its jobs, and of an ended one its report and what follows from it; return its jobs by side."""
    run_id = id_at("r", planned.accepted_at)
    ended = planned.ends in ("finished", "failed")
    finished_at = planned.accepted_at + _TOOK if ended else None
    session.add(
        Run(
            id=run_id,
            submission=to_json(planned.submission),
            state="finished" if ended else planned.ends,
            created_at=planned.accepted_at,
            started_at=planned.accepted_at if planned.ends != "queued" else None,
            finished_at=finished_at,
        )
    )
    session.flush()
    jobs = {str(spec.role): _job(run_id, spec, planned, finished_at) for spec in plan_jobs(planned.submission)}
    session.add_all(jobs.values())
    session.flush()
    if planned.ends == "running":
        session.add_all(
            DeviceHold(
                host="gpu-17", device=f"cuda:{planned.number * 2 % 8 + place}", job_id=job.id, lease_token=job.id
            )
            for place, job in enumerate(jobs.values())
        )
    if finished_at is not None:
        _report(session, run_id, planned, answers, finished_at)
    return {side: job.id for side, job in jobs.items()} if planned.ends == "finished" else {}


def _job(run_id: str, spec: JobSpec, planned: PlannedRun, finished_at: datetime | None) -> Job:
    begun, running = planned.accepted_at, planned.ends == "running"
    seconds = (0, 4, 70, 2100, 2250)
    phases = ("preparing", "launching", "evaluating", "scoring", "stopping")
    entries = zip(phases, seconds, strict=True)
    job_id = id_at("j", begun)
    return Job(
        id=job_id,
        run_id=run_id,
        role=spec.role,
        spec=to_json(spec),
        queue="jobs.cuda",
        state=_STATES[planned.ends],
        phase="evaluating" if running else None,
        attempt=0 if planned.ends == "queued" else 1,
        lease_token=job_id if running else None,
        lease_expires_at=datetime.now(begun.tzinfo) + timedelta(days=3) if running else None,
        worker="plumbline@gpu-17" if planned.ends != "queued" else None,
        progress={one.name: _progress(one.name, 0.4 if running else 1.0) for one in spec.workloads},
        timeline=[{"phase": phase, "attempt": 1, "at": begun.timestamp() + at} for phase, at in entries],
        facts=_facts(spec, planned),
        error=_ERROR if planned.ends == "failed" and spec.role is Role.CANDIDATE else None,
        created_at=begun,
        enqueued_at=begun,
        started_at=begun if planned.ends != "queued" else None,
        finished_at=finished_at,
    )


def _progress(name: str, share: float) -> dict[str, int]:
    done = int(share * ITEMS[name])
    return {"done": done, "total": ITEMS[name], "right": int(0.78 * done), "scored": done}


def _facts(spec: JobSpec, planned: PlannedRun) -> dict[str, Any]:
    found = {f"workload:{one.name}": {"items": ITEMS[one.name], "dataset": one.name} for one in spec.workloads}
    named = {"versions": {"sglang": planned.version, "transformers": "5.19.0", "torch": "2.13.0"}, "dtype": "bfloat16"}
    commit = {"source_commit": commit_of("night", planned.number)} if spec.role is Role.CANDIDATE else {}
    return found | named | commit | {
        "hardware": planned.hardware, "hardware_class": planned.hardware, "driver": "580.95", "client_version": "0.1.0",
        "model_files": f"{hash(planned.submission.model.path) & (1 << 60):064x}",
    }  # fmt: skip


def _report(session: Session, run_id: str, planned: PlannedRun, answers: Answers, finished_at: datetime) -> None:
    jobs = {job.role: job for job in jobs_of(session, run_id)}
    asked = planned.submission.workloads
    failed = planned.ends == "failed"
    comparisons = [] if failed else [answers[one.name, planned.variants[one.name]].comparison for one in asked]
    if planned.stops_early and comparisons:
        comparisons[0] = replace(comparisons[0], decided_after=300)
    held = fingerprints_of(asked, jobs[Role.CANDIDATE], {one.name: jobs[Role.BASELINE] for one in asked})
    report = build_report(
        run_id=run_id,
        suite=planned.submission.suite,
        comparisons=comparisons,
        candidate=_side(planned, "candidate", failed=failed),
        baseline=_side(planned, "baseline", failed=False),
        created_at=finished_at.isoformat(),
        plumbline_version="0.1.0",
    )
    _save(session, replace(report, fingerprints=() if failed else tuple(held.values())), finished_at)
    if planned.number % _ACCEPTED == 0 and results_of(session, run_id):
        promote(session, run_id, actor="a maintainer", reason="read and accepted", despite_verdict=True)


def _save(session: Session, report: Report, finished_at: datetime) -> None:
    run = session.get_one(Run, report.run_id)
    run.verdict, run.headline = report.verdict, report.headline
    session.add(
        StoredReport(
            run_id=report.run_id, number=1, verdict=report.verdict, body=to_json(report), created_at=finished_at
        )
    )
    session.flush()
    if report.comparisons:
        record_results(session, report)
        save_points(session, report, finished_at=finished_at)
        promote_by_rule(session, report, get_run(session, report.run_id))


def _side(planned: PlannedRun, role: str, *, failed: bool) -> SideSummary:
    engine = planned.submission.candidate if role == SIDES[0] else planned.submission.baseline
    return SideSummary(
        role=role,
        engine=engine.kind,
        model=planned.submission.model.path,
        state="failed" if failed else "succeeded",
        versions={"sglang": planned.version} if engine.kind == "sglang" else {"transformers": "5.19.0"},
        hardware=planned.hardware,
        timings_s={"launching": 66.0, "evaluating": 2030.0},
        error=_ERROR if failed else None,
    )
