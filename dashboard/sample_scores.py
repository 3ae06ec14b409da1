"""How an item was judged: under every metric, and which choice each side found most probable; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.texts import shortened, visible
from evals.result import Response, Score


@dataclass(frozen=True, kw_only=True)
class SideCell:
    """How one side's answer was judged: word and style ("pass", "fail", "never"), and what was found in it."""

    word: str
    style: str
    found: str


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """An item's judgement under one metric, side by side."""

    metric: str
    decides: bool
    candidate: SideCell
    baseline: SideCell


@dataclass(frozen=True, kw_only=True)
class ChoiceRow:
    """One choice's log-probability on either side in nats; chosen: which sides put it first."""

    number: int
    candidate: str
    baseline: str
    difference: str
    chosen: str


def side_cell(value: float | None, found: str | None) -> SideCell:
    """Return a judgement; value: None where there is none. found: None where nothing was found in the answer."""
    if value is None:
        return SideCell(word="not judged", style="never", found="–")
    style = "pass" if value > 0 else "fail"
    return SideCell(word=share_word(value), style=style, found="nothing found" if found is None else found)


def share_word(value: float) -> str:
    """Return a score in a word: right or wrong, anything between as its number."""
    return {0.0: "wrong", 1.0: "right"}.get(value, f"{value:.4g}")


def flip_of(ours: float | None, theirs: float | None) -> str:
    """Return how the sides disagree: "lost", "gained", or nothing."""
    if ours is None or theirs is None or ours == theirs:
        return ""
    return "lost" if ours < theirs else "gained"


def score_rows(ours: Sequence[Score], theirs: Sequence[Score], deciding: str) -> tuple[ScoreRow, ...]:
    """Return a row for each metric, the deciding one first."""
    mine, other = ({score.metric: score for score in side} for side in (ours, theirs))
    names = sorted(mine.keys() | other.keys(), key=lambda name: (name != deciding, name))
    return tuple(
        ScoreRow(
            metric=visible(name),
            decides=name == deciding,
            candidate=_judged(mine.get(name)),
            baseline=_judged(other.get(name)),
        )
        for name in names
    )


def _judged(score: Score | None) -> SideCell:
    if score is None:
        return side_cell(None, None)
    return side_cell(score.value, shortened(score.extracted or "–", 200) if score.parsed else None)


def choice_rows(ours: Response | None, theirs: Response | None) -> tuple[ChoiceRow, ...]:
    """Return a row for each choice of a log-likelihood question; none for answers in words."""
    mine, other = ((side.log_probabilities or ()) if side else () for side in (ours, theirs))
    rows = []
    for place in range(max(len(mine), len(other))):
        a, b = (values[place] if place < len(values) else None for values in (mine, other))
        firsts = [name for name, values in (("candidate", mine), ("baseline", other)) if _is_first(values, place)]
        rows.append(
            ChoiceRow(
                number=place + 1,
                candidate=_nats(a),
                baseline=_nats(b),
                difference="–" if a is None or b is None else f"{a - b:+.2g}".replace("-", "−"),
                chosen=" and ".join(firsts),
            )
        )
    return tuple(rows)


def _is_first(values: Sequence[float], place: int) -> bool:
    return place < len(values) and values[place] == max(values)


def _nats(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}".replace("-", "−")
