"""Series made by hand, for tests of history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from evals.history.series import SeriesPoint

START = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


def nights(levels: Sequence[float], *, wobble: float = 0.0) -> list[SeriesPoint]:
    """Return one point a night around the given levels, with a wobble that no two neighbours share."""
    return [
        SeriesPoint(
            run_id=f"r{number:03d}",
            finished_at=START + timedelta(days=number),
            value=level + wobble * math.sin(7.3 * number * number + 1),
            source=f"{number:040x}",
            version="0.5.23",
        )
        for number, level in enumerate(levels)
    ]
