"""What to do next about a run that did not pass."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from evals.explain import Divergence
from evals.formatting import answer_line, item_name
from evals.parity.findings import Divergence as TokenDivergence
from evals.parity.findings import ParityResult, WorstPosition
from evals.render.escape import code, link, plain
from evals.render.pull_request.standing import Standing, standing_of
from evals.render.pull_request.views import RunView
from evals.result import Comparison, Flip, Report, SideSummary, Verdict

FLIPS_SHOWN = 3
_OTHER_BASELINE = "plumbline submit --baseline sglang --baseline-source git:URL@COMMIT"


def next_steps(run: RunView, *, commands: bool) -> list[str]:
    """Return what to do next, one line of safe Markdown each; [] for what passed or still runs."""
    state = standing_of(run)
    if run.report is None or state.is_live or state is Standing.PASS:
        return []
    if state is Standing.CANCELLED:
        return [f"Ask again: {code(f'/plumbline run {run.suite}')}"] if commands else []
    if state is Standing.FAIL:
        return list(_after_a_fail(run, run.report, commands))
    if state is Standing.ERROR:
        return list(_after_an_error(run.report, commands))
    if state is Standing.INCOMPARABLE:
        return [f"Make both sides comparable first: {plain(reason, 400)}" for reason in run.report.reasons[:2]]
    return list(_undecided(run, run.report))


def lost_flips(report: Report) -> Iterator[tuple[Comparison, Flip]]:
    """Yield the items that the baseline alone got right, of what failed; those with another answer before none."""
    failed = [one for one in report.comparisons if one.decides and one.verdict is Verdict.FAIL]
    lost = [(one, flip) for one in failed for flip in one.flips if flip.right == "baseline"]
    yield from sorted(lost, key=lambda pair: pair[1].candidate_extracted is None)


def _after_a_fail(run: RunView, report: Report, commands: bool) -> Iterator[str]:
    for comparison, flip in islice(lost_flips(report), FLIPS_SHOWN):
        yield _flip(run, comparison, flip)
    for result in report.parity:
        if result.verdict is Verdict.FAIL:
            yield from _first_parting(result)
    yield _suspect(run, report, commands)


def _flip(run: RunView, comparison: Comparison, flip: Flip) -> str:
    name = code(item_name((flip.task, flip.doc_id)), 90)
    answers = (
        f"answered {code(flip.candidate_extracted, 60, missing='<i>nothing that could be parsed</i>')} "
        f"instead of {code(answer_line(flip.gold), 60)}"
    )
    parting = run.partings.get((comparison.workload, flip.task, flip.doc_id))
    where = f"; {_parting(parting)}" if parting else ""
    page = run.item_url(comparison.workload, flip.task, flip.doc_id)
    opened = f" ({link('open', page)})" if page else ""
    return f"Read {name} of {plain(comparison.workload, 60)}: the candidate {answers}{where}{opened}"


def _parting(one: Divergence) -> str:
    ours, theirs = (_token_text(side.differing) for side in (one.candidate, one.baseline))
    return f"the texts part at {one.unit.value} {one.position:,}: {ours} against {theirs}"


def _first_parting(result: ParityResult) -> Iterator[str]:
    name = plain(result.workload, 60)
    parted = [one for check in result.checks for one in check.divergences if not one.benign]
    if parted:
        yield f"{name}: {_token(min(parted, key=lambda one: one.position))}"
    worst = [one for check in result.checks if check.verdict is Verdict.FAIL for one in check.worst]
    if worst:
        yield f"{name}: {_position(worst)}"


def _token(one: TokenDivergence) -> str:
    tokens = f"{_token_text(one.candidate_token)} against {_token_text(one.reference_token)}"
    return f"the first diverging position is token {one.position:,} of the answer to {code(one.prompt, 60)}: {tokens}"


def _position(worst: Sequence[WorstPosition]) -> str:
    first = worst[0]
    where = f"position {first.position:,} of {first.of:,} in {code(first.prompt, 60)}"
    return f"the log-probabilities differ most at {where} ({_token_text(first.token)})"


def _token_text(token: str) -> str:
    return code(json.dumps(token, ensure_ascii=False), 60)


def _suspect(run: RunView, report: Report, commands: bool) -> str:
    candidate, baseline = report.candidate, report.baseline
    if candidate.engine == baseline.engine:
        between = f"what lies between {_code_of(baseline)} and {_code_of(candidate)}"
        return f"The suspected change is {between}; {code('plumbline bisect')} finds the commit"
    other = f"the baseline is another engine ({code(baseline.engine, 40)}), so this run alone does not tell the change"
    ask = f"/plumbline run {run.suite} baseline=merge-base" if commands else _OTHER_BASELINE
    return f"The suspected change is this pull request's code or what its branch stands on: {other}; {code(ask)} would"


def _code_of(side: SideSummary) -> str:
    source = side.settings.get("source")
    return code(source if isinstance(source, str) and source else side.origin or side.engine, 120)


def _after_an_error(report: Report, commands: bool) -> Iterator[str]:
    for side in (report.candidate, report.baseline, *report.companions):
        remedy = (side.error or {}).get("remedy")
        if remedy:
            yield f"{plain(side.role, 20)}: {plain(str(remedy), 400)}"
    if commands:
        yield f"When that is done: {code('/plumbline rerun failed')} repeats the failed jobs alone"


def _undecided(run: RunView, report: Report) -> Iterator[str]:
    for reason in report.reasons[:2]:
        yield plain(reason, 400)
    if run.partial:
        yield f"Ask for all items instead of a part ({plain(run.partial, 200)})"
