"""How a run stands, in one word, and several runs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from evals.formatting import percent, plural
from evals.render.escape import plain
from evals.render.markdown import first_line
from evals.render.pull_request.views import RunView
from evals.result import Verdict


class Standing(StrEnum):
    """How a run stands; the most urgent first."""

    FAIL = "failed"
    ERROR = "error"
    INCOMPARABLE = "not comparable"
    INCONCLUSIVE = "inconclusive"
    CANCELLED = "cancelled"
    RUNNING = "running"
    QUEUED = "queued"
    PASS = "passed"

    @property
    def is_live(self) -> bool:
        """Tell whether more is to come."""
        return self in (Standing.RUNNING, Standing.QUEUED)


SIGNS = {
    Standing.FAIL: "❌",
    Standing.ERROR: "💥",
    Standing.INCOMPARABLE: "🚫",
    Standing.INCONCLUSIVE: "⚠️",
    Standing.CANCELLED: "⏹️",
    Standing.RUNNING: "⏳",
    Standing.QUEUED: "🕒",
    Standing.PASS: "✅",
}

_OF_VERDICT = {
    Verdict.PASS: Standing.PASS,
    Verdict.FAIL: Standing.FAIL,
    Verdict.INCONCLUSIVE: Standing.INCONCLUSIVE,
    Verdict.INCOMPARABLE: Standing.INCOMPARABLE,
    Verdict.ERROR: Standing.ERROR,
}


def standing_of(run: RunView) -> Standing:
    """Return how a run stands; what was cancelled before it had a verdict is no error."""
    if run.state != "finished" or run.report is None:
        return Standing.QUEUED if run.state == "queued" else Standing.RUNNING
    found = _OF_VERDICT[run.report.verdict]
    return Standing.CANCELLED if run.is_cancelled and found is Standing.ERROR else found


def worst(runs: Sequence[RunView]) -> Standing:
    """Return how several runs stand together: running until all have ended, and then the worst."""
    found = {standing_of(run) for run in runs}
    if any(standing.is_live for standing in found):
        return Standing.QUEUED if found == {Standing.QUEUED} else Standing.RUNNING
    return min(found, key=list(Standing).index)


def by_urgency(runs: Sequence[RunView]) -> list[RunView]:
    """Return runs with the most urgent first; equal ones stay in their order."""
    order = list(Standing)
    return sorted(runs, key=lambda run: order.index(standing_of(run)))


def title_line(runs: Sequence[RunView]) -> str:
    """Return the first line: the verdict in words, or how far it is."""
    if len(runs) == 1:
        return _one(runs[0])
    counts = Counter(standing_of(run) for run in runs)
    told = ", ".join(f"{counts[one]} {one.value}" for one in Standing if counts[one])
    state = worst(runs)
    return f"{SIGNS[state]} **{state.value.capitalize()}:** {plural(len(runs), 'evaluation')}: {told}"


def progress_line(run: RunView) -> str:
    """Return how far a run is: "31 %: 412 of 1,319 answers"."""
    if run.state == "queued":
        return "it waits for a free device"
    if run.state == "reporting":
        return "all jobs have ended, and the report is being written"
    done, totals = sum(job.done for job in run.jobs), [job.total for job in run.jobs]
    nouns = {job.noun for job in run.jobs}
    noun = nouns.pop() if len(nouns) == 1 else "steps"
    known = [total for total in totals if total is not None]
    if not known or len(known) < len(totals) or sum(known) == 0:
        return f"{done:,} {noun} so far"
    return f"{percent(done / sum(known))}: {done:,} of {sum(known):,} {noun}"


def _one(run: RunView) -> str:
    state = standing_of(run)
    if state.is_live:
        return (
            f"{SIGNS[state]} **{state.value.capitalize()}:** {plain(run.suite, 60)}: {plain(progress_line(run), 200)}"
        )
    if state is Standing.CANCELLED:
        return f"{SIGNS[state]} **Cancelled:** {plain(run.suite, 60)} was cancelled before it had a verdict"
    assert run.report is not None
    partial = f" (partial: {plain(run.partial, 200)})" if run.partial else ""
    return first_line(run.report) + partial
