"""The check run beside the comment: its status, its conclusion, and the same summary."""

from __future__ import annotations

from dataclasses import dataclass

from evals.formatting import one_line, plural
from evals.render.pull_request.comment import CHARACTERS, newest_of_each, render_body
from evals.render.pull_request.standing import Standing, progress_line, standing_of, worst
from evals.render.pull_request.views import PullView, RunView
from evals.verdict import WORDS

CONCLUSIONS = {
    Standing.PASS: "success",
    Standing.FAIL: "failure",
    Standing.ERROR: "failure",
    Standing.INCONCLUSIVE: "neutral",
    Standing.INCOMPARABLE: "neutral",
    Standing.CANCELLED: "cancelled",
}
"""What is undecided is never a success; an error is no verdict, and must not let a pull request pass."""

_TITLE = 200


@dataclass(frozen=True, kw_only=True)
class CheckText:
    """Hold a check run's state and texts. status: queued, in_progress or completed; conclusion: None until then."""

    status: str
    conclusion: str | None
    title: str
    summary: str
    details_url: str | None


def render_check(view: PullView) -> CheckText:
    """Return a head's check run; several runs together succeed only if all do."""
    runs, _ = newest_of_each(view.runs)
    if not runs:
        return CheckText(
            status="queued", conclusion=None, title="Queued", summary="Nothing runs yet.", details_url=None
        )
    state = worst(runs)
    status = {Standing.QUEUED: "queued", Standing.RUNNING: "in_progress"}.get(state, "completed")
    return CheckText(
        status=status,
        conclusion=None if state.is_live else CONCLUSIONS[state],
        # A title is plain text, in which no entity could stand for the at sign.
        title=one_line(_title(runs, state), _TITLE).replace("@", "@\u200b"),
        summary=render_body(view, budget=CHARACTERS),
        details_url=runs[0].url,
    )


def _title(runs: list[RunView], state: Standing) -> str:
    if len(runs) > 1:
        ended = sum(not standing_of(run).is_live for run in runs)
        return f"{state.value.capitalize()}: {ended} of {plural(len(runs), 'evaluation')} ended"
    run = runs[0]
    if state.is_live:
        return f"{state.value.capitalize()}: {progress_line(run)}"
    if state is Standing.CANCELLED or run.report is None:
        return "Cancelled"
    return f"{WORDS[run.report.verdict]}: {run.report.headline}"
