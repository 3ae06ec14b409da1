"""Phases, their durations and progress out of a job's timeline."""

import pytest

from db.timeline import phase_seconds, phase_started_at, total_progress


def _timeline(*entries: tuple[str, int, float]) -> list[dict[str, object]]:
    return [{"phase": phase, "attempt": attempt, "at": at} for phase, attempt, at in entries]


def test_a_phase_lasts_until_the_next_begins() -> None:
    timeline = _timeline(("preparing", 1, 10.0), ("launching", 1, 11.5), ("evaluating", 1, 20.0))
    assert phase_seconds(timeline, ended_at=50.0) == {"preparing": 1.5, "launching": 8.5, "evaluating": 30.0}


def test_a_phase_without_a_known_end_has_no_duration() -> None:
    assert phase_seconds(_timeline(("preparing", 1, 10.0), ("launching", 1, 11.0)), ended_at=None) == {"preparing": 1.0}
    assert phase_seconds([], ended_at=5.0) == {}


def test_only_the_latest_attempt_counts_even_when_a_retry_began_to_count_anew() -> None:
    timeline = _timeline(
        ("preparing", 1, 0.0), ("evaluating", 1, 1.0), ("preparing", 1, 100.0), ("evaluating", 1, 103.0)
    )
    assert phase_seconds(timeline, ended_at=104.0) == {"preparing": 3.0, "evaluating": 1.0}
    assert phase_started_at(timeline, "evaluating") == 103.0
    assert phase_started_at(timeline, "stopping") is None


def test_progress_adds_up_and_unknown_totals_stay_unknown() -> None:
    known = {
        "a": {"done": 3, "total": 10, "right": 2, "scored": 3},
        "b": {"done": 1, "total": 5, "right": 0, "scored": 1},
    }
    whole = total_progress(known)
    assert (whole.done, whole.total) == (4, 15)
    assert whole.accuracy == pytest.approx(0.5)
    assert total_progress({**known, "c": {"done": 0}}).total is None
    assert total_progress({}).accuracy is None
