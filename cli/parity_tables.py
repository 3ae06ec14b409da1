"""Print parity in a terminal: its checks, and what explains those that are no pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from cli.table import STYLES, new_table
from evals.formatting import check_name, margin, measured, one_line, sizes
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.judging.words import (
    divergence_title,
    divergence_words,
    filled_columns,
    most_telling,
    quoted,
    spread_rows,
    worst_row,
)
from evals.result import Comparison, Verdict
from evals.verdict import WORDS

SHOWN = 5
_WORST = ("position", "behind", "token", "candidate", "held against", "apart")
_DIVERGENCES = ("prompt", "token", "candidate", "held against", "what it is")
_SPREADS = ("statistic", "error", "noise floor", "error / floor [95 %]", "limit", "verdict")


def parity_checks(comparisons: Sequence[Comparison]) -> Table:
    """Return the table of parity checks, without a row where there are none."""
    table = new_table("Parity", "check", "found", "noise floor", "limit", "n", "verdict")
    for comparison in comparisons:
        verdict = comparison.verdict or Verdict.ERROR
        table.add_row(
            Text(f"{one_line(comparison.workload, 60)}: {check_name(comparison)}"),
            measured(comparison.candidate),
            measured(comparison.baseline) if comparison.baseline else "–",
            margin(comparison),
            f"{comparison.candidate.n:,}" if comparison.candidate else sizes(comparison),
            Text(WORDS[verdict].lower(), style=STYLES[verdict]),
        )
    return table


def parity_details(results: Sequence[ParityResult]) -> Iterator[Table]:
    """Yield the tables of the checks that are no pass: statistics, worst positions, divergences, tokens."""
    for result in results:
        for check in result.checks:
            if check.verdict is not Verdict.PASS:
                yield from _details(check)


def _details(check: ParityCheck) -> Iterator[Table]:
    yield _filled(f"{check.title}: how large the errors are", _SPREADS, spread_rows(check))
    worst = [worst_row(one)[:7] for one in check.worst[:SHOWN]]
    rows = [(f"{prompt}, {position}", *rest) for prompt, position, *rest in worst]
    yield _filled(f"{check.title}: where the errors are largest", _WORST, rows)
    parted = [
        (
            one_line(one.prompt, 60),
            f"{one.position:,}",
            quoted(one.candidate_token),
            quoted(one.reference_token),
            divergence_words(one),
        )
        for one in most_telling(check.divergences)[:SHOWN]
    ]
    yield _filled(f"{check.title}: {divergence_title(check.divergences)}", _DIVERGENCES, parted)
    for one in check.token_differences[:SHOWN]:
        yield _filled(f"{one_line(one.prompt, 60)} as {one.form}", ("tokens",), [(line,) for line in one.diff])


def _filled(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    heads, rows = filled_columns(heads, rows) if rows else (tuple(heads), [])
    table = new_table(title, *heads, numbers=False)
    for row in rows:
        table.add_row(*(Text(one_line(cell, 120)) for cell in row))
    return table
