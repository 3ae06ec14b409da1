"""Which duels make sense, and how their servers are launched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.duel.settings import ServingSettings, is_serving, serving_settings
from evals.errors import InvalidSubmissionError
from evals.spec import EngineSpec, JobSpec, Role, Submission, Workload


def launch_mode(settings: ServingSettings, candidate: EngineSpec, baseline: EngineSpec) -> str:
    """Return "together" or "alternate": by itself, engines on GPUs of this host take turns, all others stay up."""
    if settings.launch != "auto":
        return settings.launch
    local = [engine for engine in (candidate, baseline) if engine.kind != "remote"]
    return "alternate" if len(local) == 2 and any(engine.device == "cuda" for engine in local) else "together"


def settled(workload: Workload, candidate: EngineSpec, baseline: EngineSpec) -> ServingSettings:
    """Return a serving workload's settings with the launch mode that its engines will have."""
    settings = serving_settings(workload)
    return replace(settings, launch=launch_mode(settings, candidate, baseline))


def duels(submission: Submission, workloads: Sequence[Workload]) -> tuple[JobSpec, ...]:
    """Return the job that measures both sides of a submission's serving workloads; none without such workloads.

    Raises InvalidSubmissionError for two engines that cannot be held against each other.
    """
    serving = tuple(workload for workload in workloads if is_serving(workload.benchmark))
    if not serving:
        return ()
    candidate, baseline = submission.candidate, submission.baseline
    for workload in serving:
        _check(serving_settings(workload), candidate, baseline)
    return (
        JobSpec(
            role=Role.DUEL,
            model=submission.model,
            engine=candidate,
            opponent=baseline,
            workloads=serving,
            use_cache=False,
        ),
    )


def _check(settings: ServingSettings, candidate: EngineSpec, baseline: EngineSpec) -> None:
    local = [engine for engine in (candidate, baseline) if engine.kind != "remote"]
    if len({engine.device for engine in local}) > 1:
        raise InvalidSubmissionError(
            "a serving workload cannot hold a CPU against a GPU: it would compare the hardware",
            remedy="serve both sides on one kind of device",
            field="baseline.device",
        )
    if len(local) < 2 and settings.launch == "alternate":
        raise InvalidSubmissionError(
            "a remote engine cannot be launched in turn with another",
            remedy="leave launch out, or set it to together",
            field="options",
        )
