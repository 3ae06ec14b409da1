"""Passes against servers that stall, break off, refuse, count nothing: nothing is lost, and every pass ends in time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from evals.errors import EngineUnreachableError
from evals.serving.lengths import fixed
from evals.serving.load import Endpoint, Load
from evals.serving.passes import Pass, run_pass
from evals.serving.record import Basis
from evals.serving.summary import outcomes_of
from tests.unit.evals.serving.scripted import (
    DONE,
    END,
    HEAD,
    Answer,
    Met,
    chunk,
    event,
    native,
    serving,
    simple,
    whole,
)

Send = Callable[[bytes], Awaitable[None]]
SMALL = Load(base_url="", requests=4, concurrency=2, input_len=fixed(5), output_len=fixed(3))


def ran(answer: Answer, **settings: Any) -> tuple[Pass, Met]:
    with serving(answer) as (url, met):
        return run_pass(replace(SMALL, base_url=url, **settings)), met


def test_every_request_of_a_healthy_server_is_whole_and_counted() -> None:
    done, met = ran(whole, requests=20, concurrency=4)
    assert [record.index for record in done.records] == list(range(20))
    assert {(r.fault, r.output_tokens, r.input_tokens, r.cached_tokens) for r in done.records} == {(None, 3, 5, 2)}
    assert all(record.basis is Basis.COUNTS and record.finish_reason == "length" for record in done.records)
    assert met.connections == 4
    assert met.most_open == 4


def test_times_are_in_order_and_a_token_apart() -> None:
    done, _ = ran(whole)
    for record in done.records:
        assert record.sent_ns is not None
        times = [done.start_ns, record.sent_ns, record.first_byte_ns, *record.at_ns.tolist(), record.ended_ns]
        assert times == sorted(times)
        counts = record.tokens.tolist()
        assert counts[-1] == 3  # on a busy machine two tokens may arrive as one
        assert counts == sorted(set(counts))


def test_several_processes_send_each_request_once_from_one_start() -> None:
    done, met = ran(whole, requests=9, concurrency=3, processes=2)
    assert [record.index for record in done.records] == list(range(9))
    assert sorted(int(head.split("x-request-id: ")[1].split("\r\n")[0]) for head in met.heads) == list(range(9))
    assert len(done.efforts) == 2
    firsts = [min(r.sent_ns for r in done.records if r.index % 2 == part and r.sent_ns) for part in range(2)]
    assert all(0 <= first - done.start_ns < 1e9 for first in firsts)


def test_a_stream_that_stalls_ends_the_pass_in_time() -> None:
    async def stall(number: int, body: dict[str, Any], send: Send) -> bool:
        if number != 1:
            return await whole(number, body, send)
        await send(HEAD + event(native(1)) + event(native(2)))
        await asyncio.sleep(30)
        return False

    began = time.monotonic()
    done, _ = ran(stall, stall_s=0.5)
    assert time.monotonic() - began < 10
    assert outcomes_of(done.records).faults == {"stalled": 1}
    (stalled,) = [record for record in done.records if record.fault]
    assert stalled.tokens.tolist() == [2]
    assert len(done.records) == 4


def test_a_stream_that_never_ends_meets_the_time_limit() -> None:
    async def drip(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(HEAD)
        for n in range(1000):
            await send(event(native(n + 1)))
            await asyncio.sleep(0.05)
        return False

    done, _ = ran(drip, requests=2, timeout_s=0.6)
    assert outcomes_of(done.records).faults == {"time limit": 2}


def test_a_server_that_says_nothing_meets_the_time_limit_and_not_the_stall() -> None:
    async def silent(number: int, body: dict[str, Any], send: Send) -> bool:
        await asyncio.sleep(30)
        return False

    done, _ = ran(silent, requests=2, timeout_s=0.8, stall_s=0.2)
    assert outcomes_of(done.records).faults == {"time limit": 2}
    assert all(record.ended_ns - (record.sent_ns or 0) > 0.7e9 for record in done.records)


def test_a_connection_cut_in_mid_stream_keeps_what_came() -> None:
    async def cut(number: int, body: dict[str, Any], send: Send) -> bool:
        if number != 0:
            return await whole(number, body, send)
        await send(HEAD + event(native(1)) + event(native(2))[:20])
        await asyncio.sleep(0.05)
        return False

    done, _ = ran(cut)
    outcomes = outcomes_of(done.records)
    assert (outcomes.faults, outcomes.whole) == ({"cut": 1}, 3)
    (broken,) = [record for record in done.records if record.fault]
    assert broken.tokens.tolist() == [1]
    assert broken.output_tokens == 1


def test_429_is_tried_again_and_its_time_counts() -> None:
    async def crowded(number: int, body: dict[str, Any], send: Send) -> bool:
        if number == 0:
            await send(simple(429, "busy"))
            return True
        return await whole(number, body, send)

    done, met = ran(crowded, requests=1, concurrency=1)
    outcomes = outcomes_of(done.records)
    assert (outcomes.whole, outcomes.refusals, outcomes.retried) == (1, 1, 1)
    (record,) = done.records
    assert record.tries == 2
    assert [status for _, _, status in record.refusals] == [429]
    assert record.sent_ns is not None
    assert record.first_sent_ns is not None
    assert record.sent_ns - record.first_sent_ns > 0.4e9
    assert met.connections == 1


def test_retry_after_is_heeded() -> None:
    async def later(number: int, body: dict[str, Any], send: Send) -> bool:
        if number == 0:
            await send(simple(503, "", "Retry-After: 1"))
            return True
        return await whole(number, body, send)

    done, _ = ran(later, requests=1, concurrency=1)
    (record,) = done.records
    assert record.sent_ns is not None
    assert record.first_sent_ns is not None
    assert record.sent_ns - record.first_sent_ns > 0.95e9


def test_what_is_refused_for_ever_is_a_fault() -> None:
    async def full(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(simple(429, "busy"))
        return True

    done, met = ran(full, requests=2, retries=1)
    outcomes = outcomes_of(done.records)
    assert (outcomes.faults, outcomes.refusals, outcomes.retried) == ({"http 429": 2}, 4, 2)
    assert len(met.bodies) == 4


def test_errors_are_counted_with_what_the_server_says() -> None:
    async def refuse(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(simple(400, "input too long"))
        return True

    done, met = ran(refuse)
    assert {record.fault for record in done.records} == {"http 400: input too long"}
    assert len(met.bodies) == 4


def test_an_error_in_the_stream_is_no_answer() -> None:
    async def fail(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(HEAD + event(native(1)) + event({"error": {"message": "out of memory"}}) + chunk(DONE) + END)
        return True

    done, _ = ran(fail)
    assert {record.fault for record in done.records} == {"an error event: out of memory"}


def test_what_the_engine_aborts_is_no_answer() -> None:
    async def abort(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(HEAD + event(native(1, finish="abort")) + chunk(DONE) + END)
        return True

    done, _ = ran(abort)
    assert {record.fault for record in done.records} == {"the engine ended its answer with abort"}


def test_without_any_usage_lengths_are_unknown_and_the_first_event_stands_for_the_first_token() -> None:
    async def bare(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(HEAD)
        for text in ("", "a", "b"):
            await send(event({"choices": [{"text": text, "finish_reason": None}]}))
            await asyncio.sleep(0.02)
        await send(event({"choices": [{"text": "", "finish_reason": "length"}]}) + chunk(DONE) + END)
        return True

    done, _ = ran(bare, endpoint=Endpoint.COMPLETIONS)
    for record in done.records:
        assert (record.fault, record.output_tokens, record.input_tokens) == (None, None, None)
        assert record.basis is Basis.FIRST_EVENT
        assert record.at_ns[-1] - record.at_ns[0] > 30e6  # the event without text was the first
    assert outcomes_of(done.records).uncounted == 4
    assert outcomes_of(done.records).output_tokens is None


def test_a_shorter_answer_is_counted_as_such() -> None:
    async def short(number: int, body: dict[str, Any], send: Send) -> bool:
        return await whole(number, {"sampling_params": {"max_new_tokens": 2}}, send)

    done, _ = ran(short)
    outcomes = outcomes_of(done.records)
    assert (outcomes.whole, outcomes.shorter, outcomes.output_tokens, outcomes.asked_tokens) == (4, 4, 8, 12)


def test_a_limit_in_flight_makes_the_scheduled_latency_grow() -> None:
    async def slow(number: int, body: dict[str, Any], send: Send) -> bool:
        await asyncio.sleep(0.1)
        return await whole(number, body, send)

    done, met = ran(slow, requests=8, concurrency=1, rate=1000.0)
    assert met.most_open == 1
    last = done.records[-1]
    assert last.due_ns is not None
    assert last.sent_ns is not None
    assert last.sent_ns - last.due_ns > 0.6e9
    assert last.ended_ns - last.sent_ns < 0.5e9


def test_without_a_limit_requests_leave_when_they_are_due() -> None:
    async def slow(number: int, body: dict[str, Any], send: Send) -> bool:
        await asyncio.sleep(0.3)
        return await whole(number, body, send)

    done, met = ran(slow, requests=30, concurrency=None, rate=100.0)
    assert met.most_open > 15
    assert all(r.sent_ns is not None and r.due_ns is not None and r.sent_ns >= r.due_ns for r in done.records)
    waits = sorted((r.sent_ns or 0) - (r.due_ns or 0) for r in done.records)
    assert waits[15] < 100e6


def test_a_request_that_crosses_the_closing_of_an_idle_connection_is_sent_again() -> None:
    async def once(number: int, body: dict[str, Any], send: Send) -> bool:
        await whole(number, body, send)
        return False

    done, met = ran(once, requests=6, concurrency=1)
    assert outcomes_of(done.records).faults == {}
    assert met.connections == 6


def test_a_server_that_dies_in_the_middle_ends_the_pass() -> None:
    served = 0

    async def die(number: int, body: dict[str, Any], send: Send) -> bool:
        nonlocal served
        served += 1
        if served > 3:
            await asyncio.sleep(30)
        return await whole(number, body, send)

    done, _ = ran(die, requests=6, timeout_s=0.5)
    outcomes = outcomes_of(done.records)
    assert (outcomes.requests, outcomes.whole, outcomes.faults) == (6, 3, {"time limit": 3})


def test_no_server_is_said_before_the_pass() -> None:
    with pytest.raises(EngineUnreachableError, match="no connection") as raised:
        run_pass(replace(SMALL, base_url="http://127.0.0.1:9"))
    assert raised.value.remedy


def test_no_server_is_said_by_several_processes_too() -> None:
    with pytest.raises(EngineUnreachableError, match="no connection"):
        run_pass(replace(SMALL, base_url="http://127.0.0.1:9", processes=2))


@pytest.mark.parametrize("step", [1, 7, 40])
def test_answers_are_found_whole_however_their_bytes_are_cut(step: int) -> None:
    async def dribble(number: int, body: dict[str, Any], send: Send) -> bool:
        answer = HEAD + event(native(1)) + event(native(2)) + event(native(3, finish="length")) + chunk(DONE) + END
        for at in range(0, len(answer), step):
            await send(answer[at : at + step])
            await asyncio.sleep(0.0002)
        return True

    done, met = ran(dribble)
    assert {(r.fault, r.output_tokens) for r in done.records} == {(None, 3)}
    assert met.connections == 2


def odd_forms() -> dict[str, list[bytes]]:
    events = [native(1), native(3, finish="length")]
    crlf = [chunk(b"data: " + json.dumps(one).encode() + b"\r\n\r\n") for one in events]
    plain = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)
    return {
        "lines that end in CRLF": [HEAD, *crlf, chunk(b"data: [DONE]\r\n\r\n"), END],
        "no last event": [HEAD, *map(event, events), END],
        "a trailer": [HEAD, *map(event, events), b"0\r\nTrailer: t\r\n\r\n"],
        "a length": [f"HTTP/1.1 200 OK\r\nContent-Length: {len(plain)}\r\n\r\n".encode(), plain],
        "all at once": [HEAD + b"".join(map(event, events)) + chunk(DONE) + END],
        "comments": [HEAD, chunk(b": ping\n\n"), *map(event, events), chunk(DONE), END],
        "an interim answer": [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, *map(event, events), chunk(DONE), END],
    }


@pytest.mark.parametrize("form", odd_forms())
def test_odd_forms_of_a_stream_are_read(form: str) -> None:
    async def talk(number: int, body: dict[str, Any], send: Send) -> bool:
        for piece in odd_forms()[form]:
            await send(piece)
            await asyncio.sleep(0.003)
        return True

    done, met = ran(talk, timeout_s=5.0)
    assert {(r.fault, r.output_tokens) for r in done.records} == {(None, 3)}
    assert met.connections == 2


def test_a_body_that_ends_with_the_connection_is_whole() -> None:
    async def talk(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(b"HTTP/1.1 200 OK\r\n\r\ndata: " + json.dumps(native(3, finish="length")).encode() + b"\n\n")
        await asyncio.sleep(0.01)
        return False

    done, _ = ran(talk)
    assert {(r.fault, r.output_tokens) for r in done.records} == {(None, 3)}


def test_no_http_is_a_fault() -> None:
    async def talk(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await asyncio.sleep(0.2)
        return True

    done, _ = ran(talk)
    assert outcomes_of(done.records).faults == {"not http": 4}
