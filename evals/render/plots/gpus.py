"""What each GPU did pass by pass: how long a kernel ran, and at which clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from math import isfinite

from evals.duel.results import BASELINE, CANDIDATE, GpuUse, Pass
from evals.formatting import one_line
from evals.render.plots.axis import Axis, axis_over
from evals.render.plots.drawing import BOTTOM, LEFT, RIGHT, TOP, Plot, frame, legend, marker, plot_of, side_line

_Figure = tuple[str, str, Callable[[GpuUse], float]]
_FIGURES: tuple[_Figure, ...] = (
    ("use", "% of time with a kernel running", lambda use: 100 * use.utilisation),
    ("clock", "median SM clock, MHz", lambda use: use.sm_clock_mhz[1]),
)


def gpu_plots(workload: str, passes: Sequence[Pass]) -> Iterator[Plot]:
    """Yield two plots for each GPU that was watched, over the passes in the order in which they began."""
    ordered = sorted(passes, key=lambda one: one.started_s)
    uuids = dict.fromkeys(use.uuid for one in ordered for use in one.gpus)
    for uuid in uuids:
        for figure in _FIGURES:
            yield from _plot(workload, uuid, figure, ordered)


def _plot(workload: str, uuid: str, figure: _Figure, passes: Sequence[Pass]) -> Iterator[Plot]:
    name, words, read = figure
    known = [
        (number, one.side, read(use), use.name)
        for number, one in enumerate(passes, start=1)
        for use in one.gpus
        if use.uuid == uuid and isfinite(read(use))
    ]
    if not known:
        return
    across = Axis(low=0.5, high=len(passes) + 0.5, begin=LEFT, end=RIGHT)
    values = [value for _, _, value, _ in known]
    up = Axis(low=0.0, high=100.0, begin=BOTTOM, end=TOP) if name == "use" else axis_over(values, BOTTOM, TOP)
    step = max(1, -(-len(passes) // 12))
    parts = frame(
        across, up, x_name="pass", y_name=words, marks=[float(one) for one in range(1, len(passes) + 1, step)]
    )
    sides = [side for side in (CANDIDATE, BASELINE) if any(one[1] == side for one in known)]
    for side in sides:
        points = [(across.place(number), up.place(value)) for number, at, value, _ in known if at == side]
        parts += [side_line(side, points), *(marker(side, point) for point in points)]
    told = "; ".join(f"{side} {_range([value for _, at, value, _ in known if at == side])}" for side in sides)
    yield plot_of(
        workload=workload,
        name=f"gpu-{name}-{sha256(uuid.encode()).hexdigest()[:8]}",
        kind="gpu",
        level=0,
        title=f"{one_line(known[0][3], 40)} {one_line(uuid, 12)}: {words}",
        description=f"{words}, pass by pass, of {len(known):,} passes: {told}.",
        parts=[*parts, *legend([(side, side) for side in sides])],
    )


def _range(values: Sequence[float]) -> str:
    return f"from {min(values):,.0f} to {max(values):,.0f}"
