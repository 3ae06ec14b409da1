"""What all plots have: paper, title, axes with marks and names, a legend, and words for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.duel.results import CANDIDATE
from evals.render.plots.axis import Axis, tick_words
from evals.render.plots.svg import Point, element, group, label, line, picture, straight

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 68.0, 620.0, 64.0, 268.0
GRID = "#e2ded4"
COLOURS = {"candidate": "#0072b2", "baseline": "#c65300"}
"""Blue and vermilion, which colour-blind eyes tell apart; dashes and squares mark the baseline too."""

OWN_NAMES = {"candidate": "candidate", "baseline": "baseline"}
"""What the sides are called where they are those of one run."""

_DASHES = {"baseline": "6 4"}


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A picture and what it shows; name is its file's, without suffix. level: 0 where there is none.

    kind: "throughput", "rounds", "latency", "gpu" or "heat".
    """

    name: str
    kind: str
    level: int
    title: str
    description: str
    svg: str


def plot_of(*, workload: str, name: str, kind: str, level: int, title: str, description: str, parts: list[str]) -> Plot:
    """Return a plot out of its parts; the title and the description are foreign text."""
    svg = picture(parts, name=f"{workload}/{name}", title=title, description=description, width=WIDTH, height=HEIGHT)
    return Plot(name=name, kind=kind, level=level, title=title, description=description, svg=svg)


def frame(across: Axis, up: Axis, *, x_name: str, y_name: str, marks: Sequence[float] | None = None) -> list[str]:
    """Return grid, marks and names of both axes; marks: the values on the horizontal axis, None lets it choose."""
    rows = [straight((LEFT, up.place(tick)), (RIGHT, up.place(tick))) for tick in up.ticks()]
    named = [label(LEFT - 8, up.place(tick) + 4, tick_words(tick), anchor="end", kind="quiet") for tick in up.ticks()]
    columns = []
    for tick in across.ticks() if marks is None else marks:
        x = across.place(tick)
        columns.append(straight((x, TOP), (x, BOTTOM)))
        named.append(label(x, BOTTOM + 18, tick_words(tick), anchor="middle", kind="quiet"))
    middle = (TOP + BOTTOM) / 2
    return [
        group([*rows, *columns], class_="grid", stroke=GRID, stroke_width=1),
        *named,
        label((LEFT + RIGHT) / 2, BOTTOM + 40, x_name, anchor="middle", kind="quiet"),
        label(16, middle, y_name, anchor="middle", kind="quiet", transform=f"rotate(-90 16 {middle:.0f})"),
    ]


def legend(entries: Sequence[tuple[str, str]]) -> list[str]:
    """Return the line under the title that says which side looks how: (side, words) from left to right."""
    parts, x = [], 14.0
    for side, text in entries:
        parts.append(side_line(side, [(x, 44.0), (x + 28, 44.0)]))
        parts.append(marker(side, (x + 14, 44.0)))
        parts.append(label(x + 36, 48, text))
        x += 54 + 6.6 * len(text)
    return parts


def side_line(side: str, points: Sequence[Point]) -> str:
    """Return a side's line, nothing for less than two points."""
    if len(points) < 2:
        return ""
    return line(
        points, class_=f"line {side}", stroke=COLOURS[side], stroke_width=2, stroke_dasharray=_DASHES.get(side),
        stroke_linejoin="round",
    )  # fmt: skip


def marker(side: str, at: Point) -> str:
    """Return a side's point: a disc for the candidate, a square for the baseline."""
    if side == CANDIDATE:
        return element("circle", class_=f"point {side}", cx=at[0], cy=at[1], r=4, fill=COLOURS[side])
    return element("rect", class_=f"point {side}", x=at[0] - 4, y=at[1] - 4, width=8, height=8, fill=COLOURS[side])
