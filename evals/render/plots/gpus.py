"""What each GPU did pass by pass: how long a kernel ran, and at which clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from math import isfinite
from typing import NamedTuple

from evals.duel.results import BASELINE, CANDIDATE, GpuUse, Pass
from evals.duel.words import at_level
from evals.formatting import one_line
from evals.render.plots.axis import Axis, axis_over
from evals.render.plots.drawing import BOTTOM, LEFT, RIGHT, TOP, Plot, frame, legend, marker, plot_of, side_line
from evals.render.plots.svg import group, label, straight

_Figure = tuple[str, str, Callable[[GpuUse], float]]
_FIGURES: tuple[_Figure, ...] = (
    ("use", "% of time with a kernel running", lambda use: 100 * use.utilisation),
    ("clock", "median SM clock, MHz", lambda use: use.sm_clock_mhz[1]),
)


class _Seen(NamedTuple):
    """What was seen of a GPU in the pass of a number, counted in the order of the plot."""

    number: int
    one: Pass
    value: float
    gpu: str


def gpu_plots(workload: str, passes: Sequence[Pass]) -> Iterator[Plot]:
    """Yield two plots for each GPU that was watched: level by level, the passes in the order in which they began."""
    ordered = sorted(passes, key=lambda one: (one.level, one.started_s))
    uuids = dict.fromkeys(use.uuid for one in ordered for use in one.gpus)
    for uuid in uuids:
        for figure in _FIGURES:
            yield from _plot(workload, uuid, figure, ordered)


def _plot(workload: str, uuid: str, figure: _Figure, passes: Sequence[Pass]) -> Iterator[Plot]:
    name, words, read = figure
    known = _known(uuid, read, passes)
    if not known:
        return
    values = [seen.value for seen in known]
    up = Axis(low=0.0, high=100.0, begin=BOTTOM, end=TOP) if name == "use" else axis_over(values, BOTTOM, TOP)
    sides = [side for side in (CANDIDATE, BASELINE) if any(seen.one.side == side for seen in known)]
    told = "; ".join(f"{side} {_range([seen.value for seen in known if seen.one.side == side])}" for side in sides)
    yield plot_of(
        workload=workload,
        name=f"gpu-{name}-{sha256(uuid.encode()).hexdigest()[:8]}",
        kind="gpu",
        level=0,
        title=f"{one_line(known[0].gpu, 40)} {one_line(uuid, 12)}: {words}",
        description=f"{words}, pass by pass, of {len(known):,} passes: {told}.",
        parts=[*_drawn(known, passes, up, words), *legend([(side, side) for side in sides])],
    )


def _drawn(known: Sequence[_Seen], passes: Sequence[Pass], up: Axis, words: str) -> list[str]:
    """Return both sides' lines, which begin anew at each level, and where the levels begin."""
    across = Axis(low=0.5, high=len(passes) + 0.5, begin=LEFT, end=RIGHT)
    step = max(1, -(-len(passes) // 12))
    marks = [float(one) for one in range(1, len(passes) + 1, step)]
    parts = frame(across, up, x_name="pass, level by level", y_name=words, marks=marks)
    for level in dict.fromkeys(one.level for one in passes):
        begin = across.place(0.5 + next(place for place, one in enumerate(passes) if one.level == level))
        edge = group([straight((begin, TOP - 8), (begin, BOTTOM))], class_="even", stroke="#8a8578", stroke_width=1)
        parts += [edge, label(begin + 5, TOP - 3, at_level(level), kind="quiet")]
        for side in (CANDIDATE, BASELINE):
            drawn = [seen for seen in known if (seen.one.side, seen.one.level) == (side, level)]
            points = [(across.place(seen.number), up.place(seen.value)) for seen in drawn]
            parts += [side_line(side, points), *(marker(side, point) for point in points)]
    return parts


def _known(uuid: str, read: Callable[[GpuUse], float], passes: Sequence[Pass]) -> list[_Seen]:
    return [
        _Seen(number, one, read(use), use.name)
        for number, one in enumerate(passes, start=1)
        for use in one.gpus
        if use.uuid == uuid and isfinite(read(use))
    ]


def _range(values: Sequence[float]) -> str:
    return f"from {min(values):,.0f} to {max(values):,.0f}"
