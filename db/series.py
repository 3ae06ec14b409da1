"""The series of a lineage: the points of one metric in one setup that the analysis reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from db.history import PointRecord
from evals.history.noise import NoiseFloor, noise_floor
from evals.history.series import LONGEST, SeriesPoint
from evals.lineage import Lineage
from evals.metrics import Direction


@dataclass(frozen=True, kw_only=True)
class Series:
    """Hold the points of one metric that the analysis reads, oldest first, and the noise of its repeats.

    noise: out of all points of the setup, whoever made them; None while unknown.
    """

    lineage: Lineage
    metric: str
    setup: str
    unit: str
    direction: Direction
    points: tuple[SeriesPoint, ...]
    noise: NoiseFloor | None

    @property
    def relative(self) -> bool:
        """Tell whether steps are shares of the level."""
        return self.unit != "share"


def series_of(records: Sequence[PointRecord]) -> list[Series]:
    """Return the series of a lineage's points that the analysis reads: the candidates' of nights and of accepted mains.

    A lineage has one for each metric and setup.
    """
    grouped: dict[tuple[str, str], list[PointRecord]] = defaultdict(list)
    for record in records:
        grouped[record.point.metric, record.point.setup].append(record)
    return [_series(metric, setup, group) for (metric, setup), group in sorted(grouped.items())]


def _series(metric: str, setup: str, records: Sequence[PointRecord]) -> Series:
    first = records[0].point
    return Series(
        lineage=first.lineage,
        metric=metric,
        setup=setup,
        unit=first.unit,
        direction=Direction(first.direction),
        points=tuple(series_point(record) for record in records if record.counted)[-LONGEST:],
        noise=_noise(records, relative=first.relative),
    )


def _noise(records: Sequence[PointRecord], *, relative: bool) -> NoiseFloor | None:
    repeats: dict[str, list[float]] = defaultdict(list)
    for record in records:
        code = series_point(record).code
        if code is not None and record.point.partial is None and not record.point.reused:
            repeats[code].append(record.point.value)
    return noise_floor(repeats.values(), relative=relative)


def series_point(record: PointRecord) -> SeriesPoint:
    """Return a stored point as the analysis reads it."""
    point = record.point
    return SeriesPoint(
        run_id=record.run_id,
        finished_at=record.finished_at,
        value=point.value,
        source=point.source,
        version=point.version,
    )
