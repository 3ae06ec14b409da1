"""Expand a submission into jobs: which engine runs which of the suite's workloads."""

from __future__ import annotations

import difflib
from dataclasses import fields, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from evals.baseline_rules import check_baseline
from evals.duel.rules import duels
from evals.duel.settings import is_serving
from evals.errors import InvalidSubmissionError
from evals.parity.companions import companions
from evals.spec import Api, DataSource, JobSpec, Role, Submission, Workload
from evals.workload_kinds import has_items, may_stop_early


def suite_names() -> list[str]:
    """Return the names of all suites."""
    return sorted(
        path.name.removesuffix(".yaml") for path in files("evals.suites").iterdir() if path.name.endswith(".yaml")
    )


@lru_cache(maxsize=32)
def load_suite(name: str) -> tuple[Workload, ...]:
    """Return a suite's workloads; raise InvalidSubmissionError with the nearest name when there is none."""
    known = suite_names()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise InvalidSubmissionError(
            f"there is no suite {name!r}", remedy=f"{hint}the suites are: {', '.join(known)}", field="suite"
        )
    document = yaml.safe_load(files("evals.suites").joinpath(f"{name}.yaml").read_text())
    return tuple(_workload(item) for item in document["workloads"])


def _workload(item: dict[str, Any]) -> Workload:
    unknown = set(item) - {field.name for field in fields(Workload)}
    if unknown:
        raise ValueError(f"unknown workload settings: {', '.join(sorted(unknown))}")
    enums = {name: kind(item[name]) for name, kind in (("data", DataSource), ("api", Api)) if name in item}
    return Workload(**{**item, **enums})


def workloads_of(submission: Submission) -> tuple[Workload, ...]:
    """Return the workloads that a submission asks for; those that have items are cut to its limit, or stop early."""
    suite = submission.workloads or load_suite(submission.suite)
    return tuple(_as_asked(workload, submission) if has_items(workload.benchmark) else workload for workload in suite)


def _as_asked(workload: Workload, submission: Submission) -> Workload:
    limit = workload.limit if submission.limit is None else submission.limit
    early_stop = workload.early_stop or (submission.early_stop and may_stop_early(workload.benchmark))
    return replace(workload, limit=limit, early_stop=early_stop)


def plan_jobs(submission: Submission) -> tuple[JobSpec, ...]:
    """Return one job for each side, what companions its parity workloads need, and the duel of its serving workloads.

    Both sides run the same workloads on the same model; companions run parity workloads alone. Serving workloads are
    the duel's, which measures both sides; where there are no others, the sides have no jobs. A stored or published
    baseline has no job; raises InvalidSubmissionError for a workload that cannot do without one.
    """
    asked = workloads_of(submission)
    check_baseline(submission.baseline_from, asked)
    workloads = tuple(workload for workload in asked if not is_serving(workload.benchmark))
    sides = [(Role.CANDIDATE, submission.candidate)]
    if submission.launches_baseline:
        sides.append((Role.BASELINE, submission.baseline))
    jobs = (
        JobSpec(role=role, model=submission.model, engine=engine, workloads=workloads, use_cache=submission.use_cache)
        for role, engine in sides
        if workloads
    )
    return (*jobs, *companions(submission, workloads), *duels(submission, asked))
