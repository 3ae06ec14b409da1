"""Speed and time left out of progress."""

from typing import Any

import pytest

from cli.progress import numbers
from cli.rates import JobLook, RateMeter, look_at, remaining_s


def _job(**changes: Any) -> dict[str, Any]:
    progress = {"gsm8k": {"done": 120, "total": 300, "right": 98, "scored": 120}}
    job = {"role": "candidate", "engine": "sglang", "state": "running", "phase": "evaluating", "progress": progress}
    return {**job, "error": None, **changes}


def test_speed_is_measured_over_the_last_twenty_seconds() -> None:
    meter = RateMeter()
    for second in range(100):
        meter.look(float(second), second if second < 50 else 50 + 3 * (second - 50))
    assert meter.per_second() == pytest.approx(3.0)


def test_speed_is_unknown_before_progress_is_seen_twice() -> None:
    meter = RateMeter()
    assert meter.per_second() is None
    meter.look(0.0, 10)
    meter.look(1.0, 10)
    assert meter.per_second() is None


def test_a_count_that_falls_begins_anew() -> None:
    meter = RateMeter()
    meter.look(0.0, 100)
    meter.look(1.0, 0)
    assert meter.per_second() is None


def test_a_bar_shows_count_speed_accuracy_and_time_left() -> None:
    look = look_at(_job())
    assert remaining_s(look, 12.0) == pytest.approx(15.0)
    assert numbers(look, 12.0) == "120 of 300, 12.0/s, 81.7 % right, 15 s left"


def test_what_is_unknown_is_left_out() -> None:
    look = look_at(_job(progress={}, phase="launching"))
    assert look == JobLook(
        title="candidate (sglang)", state="running", doing="launching", done=0, total=None, accuracy=None, error=None
    )
    assert numbers(look, None) == ""


def test_a_failed_job_shows_why_on_one_line() -> None:
    error = {"message": "out of\nmemory \x1b[31m"}
    assert numbers(look_at(_job(state="failed", phase=None, error=error, progress={})), None) == "out of memory �[31m"
