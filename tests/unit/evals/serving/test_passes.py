"""Passes against servers that stall, break off or die: nothing is lost, and every pass ends in time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from evals.errors import EngineUnreachableError
from evals.serving.passes import run_pass
from evals.serving.summary import outcomes_of
from tests.unit.evals.serving.passes_world import SMALL, Send, ran
from tests.unit.evals.serving.scripted import DONE, END, HEAD, chunk, event, native, simple, whole


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


def test_no_http_is_a_fault() -> None:
    async def talk(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await asyncio.sleep(0.2)
        return True

    done, _ = ran(talk)
    assert outcomes_of(done.records).faults == {"not http": 4}
