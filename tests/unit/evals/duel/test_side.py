"""One side under faults: what is lost is counted, and an engine that is gone is told from one that is slow."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from evals.duel.apart import Apart
from evals.duel.contenders import Address, Contender, DuelObserver
from evals.duel.forms import Form
from evals.duel.measuring import Slot
from evals.duel.results import GpuUse, Pass
from evals.duel.settings import ServingSettings
from evals.duel.side import Side
from evals.duel.spoiling import GONE
from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.serving.load import Endpoint
from evals.serving.record import Basis
from tests.unit.evals.duel.test_echo import echoing
from tests.unit.evals.serving.scripted import DONE, END, HEAD, chunk, event, native_stream, serving, simple, whole

Send = Callable[[bytes], Awaitable[None]]
SETTINGS = ServingSettings(concurrency="4", requests=24, input_len="20", output_len="4", stall=0.4)
SLOT = Slot(round=0, level=4, side="candidate", place=0)


@dataclass(frozen=True)
class At:
    base_url: str
    served_model: str = "m"
    api_key: str | None = None


@dataclass
class Heard:
    """Hold what an observer was told."""

    passes: list[Pass] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    gpus: tuple[GpuUse, ...] = ()

    def on_pass(self, done: Pass, raw: bytes) -> None:
        self.passes.append(done)
        self.raws.append(raw)

    @contextmanager
    def watch(self) -> Iterator[Callable[[], tuple[GpuUse, ...]]]:
        yield lambda: self.gpus


@contextmanager
def never() -> Iterator[Address]:
    raise AssertionError("a side is handed its address")
    yield At("")


@pytest.fixture(scope="module", autouse=True)
def apart() -> Iterator[None]:
    """One process for all passes of this file, as in a duel."""
    with Apart(lambda: None) as process:
        APART.append(process)
        yield
    APART.clear()


APART: list[Apart] = []


def side(heard: Heard, settings: ServingSettings = SETTINGS, *, flush: bool = False) -> Side:
    observer = DuelObserver(on_pass=heard.on_pass, watch=heard.watch)
    return Side("candidate", Contender(measured=never, flush=flush), settings, observer, APART[0])


def run(answer: Any, settings: ServingSettings = SETTINGS) -> tuple[Pass, Heard]:
    heard = Heard()
    with serving(answer) as (url, _):
        return side(heard, settings).run(At(url), Form(), None, SLOT), heard


def test_a_whole_pass_is_handed_over_with_every_request_and_the_gpus() -> None:
    done, heard = run(whole)
    assert (done.requests, done.whole, done.faults, done.output_tokens) == (24, 24, {}, 96)
    assert done.values["ttft_p50"] is not None
    assert len(done.curves["ttft_ms"]) == 101
    assert heard.passes == [done]
    assert len(json.loads(heard.raws[0])["requests"]) == 24


def test_a_throttled_gpu_spoils_the_pass() -> None:
    heard = Heard()
    heard.gpus = (
        GpuUse(
            uuid="G", name="H200", samples=1, sm_clock_mhz=(1, 1, 1), power_w=(1, 1), utilisation=1, memory_mib=1,
            temperature_c=90, throttled=("thermal",),
        ),
    )  # fmt: skip
    with serving(whole) as (url, _):
        done = side(heard).run(At(url), Form(), None, SLOT)
    assert done.gpus == heard.gpus
    assert "H200 was slowed down (thermal)" in done.spoiled
    assert heard.passes == [done]


async def one_stalls(number: int, body: dict[str, Any], send: Send) -> bool:
    if number != 5:
        return await whole(number, body, send)
    await send(native_stream(4)[0] + native_stream(4)[1])
    await asyncio.sleep(30)
    return False


def test_a_stream_that_stalls_is_one_lost_answer() -> None:
    done, _ = run(one_stalls)
    assert (done.whole, done.faults) == (23, {"stalled": 1})
    assert done.length_s < 10


async def crowded(number: int, body: dict[str, Any], send: Send) -> bool:
    if number % 3 == 0:
        await send(simple(429, "busy", "Retry-After: 0"))
        return True
    return await whole(number, body, send)


def test_refusals_for_want_of_room_are_sent_again_and_counted() -> None:
    done, _ = run(crowded)
    assert done.whole + sum(done.faults.values()) == 24
    assert done.retried > 0
    assert not done.spoiled or GONE not in done.spoiled


async def full(number: int, body: dict[str, Any], send: Send) -> bool:
    await send(simple(429, "busy", "Retry-After: 0"))
    return True


def test_a_server_that_answers_nothing_whole_not_even_one_request_is_gone() -> None:
    heard = Heard()
    with serving(full) as (url, _), pytest.raises(EngineUnreachableError, match="24 times http 429") as caught:
        side(heard).run(At(url), Form(), None, SLOT)
    assert caught.value.retryable
    assert heard.passes[0].whole == 0
    assert GONE in heard.passes[0].spoiled


async def hasty(number: int, body: dict[str, Any], send: Send) -> bool:
    if body["sampling_params"]["max_new_tokens"] == 8:
        return await whole(number, body, send)  # the small request after the pass
    await send(simple(500, "out of room"))
    return True


def test_a_server_that_is_there_and_loses_everything_is_judged_and_not_gone() -> None:
    done, _ = run(hasty)
    assert (done.whole, done.faults) == (0, {"http 500": 24})
    assert GONE not in done.spoiled


def test_an_engine_that_dies_in_the_middle_is_handed_over_and_told() -> None:
    heard = Heard()
    slow = ServingSettings(rate=20.0, requests=80, input_len="20", output_len="4")
    with echoing() as (url, server):
        threading.Timer(2.0, server.kill).start()
        with pytest.raises(EngineUnreachableError, match="did not outlive a pass"):
            side(heard, slow).run(At(url), Form(), None, Slot(round=3, level=0, side="candidate", place=0))
    (done,) = heard.passes
    assert 0 < done.whole < 80
    assert GONE in done.spoiled


def test_nobody_there_is_an_unreachable_engine() -> None:
    with pytest.raises(EngineUnreachableError):
        side(Heard()).run(At("http://127.0.0.1:9"), Form(), None, SLOT)


async def other_api(number: int, body: dict[str, Any], send: Send) -> bool:
    """Answer OpenAI's completions without any count of tokens, and refuse ignore_eos."""
    if "prompt" not in body:
        await send(simple(404, "no such path"))
    elif "ignore_eos" in body:
        await send(simple(422, "unexpected field"))
    else:
        words = [{"choices": [{"text": text, "finish_reason": None}]} for text in ("a", "b")]
        await send(HEAD + b"".join(map(event, words)) + chunk(DONE) + END)
    return True


