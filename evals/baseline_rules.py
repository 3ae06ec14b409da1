"""Which workloads can be held against a baseline that is not launched for the run."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from evals.baseline import BaselineKind, BaselineSource, PublishedValue
from evals.errors import InvalidSubmissionError
from evals.spec import Workload
from evals.workload_kinds import has_items, is_engine_check

_FIELD = {
    BaselineKind.STORED: "baseline.stored",
    BaselineKind.RUN: "baseline.run",
    BaselineKind.PUBLISHED: "baseline.published",
}


def check_baseline(source: BaselineSource | None, workloads: Sequence[Workload]) -> None:
    """Refuse parity and serving workloads without a launched baseline, and a published value for several workloads.

    Raises InvalidSubmissionError that names the field.
    """
    if source is None or source.is_launched:
        return
    field = _FIELD[source.kind]
    for workload in workloads:
        if not has_items(workload.benchmark) and not is_engine_check(workload.benchmark):
            raise InvalidSubmissionError(
                f"{workload.name} measures both sides side by side: it has no use for a {source.kind} baseline",
                remedy='name an engine that is launched for the run, {"engine": "hf"}, or leave the workload out',
                field=field,
            )
    asking = [workload for workload in workloads if has_items(workload.benchmark)]
    if not asking:
        raise InvalidSubmissionError(
            "nothing that is asked for is held against a baseline", remedy="leave baseline out", field=field
        )
    if source.published is not None:
        _check_published(source.published, asking)


def _check_published(published: PublishedValue, asking: Sequence[Workload]) -> None:
    if len(asking) > 1:
        raise InvalidSubmissionError(
            f"one published value cannot be the baseline of {len(asking)} workloads",
            remedy="submit each workload on its own, with the value that was published for it",
            field="baseline.published",
        )
    if published.n is None and published.stderr is None:
        raise InvalidSubmissionError(
            "how sure a published value is cannot be told without its number of items or its standard error",
            remedy="give n or stderr beside the value",
            field="baseline.published",
        )
    if not (isfinite(published.value) and 0 <= published.value <= 1):
        raise InvalidSubmissionError(
            f"a published value of {published.value} is no share",
            remedy="write 84.7 % as 0.847",
            field="baseline.published.value",
        )
