"""Times, durations and verdicts in words, as the pages show them; pure."""

from __future__ import annotations

from datetime import UTC, datetime

from db.runs import RunRecord
from db.states import RunState
from evals.formatting import one_line
from evals.lineage import Lineage
from evals.result import Verdict
from evals.verdict import WORDS

_STATE_WORDS = {
    RunState.QUEUED: "Waiting",
    RunState.RUNNING: "Running",
    RunState.REPORTING: "Writing the report",
    RunState.FINISHED: "Finished",
}


def duration(seconds: float | None) -> str:
    """Return "0.24 s", "4.2 s", "3 min 07 s", "2 h 05 min" or "3 d 04 h"; a dash when it is unknown."""
    if seconds is None:
        return "–"
    if seconds < 59.95:
        return _short(seconds)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24:02d} h"


def _short(seconds: float) -> str:
    if seconds >= 0.95 or seconds <= 0:
        return f"{max(0.0, seconds):.1f} s"
    return f"{seconds:.2g} s" if seconds >= 0.001 else "< 0.001 s"


def sentence(words: str) -> str:
    """Return a state's words as a chip shows them, with a capital letter in front."""
    return words[:1].upper() + words[1:]


def moment(time: datetime | None) -> str:
    """Return a time in UTC to the second; a dash when it is unknown."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else "–"


def day(time: datetime | None) -> str:
    """Return a time's day in UTC; a dash when it is unknown."""
    return time.astimezone(UTC).strftime("%Y-%m-%d") if time else "–"


def short_model(path: str) -> str:
    """Return a model's name: the last part of its path or hub name."""
    return path.rstrip("/").rpartition("/")[2] or path


def lineage_title(lineage: Lineage) -> str:
    """Return a lineage as headings and links name it: "demo-llm: gsm8k on sglang"."""
    workload = lineage.workload.partition("@")[0]
    return one_line(f"{short_model(lineage.model)}: {workload} on {lineage.engine}", 200)


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
