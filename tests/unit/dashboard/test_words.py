"""Durations and times in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard.words import duration, moment


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.0, "0.0 s"), (4.21, "4.2 s"), (187.2, "3 min 07 s"), (3600 * 2 + 300, "2 h 05 min")],
)
def test_durations_read_well(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_times_are_told_in_utc() -> None:
    there = datetime(2026, 1, 31, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert moment(there) == moment(datetime(2026, 1, 31, 12, 0, tzinfo=UTC)) == "2026-01-31 12:00:00 UTC"
    assert moment(None) == "–"
