"""What a server does not take is found out before the pass and left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.serving.lengths import fixed
from evals.serving.load import Endpoint, Load
from evals.serving.probe import probe
from evals.serving.record import Basis
from tests.unit.evals.serving.scripted import DONE, END, HEAD, chunk, event, serving, simple, whole

Send = Callable[[bytes], Awaitable[None]]
LOAD = Load(base_url="", requests=50, rate=3.0, input_len=fixed(900), output_len=fixed(900))


async def strict(number: int, body: dict[str, Any], send: Send) -> bool:
    """Refuse every field that OpenAI does not know, as transformers' own server does."""
    known = {"model", "prompt", "max_tokens", "temperature", "stream", "stream_options"}
    if set(body) - known or set(body["stream_options"]) - {"include_usage"}:
        await send(simple(422, "unexpected field"))
        return True
    usage = {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}}
    words = [{"choices": [{"text": text, "finish_reason": None}], "usage": None} for text in ("", "a")]
    await send(HEAD + b"".join(map(event, [*words, usage])) + chunk(DONE) + END)
    return True


def test_a_server_that_takes_everything_is_asked_once() -> None:
    with serving(whole) as (url, met):
        found = probe(replace(LOAD, base_url=url))
    assert (found.left_out, found.basis, len(met.bodies)) == ([], Basis.COUNTS, 1)
    assert found.load == replace(LOAD, base_url=url)
    assert len(met.bodies[0]["input_ids"]) < 50


def test_unknown_fields_are_left_out_and_said() -> None:
    with serving(strict) as (url, _):
        found = probe(replace(LOAD, base_url=url, endpoint=Endpoint.COMPLETIONS))
    assert found.left_out == ["continuous_usage_stats", "ignore_eos"]
    assert (found.load.force_lengths, found.load.count_events) == (False, False)
    assert found.basis is Basis.EVENTS
    assert found.load.requests == 50


def test_what_nobody_asked_for_is_not_left_out() -> None:
    with serving(strict) as (url, _):
        found = probe(replace(LOAD, base_url=url, endpoint=Endpoint.COMPLETIONS, force_lengths=False))
    assert found.left_out == ["continuous_usage_stats"]


def test_a_server_that_has_no_such_endpoint_is_said() -> None:
    async def absent(number: int, body: dict[str, Any], send: Send) -> bool:
        await send(simple(404, "Not Found"))
        return True

    with serving(absent) as (url, met), pytest.raises(RequestRefusedError, match="http 404") as raised:
        probe(replace(LOAD, base_url=url))
    assert "--api" in raised.value.remedy
    assert len(met.bodies) == 1


def test_nobody_there_is_said() -> None:
    with pytest.raises(EngineUnreachableError):
        probe(replace(LOAD, base_url="http://127.0.0.1:9"))
