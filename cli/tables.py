"""Print a report in a terminal: the verdict first, then what decides, then what explains it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.parity_tables import parity_checks, parity_details
from cli.serving_tables import serving_notes, serving_tables
from cli.table import STYLES, new_table
from evals.formatting import (
    amount,
    answer_line,
    difference,
    item_name,
    margin,
    measured,
    metric_name,
    one_line,
    p_value,
    plural,
    reused_line,
    sizes,
)
from evals.metrics import Kind
from evals.result import Comparison, Report, Verdict
from evals.verdict import WORDS

FLIPS_SHOWN = 10


def print_report(console: Console, report: Report, url: str | None = None) -> None:
    """Print the verdict, the tables, the reasons and where the whole report stands."""
    console.print(_first_line(report), soft_wrap=True)
    for table in report_tables(report):
        console.print()
        console.print(table)
    notes = _notes(report)
    if notes:
        console.print()
    for note in notes:
        console.print(Text(f"• {note}"), soft_wrap=True)
    console.print()
    console.print(Text(f"Full report: {url or f'plumbline report {one_line(report.run_id, 80)}'}"), soft_wrap=True)


def report_tables(report: Report) -> list[Table]:
    """Return what decides, what is reported beside it, and the first flips; tables without a row are left out."""
    served = {result.workload for result in report.serving}
    deciding = [one for one in report.comparisons if one.decides and one.workload not in served]
    others = [one for one in report.comparisons if not one.decides and one.workload not in served]
    parity = [comparison for comparison in deciding if comparison.metric.kind is Kind.PARITY]
    margins = [comparison for comparison in deciding if comparison.metric.kind is not Kind.PARITY]
    tables = [
        parity_checks(parity),
        *parity_details(report.parity),
        *serving_tables(report.serving),
        _deciding(margins),
        _others(others),
        *(_flips(comparison) for comparison in margins),
    ]
    return [table for table in tables if table.row_count]


def _first_line(report: Report) -> Text:
    line = Text(WORDS[report.verdict], style=STYLES[report.verdict])
    return line.append(f": {one_line(report.headline, 600)}", style="default")


def _deciding(comparisons: Sequence[Comparison]) -> Table:
    table = new_table(
        "What decides", "workload", "candidate", "baseline", "difference [95 %]", "margin", "n", "verdict"
    )
    for comparison in comparisons:
        verdict = comparison.verdict or Verdict.ERROR
        table.add_row(
            Text(one_line(comparison.workload, 60)),
            measured(comparison.candidate),
            measured(comparison.baseline),
            Text(difference(comparison)),
            margin(comparison),
            sizes(comparison),
            Text(WORDS[verdict].lower(), style=STYLES[verdict]),
        )
    return table


def _others(comparisons: Sequence[Comparison]) -> Table:
    table = new_table(
        "Reported beside it", "workload: metric", "candidate", "baseline", "difference [95 %]", "McNemar p", "n"
    )
    for comparison in comparisons:
        table.add_row(
            Text(_name(comparison)),
            measured(comparison.candidate),
            measured(comparison.baseline),
            Text(difference(comparison)),
            p_value(comparison.mcnemar_p),
            sizes(comparison),
        )
    return table


def _flips(comparison: Comparison) -> Table:
    hidden = len(comparison.flips) - FLIPS_SHOWN
    title = f"Flips in {_name(comparison)}" + (f" (the first {FLIPS_SHOWN}, {hidden:,} more)" if hidden > 0 else "")
    table = new_table(title, "item", "right", "candidate answered", "baseline answered", "reference", numbers=False)
    for flip in comparison.flips[:FLIPS_SHOWN]:
        answers = (flip.candidate_extracted, flip.baseline_extracted)
        table.add_row(
            Text(item_name((flip.task, flip.doc_id))),
            Text(one_line(flip.right, 20)),
            *(Text("not parsed", style="dim") if answer is None else Text(one_line(answer, 40)) for answer in answers),
            Text(one_line(answer_line(flip.gold), 40)),
        )
    return table


def _notes(report: Report) -> list[str]:
    sides = (report.candidate, report.baseline, *report.companions)
    notes = [_failure(side.role, side.error) for side in sides if side.error]
    notes += [reused_line(side) for side in (report.candidate, report.baseline) if side.reused]
    notes += _origin(report)
    notes += serving_notes(report)
    served = {result.workload for result in report.serving}
    for comparison in report.comparisons:
        if not comparison.decides or comparison.workload in served:
            continue
        notes += [f"{_name(comparison)}: {one_line(reason, 600)}" for reason in comparison.reasons]
        drop = amount(comparison.detectable_drop, comparison.metric)
        if comparison.verdict is Verdict.PASS and comparison.detectable_drop is not None:
            notes.append(f"{_name(comparison)}: a true drop of {drop} would have been failed with 80 % power")
        unparsed = [side.unparsed if side else 0 for side in (comparison.candidate, comparison.baseline)]
        if any(unparsed):
            notes.append(
                f"{_name(comparison)}: could not be parsed and count as wrong: "
                f"{plural(unparsed[0], 'answer')} of the candidate, {unparsed[1]:,} of the baseline"
            )
    return notes


def _origin(report: Report) -> list[str]:
    """Say where a baseline comes from that was not launched, and in what it differs without being incomparable."""
    if not report.baseline.origin:
        return []
    allowed = [f"{held.workload}: {said}" for held in report.fingerprints for said in held.allowed]
    return [one_line(said, 300) for said in (f"baseline: {report.baseline.origin}", *allowed)]


def _failure(role: str, error: dict[str, object]) -> str:
    message = one_line(str(error.get("message", "no message was recorded")), 600)
    return f"{role}: {message} What to do: {one_line(str(error.get('remedy', 'nothing was recorded')), 600)}"


def _name(comparison: Comparison) -> str:
    parity = comparison.metric.kind is Kind.PARITY
    name = one_line(comparison.metric.title, 80) if parity else metric_name(comparison.metric.name, comparison.filter)
    return f"{one_line(comparison.workload, 60)}: {name}"
