"""Nights of a lineage, written straight into the store: each with a run of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from db.history import points_to_read
from db.level_changes import record_changes
from db.regressions import ChangeRecord
from db.series import Series, series_of
from db.session import transaction
from db.tables_history import StoredPoint
from evals.history.series import changes_in
from evals.lineage import Lineage
from tests.integration.db.builders import new_run, submission

LINEAGE = Lineage(model="/models/tiny", workload="serving@0123456789ab", engine="sglang", hardware="2 cores")
METRIC = "ttft_p50,1 in flight"
START = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
_WOBBLE = (0.3, -0.4, 0.1, -0.2, 0.5, -0.1, 0.2, -0.5, 0.4, -0.3, 0.0)


def commit(night: int) -> str:
    """Return the commit of a night."""
    return f"{0xAB0000 + night:06x}" + 34 * "0"


def add_nights(levels: Sequence[float], *, first: int = 0, kind: str = "nightly", **changed: Any) -> list[str]:
    """Write one point a night from the night `first` on, with a little noise; return the runs' ids."""
    return [
        add_point(level + _WOBBLE[(first + place) % len(_WOBBLE)], first + place, kind, **changed)
        for place, level in enumerate(levels)
    ]


def add_point(value: float, night: int, kind: str = "nightly", **changed: Any) -> str:
    """Write one point and its run."""
    run, _ = new_run(replace(submission(), tags=(kind,)))
    values: dict[str, Any] = {
        "run_id": run.id, "side": "candidate", "workload": "serving", "lineage": LINEAGE.key, "model": LINEAGE.model,
        "workload_key": LINEAGE.workload, "engine": LINEAGE.engine, "hardware": LINEAGE.hardware, "setup": "s",
        "metric": METRIC, "unit": "ms", "direction": "lower", "kind": kind, "value": value, "low": value - 1,
        "high": value + 1, "n": 6, "source": commit(night), "version": "0.5.23", "reused": False,
        "finished_at": START + timedelta(days=night),
    }  # fmt: skip
    with transaction() as session:
        session.add(StoredPoint(**(values | changed)))
    return run.id


def the_series() -> Series:
    """Return the lineage's only series."""
    with transaction() as session:
        (series,) = series_of(points_to_read(session, LINEAGE.key))
    return series


def analyse() -> list[ChangeRecord]:
    """Look for changes, as the task does; return the regressions that were opened or reopened."""
    series = the_series()
    found = changes_in(series.points, relative=series.relative, direction=series.direction, noise=series.noise)
    with transaction() as session:
        return record_changes(session, series, found)
