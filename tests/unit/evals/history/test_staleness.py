"""When a lineage's newest result no longer tells how things stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evals.history.staleness import STALE_AFTER, newest_release, why_stale

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _why(age: timedelta, version: str | None = "0.5.10", newest: str | None = "0.5.10") -> str | None:
    return why_stale(finished_at=NOW - age, now=NOW, version=version, newest=newest)


def test_a_result_speaks_for_its_lineage_for_two_weeks() -> None:
    assert _why(STALE_AFTER) is None
    assert _why(STALE_AFTER + timedelta(seconds=1)) == "no result for 14 days"
    assert _why(timedelta(days=40), "0.5.9") == "no result for 40 days"


@pytest.mark.parametrize(
    ("version", "newest", "stale"),
    [
        ("0.5.9", "0.5.10", True),
        ("0.5.10rc1+g1a2b", "0.5.10", False),
        ("0.5.10", "0.5.9", False),
        ("0.5", "0.5.0", False),
        ("0.5", "0.5.0.1", True),
        ("v0.4", "0.5", True),
        (None, "0.5.10", False),
        ("main", "0.5.10", False),
        ("0.5.9", None, False),
    ],
)
def test_a_newer_release_elsewhere_makes_it_stale(version: str | None, newest: str | None, stale: bool) -> None:
    why = _why(timedelta(days=1), version, newest)
    assert (why is not None) == stale
    if why is not None:
        assert why == f"measured with {version}; {newest} was measured elsewhere since"


def test_the_newest_release_is_found_by_number_not_by_letter() -> None:
    assert newest_release(["0.5.9", None, "0.5.10", "main", "0.5.2"]) == "0.5.10"
    assert newest_release(["main", None]) is None
