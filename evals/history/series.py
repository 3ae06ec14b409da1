"""Read a series: which changes of its level matter, and whether each is for the better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evals.history.noise import NoiseFloor
from evals.metrics import Direction
from evals.statistics.changes import LEVEL, Change, find_changes

RELEVANT_POINTS = 0.01
"""The least step of a share that matters: one percentage point."""

RELEVANT_SHARE = 0.05
"""The least relative step of a latency or a rate that matters."""

LONGEST = 400
"""How many of the newest points are read: more than a year of nights."""


@dataclass(frozen=True, kw_only=True)
class SeriesPoint:
    """One point of a series: when, by which run, of which code, and its value."""

    run_id: str
    finished_at: datetime
    value: float
    source: str | None
    version: str | None

    @property
    def code(self) -> str | None:
        """Return what names the engine's code best: its commit, or the version of a release."""
        return self.version if self.source in (None, "installed") and self.version else self.source


@dataclass(frozen=True, kw_only=True)
class LevelChange:
    """A change with its place: the last point of the old level and the first of the new one.

    worse: whether the metric went the wrong way.
    """

    change: Change
    last_before: SeriesPoint
    first_after: SeriesPoint
    worse: bool


def minimal_step(relative: bool, noise: NoiseFloor | None) -> float:
    """Return the least step that matters: the metric's, and never less than the noise of one measurement."""
    relevant = RELEVANT_SHARE if relative else RELEVANT_POINTS
    return max(relevant, noise.deviation if noise else 0.0)


def changes_in(
    points: Sequence[SeriesPoint],
    *,
    relative: bool,
    direction: Direction,
    noise: NoiseFloor | None = None,
    level: float = LEVEL,
) -> tuple[LevelChange, ...]:
    """Return the changes of a series of points in the order of time; raises NoChangeAnalysisError without the library.

    relative: whether steps are shares of the level before (see `minimal_step`).
    """
    values = [point.value for point in points]
    found = find_changes(values, minimal=minimal_step(relative, noise), relative=relative, level=level)
    return tuple(
        LevelChange(
            change=change,
            last_before=points[change.index - 1],
            first_after=points[change.index],
            worse=(change.size < 0) == (direction is Direction.HIGHER),
        )
        for change in found
    )
