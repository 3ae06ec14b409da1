"""Figures out of raw times: each latency, each rate, each count, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evals.errors import InvalidSubmissionError
from evals.serving.client_check import client_check
from evals.serving.figures import figures
from evals.serving.goodput import is_good, parse_limits
from evals.serving.latencies import latencies
from evals.serving.load import Load
from evals.serving.passes import Pass
from evals.serving.record import Basis, Record
from evals.serving.spread import clustered_spread, spread
from evals.serving.summary import outcomes_of, summarise
from evals.serving.tries import Effort
from evals.serving.window import Window, steady_window, whole_window

MS = 1_000_000
LOAD = Load(base_url="http://x", requests=1, concurrency=2)


def record(index: int = 0, *, sent: int = 0, arrivals: tuple[tuple[int, int], ...] = (), **values: Any) -> Record:
    """A record of an answer; times in ms, arrivals as (time, tokens so far)."""
    plain: dict[str, Any] = {
        "due_ns": None, "first_sent_ns": sent * MS, "sent_ns": sent * MS, "first_byte_ns": None,
        "ended_ns": (arrivals[-1][0] if arrivals else sent) * MS, "basis": Basis.COUNTS if arrivals else None,
        "status": 200, "fault": None, "finish_reason": "length", "planned_input": 10, "asked_tokens": 4,
        "input_tokens": 10, "output_tokens": arrivals[-1][1] if arrivals else None, "cached_tokens": 0,
        "tries": 1, "refusals": [],
    }  # fmt: skip
    times = np.array([at * MS for at, _ in arrivals], dtype=np.int64)
    tokens = np.array([so_far for _, so_far in arrivals], dtype=np.int64)
    return Record(index=index, at_ns=times, tokens=tokens, **(plain | values))


def finished(records: list[Record], load: Load = LOAD, effort: Effort | None = None) -> Pass:
    calm = Effort(wall_s=10, cpu_s=1, lags_ms=[0.1] * 100, late_ms=[], opened=0, read_early=0)
    return Pass(load=load, start_ns=0, started_s=0.0, records=records, efforts=[effort or calm])


ANSWER = record(sent=100, arrivals=((150, 1), (160, 2), (190, 5)))


def test_latencies_of_a_closed_loop() -> None:
    found = latencies(ANSWER)
    assert (found.ttft_ms, found.e2e_ms, found.tpot_ms) == (50, 90, 10)
    assert (found.service_ttft_ms, found.wait_ms) == (50, None)
    assert found.gaps_ms.tolist() == [10, 30]


def test_an_arrival_with_several_tokens_shares_its_gap_out() -> None:
    assert latencies(ANSWER).itl_ms.tolist() == [10, 10, 10, 10]
    assert latencies(record(arrivals=((5, 3), (11, 5)))).itl_ms.tolist() == [3, 3]


def test_latency_counts_from_the_scheduled_time_and_service_from_the_last_try() -> None:
    late = replace(ANSWER, due_ns=20 * MS, first_sent_ns=60 * MS)
    found = latencies(late)
    assert (found.ttft_ms, found.e2e_ms, found.wait_ms) == (130, 170, 40)
    assert (found.service_ttft_ms, found.service_e2e_ms) == (50, 90)


def test_a_retried_request_counts_from_its_first_try() -> None:
    found = latencies(replace(ANSWER, first_sent_ns=10 * MS))
    assert (found.ttft_ms, found.service_ttft_ms) == (140, 50)


def test_tokens_that_came_with_the_first_one_have_no_gap_of_their_own() -> None:
    assert latencies(record(arrivals=((5, 3), (11, 5)))).tpot_ms == 3
    assert latencies(record(arrivals=((5, 5),))).tpot_ms is None
    unknown = record(arrivals=((5, 0), (25, 0)), basis=Basis.FIRST_EVENT, output_tokens=11)
    assert latencies(unknown).tpot_ms == 2


def test_a_broken_answer_has_a_first_token_and_no_end() -> None:
    found = latencies(replace(ANSWER, fault="cut"))
    assert (found.ttft_ms, found.e2e_ms, found.tpot_ms) == (50, None, None)


def test_what_nobody_counted_is_unknown() -> None:
    found = latencies(replace(ANSWER, basis=Basis.FIRST_EVENT, output_tokens=None))
    assert (found.ttft_ms, found.tpot_ms, len(found.itl_ms)) == (50, None, 0)
    bare = latencies(record())
    assert (bare.ttft_ms, bare.tpot_ms) == (None, None)


def test_rates_count_what_happened_within_the_window() -> None:
    records = [
        record(0, sent=0, arrivals=((100, 1), (900, 4))),
        record(1, sent=500, arrivals=((1000, 1), (1500, 3), (2500, 4))),
        record(2, sent=600, arrivals=((700, 2),), fault="cut"),
    ]
    window = Window(begin_ns=0, end_ns=2000 * MS, rule="")
    found = figures(records, window, {})
    assert found.requests == 3
    assert found.requests_per_s is not None
    assert found.requests_per_s.value == pytest.approx(0.5)  # the second ends outside, the third is not whole
    assert found.output_tokens_per_s is not None
    assert found.output_tokens_per_s.value == pytest.approx((4 + 3 + 2) / 2)
    assert found.input_tokens_per_s is not None
    assert found.input_tokens_per_s.value == pytest.approx(3 * 10 / 2)
    assert found.concurrency == pytest.approx((900 + 1500 + 100) / 2000)


def test_rates_of_uncounted_answers_are_unknown() -> None:
    found = figures(
        [record(arrivals=((5, 0),), basis=Basis.FIRST_EVENT, output_tokens=None)],
        Window(begin_ns=0, end_ns=9 * MS, rule=""),
        {},
    )
    assert found.output_tokens_per_s is None
    assert found.itl_ms is None
    mute = record(basis=None, output_tokens=None)
    assert figures([mute], Window(begin_ns=0, end_ns=9 * MS, rule=""), {}).output_tokens_per_s is None


def test_tokens_counted_only_at_the_end_are_shared_out_in_time() -> None:
    one = record(arrivals=((0, 0), (1000, 0)), basis=Basis.FIRST_EVENT, output_tokens=100)
    found = figures([one], Window(begin_ns=0, end_ns=500 * MS, rule=""), {})
    assert found.output_tokens_per_s is not None
    assert found.output_tokens_per_s.value == pytest.approx(100, rel=0.01)


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


def test_every_request_is_whole_or_has_a_fault() -> None:
    records = [
        ANSWER,
        replace(ANSWER, index=1, asked_tokens=5),
        replace(ANSWER, index=2, asked_tokens=9),
        replace(ANSWER, index=3, output_tokens=None),
        replace(ANSWER, index=4, fault="http 500: one"),
        replace(ANSWER, index=5, fault="http 500: other"),
        replace(ANSWER, index=6, fault="http 429: x", status=429, refusals=[(0, 1, 429)]),
        replace(ANSWER, index=7, asked_tokens=5, refusals=[(0, 1, 503), (2, 3, 503)]),
    ]
    found = outcomes_of(records)
    assert (found.requests, found.whole, found.faults) == (8, 5, {"http 500": 2, "http 429": 1})
    assert (found.shorter, found.longer, found.uncounted) == (1, 1, 1)
    assert (found.refusals, found.retried) == (3, 1)
    assert (sum(found.ttft_by.values()), found.without_ttft) == (8, 0)
    assert outcomes_of([replace(ANSWER, basis=None)]).without_ttft == 1
    assert (found.output_tokens, found.input_tokens) == (None, 50)


def test_whether_lengths_were_forced_is_said() -> None:
    same = replace(ANSWER, asked_tokens=5)
    assert summarise(finished([same]), {}).lengths == "output lengths were forced (ignore_eos)"
    assert "1 whole answers have another length" in summarise(finished([replace(ANSWER, asked_tokens=9)]), {}).lengths
    assert "not forced" in summarise(finished([same], replace(LOAD, force_lengths=False)), {}).lengths


def effort(**values: Any) -> Effort:
    calm: dict[str, Any] = {
        "wall_s": 10,
        "cpu_s": 1,
        "lags_ms": [1.0] * 200,
        "late_ms": [],
        "opened": 0,
        "read_early": 0,
    }
    return Effort(**(calm | values))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"cpu_s": 8.4}, None),
        ({"cpu_s": 8.6}, "86% of a core"),
        ({"lags_ms": [1.0] * 190 + [30.0] * 10}, "event loop was 30.0 ms late"),
        ({"lags_ms": [1.0] * 199 + [300.0]}, None),  # one hiccup in two hundred is above p99
        ({"late_ms": [1.0] * 90 + [30.0] * 10}, "schedule was 30.0 ms late"),
    ],
)
def test_the_client_was_the_limit_when_it_was_busy_or_late(values: dict[str, Any], reason: str | None) -> None:
    check = client_check(finished([ANSWER], effort=effort(**values)))
    assert check.client_limited is (reason is not None)
    assert reason is None or reason in check.reasons[0]
    assert check.lag_limit_ms == 5.0


def test_the_allowed_lag_follows_the_ttft_within_its_ends() -> None:
    def limit(ttft: int) -> float:
        return client_check(finished([record(arrivals=((ttft, 1),))])).lag_limit_ms

    assert [limit(ttft) for ttft in (10, 120, 4000)] == [5.0, 12.0, 20.0]


def test_without_a_limit_in_flight_the_wait_is_the_clients_fault() -> None:
    waited = [replace(ANSWER, index=n, due_ns=(100 - 40) * MS) for n in range(10)]
    free = replace(LOAD, rate=1.0, concurrency=None)
    assert client_check(finished(waited, free)).client_limited
    assert not client_check(finished(waited, replace(free, concurrency=2))).client_limited


def test_order_statistics_and_their_interval() -> None:
    found = spread(np.arange(1, 101, dtype=float))
    assert found is not None
    assert (found.p50.value, found.p90.value, found.p99.value, found.most) == (50, 90, 99, 100)
    assert (found.p50.low, found.p50.high) == (40, 61)  # the classical 95 % ranks of a median of 100
    assert found.p99.high is None
    assert found.mean.value == 50.5
    assert spread(np.array([])) is None


def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says() -> None:
    rng, hits, truth = np.random.default_rng(5), 0, np.log(10)
    for _ in range(400):
        found = spread(rng.exponential(1.0, 200))
        assert found is not None
        hits += (found.p90.low or 0) <= truth <= (found.p90.high or np.inf)
    assert 0.93 <= hits / 400 <= 0.99


def test_values_of_one_request_are_not_taken_as_independent() -> None:
    rng = np.random.default_rng(6)
    groups = [np.full(50, mean) + rng.normal(0, 0.01, 50) for mean in rng.normal(10, 1, 100)]
    clustered, naive = clustered_spread(groups), spread(np.concatenate(groups))
    assert clustered is not None
    assert naive is not None
    assert clustered.n == naive.n == 5000
    assert clustered.p50.value == naive.p50.value
    assert clustered.p50.low is not None
    assert clustered.p50.high is not None
    assert naive.p50.low is not None
    assert naive.p50.high is not None
    assert (clustered.p50.high - clustered.p50.low) > 4 * (naive.p50.high - naive.p50.low)
    assert clustered.mean.low is not None
    assert clustered.mean.low < 10.0 + 0.3
    assert clustered_spread([np.array([])]) is None


def test_the_interval_of_clustered_values_covers_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(7), 0
    for _ in range(300):
        groups = [rng.normal(mean, 0.5, 20) for mean in rng.normal(0, 1, 60)]
        found = clustered_spread(groups)
        assert found is not None
        assert found.p50.low is not None
        assert found.p50.high is not None
        hits += found.p50.low <= 0 <= found.p50.high
    assert 0.90 <= hits / 300 <= 0.99


def test_a_single_group_has_no_interval() -> None:
    found = clustered_spread([np.array([1.0, 2.0])])
    assert found is not None
    assert (found.mean.low, found.p50.low) == (None, None)
