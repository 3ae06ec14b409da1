"""The tasks of history: look for changes of level after each night, and fill in what stored reports tell.

`python -m workers.history` writes the points of runs that ended before there were any.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from db.history import backfill_points, lineages_to_analyse, points_to_read
from db.level_changes import record_changes
from db.series import series_of
from db.session import transaction
from evals.history.series import changes_in
from workers.queue import app

log = logging.getLogger(__name__)

_LATELY = timedelta(days=14)
"""The safety net reads lineages that got a point within this time."""


@app.task(name="plumbline.analyse_history")
def analyse_history(run_id: str) -> None:
    """Look for changes on the lineages of a run; runs that are neither nightly nor main have nothing to read."""
    with transaction() as session:
        lineages = lineages_to_analyse(session, run_id=run_id)
    _analyse(lineages)


@app.task(name="plumbline.analyse_recent_history")
def analyse_recent_history() -> None:
    """Look for changes on all lineages that got a point lately: messages may be lost, and runs be promoted later."""
    with transaction() as session:
        lineages = lineages_to_analyse(session, since=datetime.now(UTC) - _LATELY)
    _analyse(lineages)


def _analyse(lineages: Iterable[str]) -> None:
    for lineage in lineages:
        with transaction() as session:
            for series in series_of(points_to_read(session, lineage)):
                found = changes_in(
                    series.points, relative=series.relative, direction=series.direction, noise=series.noise
                )
                for raised in record_changes(session, series, found):
                    log.warning("regression %s is %s: %s of %s", raised.id, raised.state, raised.metric, lineage)


def backfill() -> int:
    """Write the points of all runs that have none out of their stored reports; return how many runs got some."""
    written, before = 0, None
    while True:
        with transaction() as session:
            more, before = backfill_points(session, before=before)
        written += more
        if before is None:
            return written


if __name__ == "__main__":
    print(f"{backfill()} run(s) got points out of their stored reports")
