"""Parity as the page shows it: checks, and behind each its numbers, positions, divergences and tokens; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.words import verdict_word
from evals.formatting import check_name, margin, measured, sizes
from evals.outcome import Verdict
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.judging.words import (
    DIVERGENCE_HEADS,
    GROUP_HEADS,
    SPREAD_HEADS,
    WORST_HEADS,
    divergence_row,
    divergence_title,
    filled_columns,
    group_rows,
    most_telling,
    spread_rows,
    worst_row,
)
from evals.result import Comparison

DIVERGENCES_SHOWN = 40
DIFFS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class TableView:
    """A table in words; the cells are foreign text."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """One check in words; open says whether its details are shown at once."""

    name: str
    found: str
    floor: str
    limit: str
    n: str
    word: str
    style: str
    title: str
    open: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    tables: tuple[TableView, ...]
    diffs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ParityView:
    """One parity workload."""

    workload: str
    word: str
    style: str
    headline: str
    calibration: str
    coverage: tuple[str, ...]
    left_out: tuple[str, ...]
    checks: tuple[CheckView, ...]


def parity_view(result: ParityResult, comparisons: Sequence[Comparison]) -> ParityView:
    """Return a parity workload's result; comparisons: those of its checks, in the checks' order."""
    rows = [comparison for comparison in comparisons if comparison.workload == result.workload]
    return ParityView(
        workload=result.workload,
        word=verdict_word(result.verdict),
        style=result.verdict.value,
        headline=result.headline,
        calibration=result.calibration,
        coverage=result.coverage,
        left_out=result.left_out,
        checks=tuple(_check(check, row) for check, row in zip(result.checks, rows, strict=False)),
    )


def _check(check: ParityCheck, row: Comparison) -> CheckView:
    return CheckView(
        name=check_name(row),
        found=measured(row.candidate),
        floor=measured(row.baseline) if row.baseline else "–",
        limit=margin(row),
        n=f"{row.candidate.n:,}" if row.candidate else sizes(row),
        word=verdict_word(check.verdict),
        style=check.verdict.value,
        title=check.title,
        open=check.verdict is not Verdict.PASS,
        reasons=check.reasons,
        notes=check.notes,
        tables=_tables(check),
        diffs=tuple(
            (
                f"{one.prompt} as {one.form}: {one.candidate_count:,} tokens from the candidate, "
                f"{one.reference_count:,} from the baseline",
                "\n".join(one.diff),
            )
            for one in check.token_differences[:DIFFS_SHOWN]
        ),
    )


def _tables(check: ParityCheck) -> tuple[TableView, ...]:
    parted = most_telling(check.divergences)[:DIVERGENCES_SHOWN]
    tables = (
        _table("How large the errors are", SPREAD_HEADS, spread_rows(check)),
        _table("By kind of prompts", GROUP_HEADS, group_rows(check)),
        _table("The positions that differ most", WORST_HEADS, [worst_row(one) for one in check.worst]),
        _table(divergence_title(parted).capitalize(), DIVERGENCE_HEADS, [divergence_row(one) for one in parted]),
    )
    return tuple(table for table in tables if table.rows)


def _table(title: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]]) -> TableView:
    filled, cells = filled_columns(heads, rows)
    return TableView(title=title, heads=filled, rows=tuple(cells))
