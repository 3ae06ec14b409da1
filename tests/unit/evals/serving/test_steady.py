"""The steady stretch of a pass, limits and goodput."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.errors import InvalidSubmissionError
from evals.serving.goodput import is_good, parse_limits
from evals.serving.latencies import latencies
from evals.serving.passes import Pass
from evals.serving.summary import summarise
from evals.serving.window import steady_window, whole_window
from tests.unit.evals.serving.figures_world import ANSWER, LOAD, MS, finished, record


def closed_pass() -> Pass:
    """Two at once, of which the second ends a little later."""
    return finished(
        [record(n, sent=100 * (n // 2), arrivals=((100 * (n // 2) + 90 + 9 * (n % 2), 4),)) for n in range(40)]
    )


def test_the_steady_stretch_of_a_closed_loop_leaves_out_filling_and_draining() -> None:
    window = steady_window(closed_pass())
    assert window is not None
    assert (window.begin_ns, window.end_ns) == (99 * MS, 1900 * MS)
    assert whole_window(closed_pass()).end_ns == 1999 * MS


def test_the_steady_stretch_of_an_open_loop_ends_with_the_schedule() -> None:
    load = replace(LOAD, rate=10.0)
    records = [record(n, sent=100 * n, arrivals=((100 * n + 250, 4),), due_ns=100 * n * MS) for n in range(30)]
    window = steady_window(finished(records, load))
    assert window is not None
    assert (window.begin_ns, window.end_ns) == (250 * MS, 2900 * MS)


def test_a_short_pass_has_no_steady_stretch() -> None:
    assert steady_window(finished(closed_pass().records[:12])) is not None
    assert steady_window(finished(closed_pass().records[:10])) is None
    assert steady_window(finished([record(0, fault="no connection", first_sent_ns=None)])) is None


def test_limits_are_read() -> None:
    assert parse_limits(["ttft:200", "itl:50.5"]) == {"ttft": 200, "itl": 50.5}
    for word in ("ttft", "ttft:", "ttft:x", "ttft:0", "speed:3", "e2e:nan"):
        with pytest.raises(InvalidSubmissionError, match="no limit"):
            parse_limits([word])


@pytest.mark.parametrize(
    ("limits", "good"),
    [({"ttft": 50.0, "itl": 10.0, "tpot": 10.0, "e2e": 90.0}, True), ({"ttft": 49.0}, False), ({"itl": 9.9}, False)],
)
def test_a_good_answer_keeps_every_limit(limits: dict[str, float], good: bool) -> None:
    assert is_good(latencies(ANSWER), limits, whole=True) is good
    assert not is_good(latencies(ANSWER), limits, whole=False)


def test_goodput_counts_faults_as_bad() -> None:
    done = finished([ANSWER, replace(ANSWER, index=1, fault="cut"), replace(ANSWER, index=2, fault="http 500: x")])
    found = summarise(done, {"ttft": 60.0}).whole
    assert found.goodput_share == pytest.approx(1 / 3)
    assert found.goodput_per_s == pytest.approx(1 / 0.19)
    assert summarise(done, {}).whole.goodput_share is None