def test_what_a_server_does_not_take_is_left_out_and_what_it_does_not_tell_is_not_known() -> None:
    heard = Heard()
    with serving(other_api) as (url, _):
        one = side(heard)
        form = one.probe(At(url), Form(), None)
        done = one.run(At(url), form, None, SLOT)
    assert (form.endpoint, form.force_lengths) == (Endpoint.COMPLETIONS, False)
    assert one.taken is not None
    assert one.taken.basis is Basis.FIRST_EVENT
    assert done.values["output_tokens_per_s"] is None
    assert done.values["ttft_p50"] is not None


def test_a_server_that_answers_in_no_form_is_refused() -> None:
    with serving(full) as (url, _), pytest.raises(RequestRefusedError, match="http 429"):
        side(Heard()).probe(At(url), Form(), None)


def busy_once() -> Any:
    """Return a server that refuses the first flush alone."""
    flushes: list[int] = []

    async def answer(number: int, body: dict[str, Any], send: Send) -> bool:
        if "sampling_params" in body:
            return await whole(number, body, send)
        flushes.append(number)
        await send(simple(400, "requests are running") if len(flushes) == 1 else simple(200, "flushed"))
        return True

    return answer


def test_a_refused_flush_is_noted_and_the_next_pass_tries_again() -> None:
    with serving(busy_once()) as (url, met):
        one = side(Heard(), flush=True)
        for _ in range(3):
            one.run(At(url), Form(), None, SLOT)
    flushes = [head for head in met.heads if head.startswith("POST /flush_cache")]
    assert len(flushes) == 3
    assert one.notes == ["the candidate's caches were not flushed 1 of 3 times: /flush_cache answers with HTTP 400"]


def test_a_pass_of_a_server_that_is_not_warm_says_so_and_how_its_tokens_were_told() -> None:
    with serving(whole) as (url, _):
        done = side(Heard()).run(At(url), Form(), None, SLOT, ["cold"])
    assert "cold" in done.spoiled
    assert done.ttft_by == {str(Basis.COUNTS): 24}


def test_a_first_pass_at_a_level_has_time_for_its_own_length() -> None:
    one = side(Heard())
    assert one.limit_s(8) == 1800
    one.longest_s[32] = 100.0
    assert one.limit_s(32) == 1000
    assert one.limit_s(1) == 32_000
    assert one.limit_s(64) == 1800
