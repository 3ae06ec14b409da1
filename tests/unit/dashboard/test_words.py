"""Durations and times in words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboard.words import duration, moment, sentence

DURATIONS = (
    (None, "–"), (0.0, "0.0 s"), (-0.2, "0.0 s"), (0.0002, "< 0.001 s"), (0.0123, "0.012 s"), (0.243, "0.24 s"),
    (0.949, "0.95 s"), (0.951, "1.0 s"), (4.21, "4.2 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"),
    (121.272, "2 min 01 s"), (187.2, "3 min 07 s"), (3599.7, "1 h 00 min"), (3600 * 2 + 300, "2 h 05 min"),
    (3600 * 52 + 60, "2 d 04 h"),
)  # fmt: skip


@pytest.mark.parametrize(("seconds", "text"), DURATIONS)
def test_durations_read_well(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_times_are_told_in_utc() -> None:
    there = datetime(2026, 1, 31, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert moment(there) == moment(datetime(2026, 1, 31, 12, 0, tzinfo=UTC)) == "2026-01-31 12:00:00 UTC"
    assert moment(None) == "–"


def test_a_state_begins_with_a_capital_and_keeps_the_rest() -> None:
    assert [sentence(words) for words in ("not judged", "Passed", "3 × regression", "")] == [
        "Not judged", "Passed", "3 × regression", "",
    ]  # fmt: skip
