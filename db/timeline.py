"""What a job's timeline says: seconds by phase, and how fast samples come; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIRST_PHASE = "preparing"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Sum a job's progress over its workloads; accuracy is None while nothing is scored, total while unknown."""

    done: int
    total: int | None
    right: int
    scored: int

    @property
    def accuracy(self) -> float | None:
        """Return the share of right answers among those scored so far."""
        return self.right / self.scored if self.scored else None


def latest_attempt(timeline: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the timeline's entries since the job last began."""
    starts = [index for index, entry in enumerate(timeline) if entry["phase"] == FIRST_PHASE]
    return list(timeline[starts[-1] :]) if starts else list(timeline)


def phase_seconds(timeline: Sequence[Mapping[str, Any]], *, ended_at: float | None) -> dict[str, float]:
    """Return seconds by phase of the latest attempt; the last phase counts only when its end (Unix s) is known."""
    entries = latest_attempt(timeline)
    ends = [entry["at"] for entry in entries[1:]] + [ended_at]
    seconds: dict[str, float] = {}
    for entry, end in zip(entries, ends, strict=False):
        if end is not None:
            seconds[entry["phase"]] = seconds.get(entry["phase"], 0.0) + max(0.0, end - entry["at"])
    return seconds


def phase_started_at(timeline: Sequence[Mapping[str, Any]], phase: str | None) -> float | None:
    """Return when (Unix s) the current phase of the latest attempt began."""
    times = [entry["at"] for entry in latest_attempt(timeline) if entry["phase"] == phase]
    return times[-1] if times else None


def total_progress(progress: Mapping[str, Mapping[str, Any]]) -> Progress:
    """Add up a job's workloads."""
    totals = [workload.get("total") for workload in progress.values()]
    known = [total for total in totals if total is not None]
    return Progress(
        done=sum(workload.get("done") or 0 for workload in progress.values()),
        total=sum(known) if known and len(known) == len(totals) else None,
        right=sum(workload.get("right") or 0 for workload in progress.values()),
        scored=sum(workload.get("scored") or 0 for workload in progress.values()),
    )
