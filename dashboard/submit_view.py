"""What stands beside the form of a submission: which field is wrong, the plan, and the commands; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.foresight import DISCORDANCE
from evals.formatting import one_line, plural
from evals.spec import Workload

_FIELDS = (
    ("/model/revision", "revision"),
    ("/model", "model"),
    ("/candidate/args", "engine_args"),
    ("/candidate/base_url", "engine_url"),
    ("/candidate/source", "engine_source"),
    ("/candidate/engine", "engine"),
    ("/candidate/", ""),
    ("/baseline/backfill/args", "baseline_args"),
    ("/baseline/backfill/engine", "backfill"),
    ("/baseline/backfill/source", "baseline_source"),
    ("/baseline/backfill", "backfill"),
    ("/baseline/args", "baseline_args"),
    ("/baseline/base_url", "baseline_url"),
    ("/baseline/source", "baseline_source"),
    ("/baseline/served_model", "baseline_served_model"),
    ("/baseline/capabilities", "baseline_capabilities"),
    ("/baseline/run", "baseline_run"),
    ("/baseline/published/n", "published_n"),
    ("/baseline/published/source", "published_from"),
    ("/baseline/published", "published_value"),
    ("/baseline/dtype", "dtype"),
    ("/baseline/device", "device"),
    ("/baseline", "baseline"),
    ("/suite", "suite"),
    ("/workloads", "benchmarks"),
    ("/limit", "limit"),
    ("/early_stop", "early_stop"),
    ("/use_cache", "no_cache"),
    ("/tags", "tags"),
)
"""Where each part of the body stands in the form, the longest beginnings first; "" means the pointer's own end."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong. field: of the form, "" for the whole."""

    field: str
    message: str


@dataclass(frozen=True, kw_only=True)
class WorkloadLine:
    """A planned workload in one line."""

    name: str
    benchmark: str
    metric: str
    margin: str
    items: str
    sees: str


@dataclass(frozen=True, kw_only=True)
class JobLine:
    """A planned job in one line."""

    role: str
    engine: str
    device: str
    dtype: str
    workloads: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the check of a form says: troubles, or the plan and the commands that send the same."""

    troubles: tuple[Trouble, ...] = ()
    remedy: str = ""
    compared: str = ""
    runs: tuple[str, ...] = ()
    jobs: tuple[JobLine, ...] = ()
    workloads: tuple[WorkloadLine, ...] = ()
    notes: tuple[str, ...] = ()
    curl: str = ""
    command: str = ""

    @property
    def by_field(self) -> dict[str, str]:
        """Return the troubles by field of the form."""
        return {one.field: one.message for one in reversed(self.troubles)}


@dataclass(frozen=True, kw_only=True)
class SuiteLine:
    """A suite that can be chosen, with what it measures."""

    name: str
    words: str


def field_of(pointer: str) -> str:
    """Return the form's field for a JSON pointer into the body; "" when it is about the whole."""
    for beginning, name in _FIELDS:
        if pointer.startswith(beginning):
            return name or pointer.removeprefix(beginning).split("/")[0]
    name = pointer.split("/")[1] if "/" in pointer else ""
    if name == "benchmark":
        return "benchmarks"
    return "settings" if name in Workload.__dataclass_fields__ else ""


def suite_line(name: str, workloads: Sequence[Workload]) -> SuiteLine:
    """Return a suite in one line."""
    return SuiteLine(name=name, words=", ".join(dict.fromkeys(workload.name for workload in workloads)))


def job_line(job: Mapping[str, Any]) -> JobLine:
    """Return a job of the API's plan in one line."""
    against = f" against {job['opponent']}" if job["opponent"] else ""
    gpus = f", {plural(job['gpus'], 'GPU')}" if job["gpus"] else ""
    return JobLine(
        role=job["role"],
        engine=job["engine"] + against,
        device=job["device"] + gpus,
        dtype=job["dtype"],
        workloads=", ".join(one_line(name, 60) for name in job["workloads"]),
    )


def workload_line(workload: Mapping[str, Any]) -> WorkloadLine:
    """Return a workload of the API's plan in one line."""
    margin, items = workload["margin"], workload["items"]
    limit = f" (the first {workload['limit']:,} of each task)" if workload["limit"] else ""
    return WorkloadLine(
        name=one_line(workload["name"], 60),
        benchmark=one_line(workload["benchmark"], 60),
        metric=one_line(workload["metric"], 80),
        margin="–" if margin is None else f"{100 * margin:g} pp",
        items=(f"{items:,}" if items else "not known yet") + limit,
        sees=workload["unknown"] or _sees(workload),
    )


def _sees(workload: Mapping[str, Any]) -> str:
    drop, needed, margin = workload["detectable"], workload["needed"], workload["margin"]
    seen = f"a drop from {100 * drop:.1f} pp on would fail" if drop is not None else "no drop would fail for certain"
    if needed is None:
        return seen
    enough = f"{needed:,}"
    return f"{seen}; passing a margin of {100 * margin:g} pp takes {enough} items when nothing is worse"


ASSUMED = (
    f"Each said with a probability of 80 %, if the sides differ on {100 * DISCORDANCE:g} % of the items; "
    "the report says what it was."
)
