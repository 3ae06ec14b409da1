"""What a comment shows of parity: the table of checks, and folds with positions, divergences and tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.formatting import check_name, margin, measured, sizes
from evals.outcome import Verdict
from evals.parity.findings import ParityCheck, ParityResult, TokenDifference
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
from evals.render.escape import block, code, plain
from evals.render.signs import verdict_cell
from evals.render.tables import bullets, fold, table
from evals.result import Comparison
from evals.verdict import WORDS

SHOWN = 20
DIFFS_SHOWN = 5


def parity_table(comparisons: Sequence[Comparison]) -> str:
    """Return the table of parity checks, the most urgent as they come."""
    return table(
        ("parity", "found", "noise floor", "limit", "n", "verdict"), (_row(comparison) for comparison in comparisons)
    )


def _row(comparison: Comparison) -> tuple[str, ...]:
    return (
        f"{plain(comparison.workload, 60)}: {plain(check_name(comparison), 120)}",
        measured(comparison.candidate),
        measured(comparison.baseline) if comparison.baseline else "–",
        margin(comparison),
        f"{comparison.candidate.n:,}" if comparison.candidate else sizes(comparison),
        verdict_cell(comparison.verdict),
    )


def parity_folds(results: Sequence[ParityResult]) -> Iterator[str]:
    """Yield a fold for each check, those that are no pass first, and one on how it was judged."""
    for result in results:
        for check in sorted(result.checks, key=lambda one: one.verdict is Verdict.PASS):
            yield from _check(result, check)
        yield fold(f"{plain(result.workload, 60)}: how it was judged, and what was asked", _judged(result))


def _check(result: ParityResult, check: ParityCheck) -> Iterator[str]:
    parts = [
        bullets(plain(line, 600) for line in (*check.reasons, *check.notes)) if check.reasons or check.notes else "",
        _table(SPREAD_HEADS, spread_rows(check)),
        *(_explained(check)),
    ]
    body = "\n\n".join(part for part in parts if part)
    if body:
        title = f"{plain(result.workload, 60)}: {plain(check.title, 120)}: {WORDS[check.verdict].lower()}"
        yield fold(title, body)


def _explained(check: ParityCheck) -> Iterator[str]:
    if check.verdict is not Verdict.PASS or check.name == "prefill":
        yield _table(GROUP_HEADS, group_rows(check))
        yield _titled("The positions that differ most", WORST_HEADS, [worst_row(one) for one in check.worst])
    telling = most_telling(check.divergences)
    title = divergence_title(telling).capitalize()
    yield _titled(title, DIVERGENCE_HEADS, [divergence_row(one) for one in telling[:SHOWN]])
    if len(telling) > SHOWN:
        yield f"…and {len(telling) - SHOWN:,} more."
    yield from (_difference(one) for one in check.token_differences[:DIFFS_SHOWN])
    if len(check.token_differences) > DIFFS_SHOWN:
        yield f"…and {len(check.token_differences) - DIFFS_SHOWN:,} more texts."


def _difference(one: TokenDifference) -> str:
    about = f"{code(one.prompt, 80)} as {plain(one.form, 20)}: {one.candidate_count:,} tokens from the candidate"
    return f"{about}, {one.reference_count:,} from the baseline\n\n{block(chr(10).join(one.diff), 4000)}"


def _judged(result: ParityResult) -> str:
    parts = [plain(result.calibration, 2000), bullets(plain(line, 600) for line in result.coverage)]
    if result.left_out:
        parts.append("Not asked:\n\n" + bullets(plain(line, 300) for line in result.left_out))
    return "\n\n".join(part for part in parts if part)


def _titled(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"{title}:\n\n{_table(header, rows)}" if rows else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    heads, filled = filled_columns(header, rows)
    return table(heads, ([_cell(cell) for cell in row] for row in filled))


def _cell(text: str) -> str:
    return code(text, 120) if text.startswith('"') else plain(text, 160)
