"""The list of runs as the page shows it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from dashboard.words import duration, moment, seconds_between, short_model, standing
from db.jobs import JobRecord
from db.runs import RunRecord
from db.states import RunState
from db.timeline import total_progress


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run in one line. partial: why it is only a part of what its workloads ask; "" for a whole one."""

    id: str
    word: str
    style: str
    headline: str
    model: str
    engines: str
    suite: str
    tags: tuple[str, ...]
    pull_request: str
    partial: str
    created: str
    took: str
    live: bool


@dataclass(frozen=True, kw_only=True)
class RunsChosen:
    """What the address asks for; "" lets all pass."""

    state: str = ""
    verdict: str = ""
    model: str = ""
    suite: str = ""
    tag: str = ""

    @property
    def filtered(self) -> bool:
        """Tell whether anything is chosen."""
        return any(vars(self).values())

    def address(self, **more: str) -> str:
        """Return the page's address with these choices; more: further parts of it."""
        values = {name: value for name, value in (vars(self) | more).items() if value}
        return "/runs?" + urlencode(values) if values else "/runs"


@dataclass(frozen=True, kw_only=True)
class RunsView:
    """A page of the list. older: the address of the next page, None at the end. later: whether it is not the first."""

    chosen: RunsChosen
    rows: tuple[RunRow, ...]
    older: str | None
    later: bool
    suites: tuple[str, ...]

    @property
    def live(self) -> bool:
        """Tell whether a run of the first page still goes on; older pages stay as they are."""
        return not self.later and any(row.live for row in self.rows)


def run_rows(
    runs: Sequence[RunRecord],
    jobs: Mapping[str, Sequence[JobRecord]],
    partial: Mapping[str, str] | None = None,
) -> tuple[RunRow, ...]:
    """Return the runs' lines in the order given; partial: why some of them are only parts."""
    return tuple(_row(run, jobs.get(run.id, ()), (partial or {}).get(run.id)) for run in runs)


def _row(run: RunRecord, jobs: Sequence[JobRecord], partial: str | None) -> RunRow:
    word, style = standing(run)
    asked = run.submission
    pull = asked.pull_request
    return RunRow(
        id=run.id,
        word=word,
        style=style,
        headline=run.headline or _doing(jobs),
        model=short_model(asked.model.path),
        engines=f"{asked.candidate.kind} against {asked.baseline_words}",
        suite=asked.suite,
        tags=asked.tags,
        pull_request=f"{pull.repository}#{pull.number}" if pull else "",
        partial=partial or (f"only the first {asked.asked_limit:,} items" if asked.asked_limit is not None else ""),
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
