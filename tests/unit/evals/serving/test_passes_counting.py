"""What a pass counts and times against servers that are well, in whatever form they answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from evals.serving.load import Endpoint
from evals.serving.record import Basis
from evals.serving.summary import outcomes_of
from tests.unit.evals.serving.passes_world import Send, ran
from tests.unit.evals.serving.scripted import DONE, END, HEAD, chunk, event, native, whole


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
