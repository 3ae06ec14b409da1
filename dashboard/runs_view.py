"""The list of runs as the page shows it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.words import duration, moment, seconds_between, standing
from db.jobs import JobRecord
from db.runs import RunRecord
from db.states import RunState
from db.timeline import total_progress


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run in one line."""

    id: str
    word: str
    style: str
    headline: str
    model: str
    engines: str
    suite: str
    created: str
    took: str
    live: bool


def run_rows(runs: Sequence[RunRecord], jobs: Mapping[str, Sequence[JobRecord]]) -> tuple[RunRow, ...]:
    """Return the runs' lines in the order given."""
    return tuple(_row(run, jobs.get(run.id, ())) for run in runs)


def _row(run: RunRecord, jobs: Sequence[JobRecord]) -> RunRow:
    word, style = standing(run)
    asked = run.submission
    return RunRow(
        id=run.id,
        word=word,
        style=style,
        headline=run.headline or _doing(jobs),
        model=asked.model.path.rstrip("/").rpartition("/")[2] or asked.model.path,
        engines=f"{asked.candidate.kind} against {asked.baseline_words}",
        suite=asked.suite,
        created=moment(run.created_at),
        took=duration(seconds_between(run.created_at, run.finished_at)),
        live=run.state != RunState.FINISHED,
    )


def _doing(jobs: Sequence[JobRecord]) -> str:
    words = []
    for job in jobs:
        progress = total_progress(job.progress)
        count = f", {progress.done:,} of {progress.total:,}" if progress.total else ""
        words.append(f"{job.role.value} {job.phase.value if job.phase else job.state.value}{count}")
    return "; ".join(words)
