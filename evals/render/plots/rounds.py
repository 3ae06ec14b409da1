"""The ratio of every round that counts, with the interval over all of them and the limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from evals.duel.results import Ratio, ServingResult
from evals.formatting import one_line
from evals.metrics import Direction
from evals.render.plots.axis import Axis, axis_over
from evals.render.plots.drawing import BOTTOM, LEFT, RIGHT, TOP, Plot, frame, plot_of
from evals.render.plots.svg import element, label, line, straight
from evals.render.serving.words import (
    at_level,
    has_interval,
    limit_words,
    metric_of,
    place_of,
    ratio_words,
    times_words,
)

_INK, _LIMIT = "#1e1d1a", "#b3261e"
_ROOM = 18.0
"""How many pixels the limit's words need between its line and the frame."""


def round_plots(result: ServingResult) -> Iterator[Plot]:
    """Yield a plot for each deciding ratio that has rounds."""
    for ratio in sorted(result.ratios, key=lambda one: (one.level, place_of(one.name))):
        rounds = [value for value in ratio.rounds if isfinite(value)]
        if ratio.decides and rounds:
            yield _plot(result.workload, ratio, rounds)


def _plot(workload: str, ratio: Ratio, rounds: Sequence[float]) -> Plot:
    across = Axis(low=0.5, high=len(rounds) + 0.5, begin=LEFT, end=RIGHT)
    up = axis_over(_values(ratio, rounds), BOTTOM, TOP)
    title = metric_of(ratio.name).title
    step = max(1, -(-len(rounds) // 12))
    marks = [float(number) for number in range(1, len(rounds) + 1, step)]
    points = [(across.place(number), up.place(value)) for number, value in enumerate(rounds, start=1)]
    parts = [
        *_forbidden(ratio, up),
        *frame(across, up, x_name="round", y_name="candidate / baseline", marks=marks),
        *_interval(ratio, up),
        straight(
            (LEFT, up.place(1)), (RIGHT, up.place(1)), class_="even", stroke="#5c584f", stroke_width=1,
            stroke_dasharray="1 3",
        ),
        *_limit(ratio, up),
        line(points, class_="ink line", stroke=_INK, stroke_width=1.2) if len(points) > 1 else "",
        *(element("circle", class_="ink point", cx=x, cy=y, r=4, fill=_INK) for x, y in points),
    ]  # fmt: skip
    told = f"{ratio_words(ratio)} over {len(rounds):,} {'round' if len(rounds) == 1 else 'rounds'}, {_kept(ratio)}"
    return plot_of(
        workload=workload,
        name=f"ratio-{ratio.name if ratio.name.isidentifier() else 'figure'}-{ratio.level}",
        kind="rounds",
        level=ratio.level,
        title=f"{one_line(workload, 24)}: {title} {at_level(ratio.level)}, ratio by round",
        description=f"{told}. Round by round: {', '.join(times_words(value) for value in rounds)}.",
        parts=[*parts, label(14, 48, told)],
    )


def _kept(ratio: Ratio) -> str:
    return "no limit" if ratio.limit is None else f"must keep {limit_words(ratio)}"


def _values(ratio: Ratio, rounds: Sequence[float]) -> list[float]:
    ends = (ratio.value, ratio.low, ratio.high, ratio.limit, 1.0)
    return [*rounds, *(value for value in ends if value is not None and isfinite(value))]


def _interval(ratio: Ratio, up: Axis) -> Iterator[str]:
    if has_interval(ratio) and ratio.low is not None and ratio.high is not None:
        top, foot = up.place(ratio.high), up.place(ratio.low)
        yield element(
            "rect", class_="band", x=LEFT, y=top, width=RIGHT - LEFT, height=max(foot - top, 1), fill="#0072b2",
            fill_opacity="0.18",
        )  # fmt: skip
    if ratio.value is not None and isfinite(ratio.value):
        y = up.place(ratio.value)
        yield straight((LEFT, y), (RIGHT, y), class_="line candidate", stroke="#0072b2", stroke_width=2)


def _limit(ratio: Ratio, up: Axis) -> Iterator[str]:
    if ratio.limit is None:
        return
    y = up.place(ratio.limit)
    above = y - TOP > _ROOM if _worse_above(ratio) else BOTTOM - y < _ROOM
    yield straight((LEFT, y), (RIGHT, y), class_="limit", stroke=_LIMIT, stroke_width=1.8, stroke_dasharray="8 4")
    yield label(RIGHT - 4, y - 5 if above else y + 14, f"limit {ratio.limit:.4g}", anchor="end")


def _forbidden(ratio: Ratio, up: Axis) -> Iterator[str]:
    """Yield the side of the limit on which the candidate is worse than it may be."""
    if ratio.limit is None:
        return
    y = up.place(ratio.limit)
    top, foot = (TOP, y) if _worse_above(ratio) else (y, BOTTOM)
    yield element(
        "rect", class_="worse", x=LEFT, y=top, width=RIGHT - LEFT, height=max(foot - top, 0), fill=_LIMIT,
        fill_opacity="0.08",
    )  # fmt: skip


def _worse_above(ratio: Ratio) -> bool:
    return metric_of(ratio.name).direction is Direction.LOWER
