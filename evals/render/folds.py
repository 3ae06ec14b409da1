"""The folds below a comment's table: everything that explains a verdict without deciding it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

from evals.formatting import (
    NOT_MEASURED,
    amount,
    answer_line,
    difference,
    item_name,
    measured,
    metric_name,
    p_value,
    plural,
    sizes,
)
from evals.metrics import Kind
from evals.render.escape import block, code, link, plain
from evals.render.parity import parity_folds
from evals.render.provenance import provenance_folds
from evals.render.scorers import scorer_fold
from evals.render.serving.comment import serving_folds
from evals.render.tables import bullets, fold, table
from evals.result import Comparison, Flip, Measurement, Report, SideSummary, Verdict
from evals.spec import Role

FLIPS_SHOWN = 20


def folds(report: Report, report_url: str | None, plots_url: str | None = None) -> Iterator[str]:
    """Yield the folds in order of importance, without the empty ones."""
    # Parity and serving workloads have folds of their own, with their reasons in them.
    own = {result.workload for result in report.serving}
    rest = [one for one in report.comparisons if one.workload not in own]
    comparisons = [one for one in rest if one.metric.kind is not Kind.PARITY]
    deciding = [comparison for comparison in comparisons if comparison.decides]
    yield from _errors(report)
    yield from _reasons("What was not comparable, and why", comparisons, (Verdict.INCOMPARABLE, None))
    yield from _reasons("What failed or could not be decided", deciding, (Verdict.FAIL, Verdict.INCONCLUSIVE))
    yield from _reasons("What is to be known of what passed", deciding, (Verdict.PASS,))
    yield from parity_folds(report.parity)
    yield from serving_folds(report.serving, plots_url)
    yield from _metrics([one for one in comparisons if one.metric.kind is not Kind.CHECK])
    yield from scorer_fold(rest)
    yield from _pairs(rest)
    for comparison in deciding:
        yield from _flips(comparison, report, report_url)
    yield from _unparsed(rest)
    yield from provenance_folds(report)


def _errors(report: Report) -> Iterator[str]:
    # Of further jobs a duel alone makes the run an error; the others stand in a table of their own.
    duels = (side for side in report.companions if side.role == Role.DUEL)
    sides = [side for side in (report.candidate, report.baseline, *duels) if side.error is not None]
    if sides:
        yield fold("Errors", "\n\n".join(_error(side) for side in sides))


def _error(side: SideSummary) -> str:
    error = side.error or {}
    lines = [
        f"**{plain(side.role, 20)}** ({code(side.engine, 60)}), job {plain(side.state, 40)}: "
        f"{plain(str(error.get('message', 'no message was recorded')), 1000)}",
        f"What to do: {plain(str(error.get('remedy', 'nothing was recorded')), 1000)}",
    ]
    if error.get("details"):
        lines.append(
            block(json.dumps(error["details"], indent=2, ensure_ascii=False, default=str).replace("\\n", "\n"))
        )
    return "\n\n".join(lines)


def _reasons(title: str, comparisons: Sequence[Comparison], verdicts: Sequence[Verdict | None]) -> Iterator[str]:
    said: set[tuple[str, str]] = set()
    lines = []
    for comparison in comparisons:
        for reason in comparison.reasons if comparison.verdict in verdicts else ():
            if (comparison.workload, reason) not in said:
                said.add((comparison.workload, reason))
                lines.append(f"{_name(comparison)}: {plain(reason, 600)}")
    if lines:
        yield fold(title, bullets(lines))


def _metrics(comparisons: Sequence[Comparison]) -> Iterator[str]:
    if not comparisons:
        return
    sides = ("candidate [95 %]", "baseline [95 %]", "difference [95 %]")
    header = ("workload: metric", *sides, "McNemar p", "detectable drop", "n", "decides")
    rows = (
        (
            _name(comparison),
            measured(comparison.candidate, interval=True),
            measured(comparison.baseline, interval=True),
            difference(comparison),
            p_value(comparison.mcnemar_p),
            amount(comparison.detectable_drop, comparison.metric),
            sizes(comparison),
            "yes" if comparison.decides else "no",
        )
        for comparison in comparisons
    )
    note = (
        "Intervals: Wilson for one side, Tango's paired score interval for the difference (Student's t for values "
        "other than 0 and 1). McNemar: exact, two-sided. Detectable drop: the true drop that this n would have failed, "
        "or told from zero where nothing is decided, with 80 % power."
    )
    yield fold("All metrics with 95 % intervals", f"{table(header, rows)}\n\n{note}")


def _pairs(comparisons: Sequence[Comparison]) -> Iterator[str]:
    rows = [
        (
            _name(comparison),
            *(f"{count:,}" for count in (pairs.both_right, pairs.only_candidate, pairs.only_baseline, pairs.neither)),
        )
        for comparison in comparisons
        if (pairs := comparison.pairs) is not None
    ]
    if rows:
        header = ("workload: metric", "both right", "only candidate", "only baseline", "neither")
        yield fold("Pairs: who got which items right", table(header, rows))


def _flips(comparison: Comparison, report: Report, report_url: str | None) -> Iterator[str]:
    if not comparison.flips:
        return
    header = ("item", "right", "candidate answered", "baseline answered", "reference")
    text = table(header, (_flip_row(flip) for flip in comparison.flips[:FLIPS_SHOWN]), numbers_from=5)
    more = len(comparison.flips) - FLIPS_SHOWN
    if more > 0:
        text += f"\n\n…and {more:,} more in the {link('full report', report_url)}."
    first = item_name((comparison.flips[0].task, comparison.flips[0].doc_id))
    command = shlex.join(["plumbline", "explain", report.run_id, first, "--workload", comparison.workload])
    text += f"\n\nBoth texts, and where they part: {code(command, 300)}"
    yield fold(f"Flips in {_name(comparison)}: {plural(len(comparison.flips), 'item')}", text)


def _flip_row(flip: Flip) -> tuple[str, ...]:
    return (
        code(item_name((flip.task, flip.doc_id)), 90),
        plain(flip.right, 20),
        code(flip.candidate_extracted, 80, missing="<i>not parsed</i>"),
        code(flip.baseline_extracted, 80, missing="<i>not parsed</i>"),
        code(answer_line(flip.gold), 80),
    )


def _unparsed(comparisons: Sequence[Comparison]) -> Iterator[str]:
    rows = [
        (_name(comparison), _unparsed_of(comparison.candidate), _unparsed_of(comparison.baseline))
        for comparison in comparisons
        if any(side and side.unparsed for side in (comparison.candidate, comparison.baseline))
    ]
    if rows:
        text = table(("workload: metric", "candidate", "baseline"), rows)
        yield fold("Answers that could not be parsed (they count as wrong)", text)


def _unparsed_of(side: Measurement | None) -> str:
    return f"{side.unparsed:,} of {side.n:,}" if side else NOT_MEASURED


def _name(comparison: Comparison) -> str:
    metric = plain(metric_name(comparison.metric.name, comparison.filter), 80)
    return f"{plain(comparison.workload, 60)}: {metric}"
