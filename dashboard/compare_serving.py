"""Two runs' serving figures beside each other, each side as its own run measured it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TypeVar

from markupsafe import Markup

from evals.duel.results import BASELINE, CANDIDATE, Curve, Pass, Ratio, ServingResult
from evals.outcome import Verdict
from evals.render.plots.latency import latency_plots
from evals.render.plots.throughput import throughput_plots
from evals.render.serving.words import at_level, figure_words, metric_of, place_of, times_words

Held = TypeVar("Held", Pass, Curve)


@dataclass(frozen=True, kw_only=True)
class ServingRow:
    """One figure at one level: each run's median over rounds with its range, and right over left."""

    level: str
    figure: str
    left: str
    left_range: str
    right: str
    right_range: str
    times: str


@dataclass(frozen=True, kw_only=True)
class ServingCompared:
    """A serving workload that both runs measured; differing: what forbids to hold the figures against each other."""

    workload: str
    rows: tuple[ServingRow, ...]
    pictures: tuple[Markup, ...]
    differing: tuple[str, ...]
    allowed: tuple[str, ...]


def serving_compared(
    left: ServingResult,
    right: ServingResult,
    sides: tuple[str, str],
    *,
    differing: Sequence[str] = (),
    allowed: Sequence[str] = (),
) -> ServingCompared:
    """Return both runs' figures; sides: which side of its own duel stands for the left and for the right run."""
    joined = _joined(left, right, sides)
    names = {CANDIDATE: "right run", BASELINE: "left run"}
    plots = [*throughput_plots(joined, names), *latency_plots(joined, names)]
    return ServingCompared(
        workload=right.workload,
        rows=tuple(_row(ratio, joined.passes) for ratio in joined.ratios),
        pictures=tuple(Markup(plot.svg) for plot in plots),
        differing=tuple(differing),
        allowed=tuple(allowed),
    )


def _joined(left: ServingResult, right: ServingResult, sides: tuple[str, str]) -> ServingResult:
    """Return a result whose baseline is the left run's side and whose candidate the right run's."""
    own = {(one.name, one.level): one for one in right.ratios}
    other = {(one.name, one.level): one for one in left.ratios}
    places = sorted(own.keys() | other.keys(), key=lambda key: (key[1], place_of(key[0])))
    return ServingResult(
        workload=right.workload,
        verdict=Verdict.INCOMPARABLE,
        headline="",
        ratios=tuple(_ratio(key, _median(other.get(key), sides[0]), _median(own.get(key), sides[1])) for key in places),
        passes=(*_of(left.passes, sides[0], BASELINE), *_of(right.passes, sides[1], CANDIDATE)),
        stopped="",
        curves=(*_of(left.curves, sides[0], BASELINE), *_of(right.curves, sides[1], CANDIDATE)),
    )


def _of(found: Sequence[Held], side: str, named: str) -> list[Held]:
    return [replace(one, side=named) for one in found if one.side == side]


def _median(ratio: Ratio | None, side: str) -> float | None:
    if ratio is None:
        return None
    return ratio.candidate if side == CANDIDATE else ratio.baseline


def _ratio(key: tuple[str, int], left: float | None, right: float | None) -> Ratio:
    return Ratio(
        name=key[0],
        level=key[1],
        decides=False,
        candidate=right,
        baseline=left,
        value=right / left if left and right is not None else None,
        low=None,
        high=None,
        confidence=0.0,
        rounds=(),
        limit=None,
        verdict=None,
    )


def _row(ratio: Ratio, passes: Sequence[Pass]) -> ServingRow:
    return ServingRow(
        level=at_level(ratio.level),
        figure=metric_of(ratio.name).title,
        left=figure_words(ratio.baseline, ratio.name),
        left_range=_range(ratio, passes, BASELINE),
        right=figure_words(ratio.candidate, ratio.name),
        right_range=_range(ratio, passes, CANDIDATE),
        times=times_words(ratio.value),
    )


def _range(ratio: Ratio, passes: Sequence[Pass], side: str) -> str:
    """Return the least and the most over the rounds that count."""
    counting = [one for one in passes if one.side == side and one.level == ratio.level and one.round >= 0]
    known = [one.values.get(ratio.name) for one in counting if not one.spoiled]
    values = [value for value in known if value is not None and isfinite(value)]
    if not values:
        return ""
    return f"[{figure_words(min(values), ratio.name)} to {figure_words(max(values), ratio.name)}]"
