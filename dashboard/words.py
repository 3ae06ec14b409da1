"""Times, durations and verdicts in words, as the pages show them; pure."""

from __future__ import annotations

from datetime import UTC, datetime

from db.runs import RunRecord
from db.states import RunState
from evals.result import Verdict
from evals.verdict import WORDS

_STATE_WORDS = {
    RunState.QUEUED: "Waiting",
    RunState.RUNNING: "Running",
    RunState.REPORTING: "Writing the report",
    RunState.FINISHED: "Finished",
}


def duration(seconds: float | None) -> str:
    """Return "4.2 s", "3 min 07 s" or "2 h 05 min"; a dash when it is unknown."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment(time: datetime | None) -> str:
    """Return a time in UTC to the second; a dash when it is unknown."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else "–"


def day(time: datetime | None) -> str:
    """Return a time's day in UTC; a dash when it is unknown."""
    return time.astimezone(UTC).strftime("%Y-%m-%d") if time else "–"


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds from one time to another, or None when one is unknown."""
    return (end - start).total_seconds() if start and end else None


def verdict_word(verdict: Verdict | None) -> str:
    """Return a verdict's word; an absent one decides nothing."""
    return WORDS[verdict] if verdict else "not judged"


def standing(run: RunRecord) -> tuple[str, str]:
    """Return a run's (word, style): its verdict once it has one, its state before."""
    if run.verdict is not None:
        return WORDS[run.verdict], run.verdict.value
    if run.cancel_requested:
        return "Cancelling", "waiting"
    return _STATE_WORDS[run.state], "waiting" if run.state == RunState.QUEUED else "running"
