"""How all lineages stand: read when something new was measured, and kept for the next readers until then."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.remembering import Remembered
from dashboard.lineages_view import Known, LineageFilter, page_of
from dashboard.overview_choice import Chosen
from dashboard.overview_view import shown_results
from db.history import lineages
from db.lineage_list import NewestValue, newest_values
from db.measured_version import measured_version
from db.overview import AcceptedValue, NewestResult, PointFilter, accepted_values, newest_results, trails

KEPT_S = 30.0
"""How long a standing is kept at most: a point that a long transaction brought late is seen after this."""

_KEPT = 64


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The newest result of every lineage, and of those that are shown the values before it and the baseline's."""

    results: Sequence[NewestResult]
    trails: dict[str, tuple[float, ...]]
    accepted: dict[str, AcceptedValue]


_standings: Remembered[Standing] = Remembered(_KEPT)
_known: Remembered[Sequence[Known]] = Remembered(1)
_newest: Remembered[dict[str, NewestValue]] = Remembered(_KEPT)


def standing(session: Session, points: PointFilter, chosen: Chosen) -> Standing:
    """Return how the lineages stand by these points; chosen: which of them are shown."""

    def read() -> Standing:
        results = newest_results(session, points)
        shown = shown_results(results, chosen)
        accepted = accepted_values(session, shown)
        return Standing(results=results, trails=trails(session, shown, points), accepted=accepted)

    return _standings.get((_version(session), points, chosen), read)


def listed(session: Session, wanted: LineageFilter, page: int) -> tuple[Sequence[Known], dict[str, NewestValue]]:
    """Return all lineages, and the newest values of those on a page."""
    version = _version(session)
    known = _known.get(version, lambda: lineages(session))
    keys = tuple(lineage.key for lineage, _, _ in page_of(known, wanted, page))
    return known, _newest.get((version, keys), lambda: newest_values(session, keys))


def _version(session: Session) -> Hashable:
    return measured_version(session), int(time.monotonic() // KEPT_S)
