"""Findings of parity as cells of tables, the same in comments, pages and terminals; foreign text is not escaped."""

from __future__ import annotations

import json
from collections.abc import Sequence

from evals.formatting import nats, one_line, quantity
from evals.outcome import Verdict
from evals.parity.findings import ALL, Divergence, ParityCheck, Spread, WorstPosition
from evals.parity.judging.spread_words import of_whom, ratio_words

ABSENT = "–"
SPREAD_HEADS = ("statistic", "error", "noise floor", "error / floor [95 %]", "limit", "verdict")
GROUP_HEADS = ("prompts", "number", "positions", "p50", "p90", "max", "p50 / floor", "p90 / floor", "verdict")
WORST_HEADS = ("prompt", "position", "behind", "token", "candidate", "held against", "apart", "noise floor")
DIVERGENCE_HEADS = ("prompt", "token", "common text ends", "candidate", "held against", "margin", "what it is")

_VERDICTS = {
    Verdict.PASS: "within",
    Verdict.FAIL: "beyond",
    Verdict.INCONCLUSIVE: "undecided",
}
_SHOWN_BEFORE = 40


def spread_rows(check: ParityCheck) -> list[tuple[str, ...]]:
    """Return the statistics over all prompts, and of a single prompt what is beyond."""
    shown = [one for one in check.spreads if one.group == ALL or ("/" in one.group and one.verdict is Verdict.FAIL)]
    return [
        (
            f"{one.name}{of_whom(one)}",
            nats(one.error),
            nats(one.floor),
            ratio_words(one),
            limit_words(one),
            "shown only" if one.verdict is None else _VERDICTS[one.verdict],
        )
        for one in shown
    ]


def group_rows(check: ParityCheck) -> list[tuple[str, ...]]:
    """Return one row for each kind of prompts; none where there is only one kind."""
    groups: dict[str, dict[str, Spread]] = {}
    for one in check.spreads:
        if one.group != ALL and "/" not in one.group:
            groups.setdefault(one.group, {})[one.name] = one
    return [_group_row(name, spreads) for name, spreads in groups.items() if {"p50", "p90", "max"} <= spreads.keys()]


def _group_row(name: str, spreads: dict[str, Spread]) -> tuple[str, ...]:
    p50, p90, largest = spreads["p50"], spreads["p90"], spreads["max"]
    judged = [one.verdict for one in (p50, p90) if one.verdict is not None]
    verdict = "too few" if not judged else "beyond" if Verdict.FAIL in judged else "within"
    return (
        one_line(name, 40),
        f"{p50.prompts:,}",
        f"{p50.n:,}",
        *(nats(one.error) for one in (p50, p90, largest)),
        *(ratio_words(one) for one in (p50, p90)),
        verdict,
    )


def worst_row(one: WorstPosition) -> tuple[str, ...]:
    """Return a position at which the sides differ, with its tokens and log-probabilities."""
    apart = None if one.candidate is None or one.reference is None else abs(one.candidate - one.reference)
    return (
        f"{one_line(one.prompt, 80)} ({one.mode})",
        f"{one.position:,} of {one.of:,}",
        quoted(one.before[-_SHOWN_BEFORE:]),
        quoted(one.token),
        _number(one.candidate),
        _number(one.reference),
        "no finite number" if apart is None else nats(apart),
        nats(one.floor),
    )


def divergence_row(one: Divergence) -> tuple[str, ...]:
    """Return where greedy tokens part, and whether that is a near tie."""
    least = "at least " if one.at_least else ""
    return (
        one_line(one.prompt, 80),
        f"{one.position:,}",
        quoted(one.common_text[-_SHOWN_BEFORE:]),
        quoted(one.candidate_token),
        quoted(one.reference_token),
        f"{least}{nats(one.margin)}",
        divergence_words(one),
    )


def divergence_words(one: Divergence) -> str:
    """Return whether it is a near tie."""
    return "near tie, benign" if one.benign else "open" if one.open else "no near tie"


def divergence_title(divergences: Sequence[Divergence]) -> str:
    """Return the title of a table of divergences, with what counts as a near tie."""
    near = f" (margins up to {nats(2 * divergences[0].allowed)} are near ties)" if divergences else ""
    return f"where greedy tokens part{near}"


def filled_columns(
    heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return heads and rows without the columns in which no row has anything."""
    kept = [column for column in range(len(heads)) if any(row[column] != ABSENT for row in rows)]
    return tuple(heads[column] for column in kept), [tuple(row[column] for column in kept) for row in rows]


def most_telling(divergences: Sequence[Divergence]) -> list[Divergence]:
    """Return divergences, those that are no near ties first and the widest margins first."""
    return sorted(divergences, key=lambda one: (one.benign, one.open, -one.margin))


def limit_words(spread: Spread) -> str:
    """Return a spread's limit: "3 ×" the floor, or "1e-4 nats"; an absent one is a dash."""
    if spread.limit is None:
        return ABSENT
    return nats(spread.limit) if spread.ratio is None else f"{quantity(spread.limit)} ×"


def quoted(text: str) -> str:
    """Return a token's text in quotation marks, with spaces and line breaks that can be seen."""
    return one_line(json.dumps(text, ensure_ascii=False), 120)


def _number(value: float | None) -> str:
    return "no finite number" if value is None else f"{value:.4f}".replace("-", "−")
