"""A parity result for a terminal: plain lines, the verdict first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.formatting import nats, one_line, percent
from evals.parity.findings import Divergence, ParityCheck, ParityResult, TokenDifference, WorstPosition
from evals.parity.judging.spread_words import ratio_words

_SHOWN = 5
_DIFF_LINES = 12
_HEADS = ("check", "verdict", "value", "limit", "n", "")


def parity_text(result: ParityResult) -> str:
    """Return what a parity workload found, for people: checks, then what shows of those that are no pass."""
    lines = [f"{result.verdict.upper()}: {result.headline}", "", result.calibration, ""]
    lines += _table([_HEADS, *map(_row, result.checks)])
    for check in result.checks:
        lines += _details(check)
    lines += _section("covered", result.coverage) + _section("not asked", result.left_out)
    return "\n".join(lines)


def _row(check: ParityCheck) -> tuple[str, ...]:
    return (
        check.name,
        str(check.verdict),
        _amount(check.value, check.unit),
        _amount(check.limit, check.unit),
        f"{check.n:,}",
        one_line(check.title, 100),
    )


def _details(check: ParityCheck) -> list[str]:
    blocks = [
        *(f"! {one_line(reason, 300)}" for reason in check.reasons),
        *(f"- {one_line(note, 300)}" for note in check.notes),
        *_spreads(check),
        *_some(_worst(one) for one in check.worst),
        *_some(_divergence(one) for one in check.divergences),
        *(line for difference in check.token_differences[:_SHOWN] for line in _tokens(difference)),
    ]
    return _section(f"{check.name}: {check.verdict}", blocks)


def _spreads(check: ParityCheck) -> Iterator[str]:
    """Yield the statistics over all prompts, and of a group those that are no pass."""
    for spread in check.spreads:
        if spread.group == "all" or spread.verdict not in (None, "pass"):
            floor = "" if spread.floor is None else f", floor {nats(spread.floor)}, {ratio_words(spread)}"
            limit = "" if spread.verdict is None else f" ({spread.verdict})"
            group = "" if spread.group == "all" else f" of {one_line(spread.group, 40)}"
            yield f"{spread.name}{group}: {nats(spread.error)}{floor}{limit}"


def _worst(one: WorstPosition) -> str:
    floor = "" if one.floor is None else f", floor {one.floor:.6g}"
    return (
        f"{one_line(one.prompt, 60)} ({one.mode}) at {one.position:,} of {one.of:,}: {_quoted(one.token)} after "
        f"{_quoted(one.before)}: {_number(one.candidate)} against {_number(one.reference)}{floor}"
    )


def _number(value: float | None) -> str:
    return "no number" if value is None else f"{value:.6g}"


def _divergence(one: Divergence) -> str:
    kind = "near tie" if one.benign else "undecided" if one.open else "no tie"
    margin = f"{'at least ' if one.at_least else ''}{nats(one.margin)}"
    return (
        f"{one_line(one.prompt, 60)} parts at token {one.position}: {_quoted(one.candidate_token)} against "
        f"{_quoted(one.reference_token)}, margin {margin} ({kind})"
    )


def _tokens(one: TokenDifference) -> Iterator[str]:
    yield f"{one_line(one.prompt, 60)} ({one.form}): {one.candidate_count:,} tokens against {one.reference_count:,}"
    yield from (f"    {one_line(line, 120)}" for line in one.diff[:_DIFF_LINES])


def _some(lines: Iterator[str]) -> list[str]:
    found = list(lines)
    more = len(found) - _SHOWN
    return found[:_SHOWN] + ([f"... and {more:,} more"] if more > 0 else [])


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return percent(value) if unit == "share" else nats(value) if unit == "nats" else f"{value:.4g} {unit}".rstrip()


def _quoted(text: str) -> str:
    return f'"{one_line(text, 60)}"'


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
