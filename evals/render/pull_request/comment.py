"""The comment on a pull request: the verdict, one table of what decides, next steps, and everything else folded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.formatting import NOT_MEASURED, plural
from evals.render.escape import code, link, plain
from evals.render.fitting import fitted
from evals.render.folds import folds
from evals.render.markdown import context, deciding, left_out
from evals.render.pull_request.live import progress_table
from evals.render.pull_request.standing import SIGNS, by_urgency, progress_line, standing_of, title_line
from evals.render.pull_request.steps import next_steps
from evals.render.pull_request.views import Cost, PullView, RunView
from evals.render.tables import bullets, fold, table

CHARACTERS = 60_000
"""GitHub refuses comments beyond 65,536 characters and summaries of check runs beyond 65,535."""


def render_comment(view: PullView) -> str:
    """Return the comment's Markdown with its hidden marker; what does not fit gives way to a link, last folds first."""
    tail = f"\n\n{marker(view.name)}\n"
    return render_body(view, budget=CHARACTERS - len(tail)) + tail


def marker(name: str) -> str:
    """Return the hidden line by which the comment is found again."""
    return f"<!-- plumbline:comment:{re.sub(r'[^A-Za-z0-9_.-]', '', name)[:60]} -->"


def render_body(view: PullView, *, budget: int = CHARACTERS) -> str:
    """Return the text without a marker, at most `budget` characters."""
    runs, earlier = newest_of_each(view.runs)
    rest = [_earlier(earlier)] if earlier else []
    if not runs:
        return "**Nothing was evaluated.**"
    if len(runs) == 1:
        return _single(view, runs[0], rest, budget)
    head = "\n\n".join((title_line(runs), _about(view), _overview(runs), *_steps(view, runs)))
    return fitted(head, _details(runs, budget - len(head), rest), budget=budget, left_out="The rest does not fit here.")


def newest_of_each(runs: tuple[RunView, ...]) -> tuple[list[RunView], list[RunView]]:
    """Return the newest run of each suite and model, the most urgent first, and the runs that they replaced."""
    newest: dict[tuple[str, str], RunView] = {}
    for run in runs:
        newest.setdefault((run.suite, run.model), run)
    kept = list(newest.values())
    return by_urgency(kept), [run for run in runs if not any(run is one for one in kept)]


def _single(view: PullView, run: RunView, rest: list[str], budget: int) -> str:
    parts = [title_line([run]), _about(view, run), *_shown(run), *_steps(view, [run])]
    if run.report is None:
        return fitted("\n\n".join(parts), rest, budget=budget, left_out="")
    sections = [*_folds(run), *rest]
    return fitted("\n\n".join(parts), sections, budget=budget, left_out=left_out(run.report, run.url))


def _about(view: PullView, run: RunView | None = None) -> str:
    said = []
    if view.head_sha:
        said.append(f"Commit {link(code(view.head_sha[:10]), view.head_url)}.")
    if view.current_sha and view.current_sha != view.head_sha:
        ask = f"; ask for it with {code('/plumbline run')}" if view.commands else ""
        said.append(f"**The pull request is at {code(view.current_sha[:10])} now, which was not evaluated{ask}.**")
    if run is not None:
        said.append(f"Run {link(code(run.run_id, 40), run.url)}{_asked(run)}.")
    return " ".join(said)


def _asked(run: RunView) -> str:
    asked = f", asked for by {plain(run.asked_by, 60)}" if run.asked_by else ""
    return asked + (f" ({plain(run.why, 100)})" if run.why else "")


def _shown(run: RunView) -> Iterator[str]:
    if standing_of(run).is_live or run.report is None:
        shown = progress_table(run)
        if shown:
            yield shown
        return
    yield context(run.report, run.url)
    yield deciding(run.report)


def _overview(runs: list[RunView]) -> str:
    rows = ((code(run.suite, 60), code(run.model, 80), _verdict(run), _in_words(run), _page(run)) for run in runs)
    return table(("suite", "model", "verdict", "in words", "run"), rows, numbers_from=5)


def _verdict(run: RunView) -> str:
    state = standing_of(run)
    return f"{SIGNS[state]} {state.value}"


def _in_words(run: RunView) -> str:
    if standing_of(run).is_live or run.report is None:
        return plain(progress_line(run), 200)
    partial = f" (partial: {plain(run.partial, 200)})" if run.partial else ""
    return plain(run.report.headline, 300) + partial


def _page(run: RunView) -> str:
    return link(code(run.run_id, 40), run.url)


def _steps(view: PullView, runs: list[RunView]) -> Iterator[str]:
    lines = [line for run in runs for line in next_steps(run, commands=view.commands)]
    if lines:
        yield "**Next steps**\n\n" + bullets(lines[:12])


def _folds(run: RunView) -> Iterator[str]:
    if run.report is None:
        return
    yield from folds(run.report, run.url, run.plots_url)
    if run.report.serving and run.plots_url is None and run.url is not None:
        yield fold("Plots", f"They stand on {link('the page of the run', run.url)}.")
    yield fold("Cost", _cost(run.cost))


def _cost(cost: Cost) -> str:
    if cost.gpu_minutes is None:
        return f"GPU minutes: {NOT_MEASURED}."
    if cost.gpu_minutes == 0:
        return "GPU minutes: 0, no job held a GPU."
    return f"GPU minutes: {cost.gpu_minutes:,.1f}, counted while jobs held GPUs, all attempts included."


def _details(runs: list[RunView], budget: int, rest: list[str]) -> Iterator[str]:
    """Yield a fold for each run with the run's own folds in it, as many as fit into what is left."""
    for run in runs:
        title = f"{SIGNS[standing_of(run)]} {code(run.suite, 60)} on {code(run.model, 80)}"
        head = "\n\n".join((_about(PullView(runs=()), run), *_shown(run)))
        gone = left_out(run.report, run.url) if run.report else ""
        section = fold(title, fitted(head, _folds(run), budget=max(0, budget - len(title) - 600), left_out=gone))
        budget -= len(section)
        yield section
    yield from rest


def _earlier(runs: list[RunView]) -> str:
    rows = ((code(run.suite, 60), code(run.model, 80), _verdict(run), _page(run)) for run in runs[:20])
    more = f"\n\n…and {plural(len(runs) - 20, 'more run')}." if len(runs) > 20 else ""
    text = table(("suite", "model", "verdict", "run"), rows, numbers_from=4) + more
    return fold(f"Earlier runs of this commit: {len(runs)}", text)
