"""Judge what a run's sides answered to the items of one workload."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.jobs import JobRecord
from db.samples import scores_of
from evals.accuracy.gate import tests_in
from evals.baseline import PublishedValue
from evals.compare import compare_workload
from evals.compare_gate import compare_gate
from evals.compare_published import compare_with_published
from evals.metrics import DIRECTION_OF, Direction
from evals.result import Comparison
from evals.spec import Workload
from workers.gate import recorded_order


def judged_accuracy(
    session: Session,
    workload: Workload,
    candidate: JobRecord,
    baseline: JobRecord | None,
    differing: Sequence[str],
    published: PublishedValue | None,
) -> tuple[Comparison, ...]:
    """Return the comparisons of a workload with items; the candidate's job has succeeded.

    baseline: the job that measured it, in this run or another. differing: what forbids a comparison (see
    `evals.fingerprint`). published: the value that stands in a baseline's place.
    """
    scores = scores_of(session, candidate.id, workload.name)
    if published is not None:
        return compare_with_published(
            workload=workload, candidate=scores, published=published, directions=_directions(candidate, workload)
        )
    theirs = scores_of(session, baseline.id, workload.name) if baseline else []
    order = recorded_order(candidate, baseline, workload)
    if order is not None:
        return compare_gate(
            workload=workload,
            candidate=scores,
            baseline=theirs,
            order=order.items,
            tests=tests_in(candidate.spec.workloads),
            differing_settings=differing,
            directions=_directions(candidate, workload),
        )
    return compare_workload(
        workload=workload,
        candidate=scores,
        baseline=theirs,
        differing_settings=differing,
        directions=_directions(candidate, workload),
    )


def _directions(job: JobRecord, workload: Workload) -> dict[str, Direction]:
    facts = job.facts.get(f"workload:{workload.name}", {})
    return {
        name.removeprefix(DIRECTION_OF): Direction(value)
        for name, value in facts.items()
        if name.startswith(DIRECTION_OF)
    }
