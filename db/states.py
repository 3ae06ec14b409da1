"""The states of runs and jobs, and the transitions that are legal."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands; FINISHED runs carry a verdict."""

    QUEUED = "queued"
    RUNNING = "running"
    REPORTING = "reporting"
    FINISHED = "finished"


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """What a running job is doing."""

    PREPARING = "preparing"
    LAUNCHING = "launching"
    EVALUATING = "evaluating"
    STOPPING = "stopping"


TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})

JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.QUEUED, *TERMINAL}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}

RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.REPORTING}),
    RunState.RUNNING: frozenset({RunState.REPORTING}),
    RunState.REPORTING: frozenset({RunState.FINISHED}),
    RunState.FINISHED: frozenset({RunState.QUEUED}),
}


class IllegalTransitionError(Exception):
    """Somebody tried to move a run or a job along an arrow that does not exist."""


def sources_of(target: JobState) -> list[JobState]:
    """Return the states from which a job may enter `target`, for the WHERE of a conditional UPDATE."""
    return [state for state, targets in JOB_TRANSITIONS.items() if target in targets]


def check_run(source: RunState, target: RunState) -> None:
    """Raise IllegalTransitionError unless a run may go from `source` to `target`."""
    if target not in RUN_TRANSITIONS[source]:
        raise IllegalTransitionError(f"a run cannot go from {source} to {target}")
