"""Render a report as it stands in a pull request: the verdict, one table of what decides, and folds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evals.formatting import NOT_MEASURED, difference, margin, measured, reused_line, sizes
from evals.metrics import Kind
from evals.render.checks import checks_table
from evals.render.escape import code, link, plain
from evals.render.fitting import fitted
from evals.render.folds import folds
from evals.render.parity import parity_table
from evals.render.serving.comment import serving_tables
from evals.render.signs import SIGNS, verdict_cell
from evals.render.tables import table
from evals.result import Comparison, Report, SideSummary, Verdict
from evals.verdict import WORDS

CHARACTERS = 60_000
"""GitHub refuses comments beyond 65,536 characters."""

DECIDING_ROWS = 50
_URGENCY = [Verdict.FAIL, Verdict.INCOMPARABLE, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS]


def render_markdown(report: Report, *, report_url: str | None = None, plots_url: str | None = None) -> str:
    """Return the comment's text, at most 60,000 characters; folds that do not fit give way to a link.

    plots_url: the folder of the run's plots, where it can be read without a token by whoever reads the comment.
    """
    head = "\n\n".join((first_line(report), context(report, report_url), deciding(report)))
    tail = "\n\n" + marker(report.run_id) + "\n"
    sections = folds(report, report_url, plots_url)
    return fitted(head, sections, budget=CHARACTERS - len(tail), left_out=left_out(report, report_url)) + tail


def marker(run_id: str) -> str:
    """Return the hidden line by which the comment is found again."""
    return f"<!-- plumbline:run:{re.sub(r'[^A-Za-z0-9_-]', '', run_id)} -->"


def first_line(report: Report) -> str:
    """Return the verdict in words."""
    return f"{SIGNS[report.verdict]} **{WORDS[report.verdict]}:** {plain(report.headline, 600)}"


def context(report: Report, report_url: str | None) -> str:
    """Return what was compared with what."""
    sides = " against ".join(
        f"{plain(side.role, 20)} {code(side.engine, 60)}{_origin(side)} with {code(side.model)}"
        for side in (report.candidate, report.baseline)
    )
    reused = "".join(f" {plain(reused_line(side), 300)}" for side in (report.candidate, report.baseline) if side.reused)
    full = f" {link('Full report', report_url)}" if report_url else ""
    return f"Suite {code(report.suite, 60)}: {sides}.{reused}{full}"


def _origin(side: SideSummary) -> str:
    return f" ({plain(side.origin, 200)})" if side.origin else ""


def deciding(report: Report) -> str:
    """Return the tables of what decides."""
    rows = [comparison for comparison in report.comparisons if comparison.decides]
    if not rows and not report.serving:
        return f"Workloads: {NOT_MEASURED}."
    served = {result.workload for result in report.serving}
    parity = [comparison for comparison in rows if comparison.metric.kind is Kind.PARITY]
    checks = [comparison for comparison in rows if comparison.metric.kind is Kind.CHECK]
    rest = [one for one in rows if one.metric.kind not in (Kind.PARITY, Kind.CHECK)]
    others = [one for one in rest if one.workload not in served]
    parts = (_parity(parity), checks_table(checks), _margins(others), *serving_tables(report.serving))
    return "\n\n".join(part for part in parts if part)


def _parity(comparisons: Sequence[Comparison]) -> str:
    return parity_table(comparisons) if comparisons else ""


def _margins(comparisons: Sequence[Comparison]) -> str:
    if not comparisons:
        return ""
    ordered = sorted(comparisons, key=lambda comparison: _URGENCY.index(comparison.verdict or Verdict.ERROR))
    header = ("workload", "candidate", "baseline", "difference [95 %]", "margin", "n", "verdict")
    text = table(header, (deciding_row(comparison) for comparison in ordered[:DECIDING_ROWS]))
    hidden = len(ordered) - DECIDING_ROWS
    return text + f"\n\n…and {hidden} more, less urgent, in the full report." if hidden > 0 else text


def deciding_row(comparison: Comparison) -> tuple[str, ...]:
    """Return a comparison's cells: workload, both sides, difference, margin, n, verdict."""
    return (
        plain(comparison.workload, 60),
        measured(comparison.candidate),
        measured(comparison.baseline),
        difference(comparison),
        margin(comparison),
        sizes(comparison),
        verdict_cell(comparison.verdict),
    )


def left_out(report: Report, report_url: str | None) -> str:
    """Return the sentence that says where the folds stand that do not fit."""
    where = link("full report", report_url)
    if report_url is None or where == "full report":
        where = f"full report: {code(f'plumbline report {report.run_id}')}"
    return f"The rest does not fit into a comment. It stands in the {where}."
