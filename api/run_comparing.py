"""Hold two runs against each other: what each measured itself, paired as in reports where both have the same items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from api.held_runs import HeldRun, by_run, held_apart, held_pair, held_run
from api.remembering import Remembered
from dashboard.compare_serving import ServingCompared, serving_compared
from dashboard.compare_view import (
    NAMES,
    CompareView,
    ParityCompared,
    WorkloadCompared,
    parity_compared,
    run_choice,
    workload_compared,
)
from dashboard.links import compare
from db.observations import observation_of
from db.runs import list_runs
from db.samples import scores_of
from db.side_jobs import NO_JOB
from evals.compare import compare_workload
from evals.metrics import Kind
from evals.parity.settings import is_parity
from evals.parity.strips import Strips, strips_of
from evals.result import Comparison, Score
from evals.spec import Workload
from evals.workload_kinds import has_items

RECENT = 50

_comparisons: Remembered[tuple[Comparison, ...]] = Remembered(512)
_strips: Remembered[Strips] = Remembered(64)


def compare_view(session: Session, left: str | None, right: str | None) -> CompareView:
    """Return the page's content; without both runs it offers those that there are. Raises UnknownRunError."""
    choices = tuple(run_choice(run) for run in list_runs(session, limit=RECENT))
    if not left or not right:
        chosen = [held_run(session, one).side() if one else None for one in (left, right)]
        return CompareView(choices=choices, left=chosen[0], right=chosen[1])
    theirs, ours = held_pair(session, left, right)
    both = [workload for name, workload in ours.workloads.items() if name in theirs.workloads]
    return CompareView(
        choices=choices,
        left=theirs.side(),
        right=ours.side(),
        swap="" if left == right else compare(right, left),
        workloads=tuple(_items(session, theirs, ours, one) for one in both if has_items(one.benchmark)),
        serving=tuple(_serving(theirs, ours)),
        parity=tuple(_parity(session, theirs, ours, one) for one in both if is_parity(one.benchmark)),
        missing=tuple(_missing(theirs, ours)),
        notes=tuple(_notes(theirs, ours)),
    )


def _items(session: Session, left: HeldRun, right: HeldRun, workload: Workload) -> WorkloadCompared:
    differing, allowed = held_apart(left, right, workload.name, Kind.ACCURACY)

    def made() -> tuple[Comparison, ...]:
        sides = [_scores(session, run.job_of(workload.name), workload.name) for run in (right, left)]
        if not any(sides):
            return ()
        rows = compare_workload(workload=workload, candidate=sides[0], baseline=sides[1], differing_settings=differing)
        return tuple(replace(one, reasons=tuple(by_run(said) for said in one.reasons)) for one in rows)

    key = (left.role, left.version(), right.version(), workload.name, differing)
    found = _comparisons.get(key, made) if left.finished and right.finished else made()
    query = {"left": left.run.id, "right": right.run.id}
    return workload_compared(workload.name, found, query=query, differing=differing, allowed=allowed)


def _scores(session: Session, job_id: str, workload: str) -> list[Score]:
    return [] if job_id == NO_JOB else scores_of(session, job_id, workload)


def _serving(left: HeldRun, right: HeldRun) -> Iterator[ServingCompared]:
    theirs = {one.workload: one for one in left.report.serving} if left.report else {}
    for one in right.report.serving if right.report else ():
        if one.workload in theirs:
            differing, allowed = held_apart(left, right, one.workload, Kind.PERFORMANCE)
            sides = (left.role.value, right.role.value)
            yield serving_compared(theirs[one.workload], one, sides, differing=differing, allowed=allowed)


def _parity(session: Session, left: HeldRun, right: HeldRun, workload: Workload) -> ParityCompared:
    jobs = right.job_of(workload.name), left.job_of(workload.name)

    def made() -> Strips:
        if NO_JOB in jobs:
            return Strips(strips=(), reasons=("one of the runs has no job of its own for it",))
        ours, theirs = (observation_of(session, job, workload.name) for job in jobs)
        return strips_of(ours, theirs, ("the right run", "the left run"))

    key = (*jobs, left.version(), right.version(), workload.name)
    found = _strips.get(key, made) if left.finished and right.finished else made()
    differing, allowed = held_apart(left, right, workload.name, Kind.PARITY)
    return parity_compared(workload.name, found, differing=differing, allowed=allowed)


def _missing(left: HeldRun, right: HeldRun) -> Iterator[str]:
    """Yield in words what only one of the runs measured."""
    for name, held, other in ((NAMES[0], left, right), (NAMES[1], right, left)):
        lacking = [workload for workload in held.workloads if workload not in other.workloads]
        if lacking:
            yield f"Only the {name} measured {', '.join(lacking)}."


def _notes(left: HeldRun, right: HeldRun) -> Iterator[str]:
    for name, held in ((NAMES[0], left), (NAMES[1], right)):
        if not held.finished:
            yield f"The {name} is not finished: what is shown of it is a part."
        elif (limit := held.run.submission.asked_limit) is not None:
            yield f"The {name} is partial: only the first {limit:,} items of each task were asked."
    if left.run.submission.model.path != right.run.submission.model.path:
        yield "The two runs are of different models."
