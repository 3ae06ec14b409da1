"""Figures out of raw times: each latency, each rate, each count, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.serving.figures import figures
from evals.serving.latencies import latencies
from evals.serving.record import Basis
from evals.serving.summary import outcomes_of, summarise
from evals.serving.window import Window
from tests.unit.evals.serving.figures_world import ANSWER, LOAD, MS, finished, record


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
