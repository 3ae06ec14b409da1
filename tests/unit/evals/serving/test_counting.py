"""Tokens are counted by the server's counts, whatever the text of an event is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evals.serving.counting import Counted, counted
from evals.serving.events import events
from evals.serving.load import Endpoint
from evals.serving.record import Basis
from tests.unit.evals.serving.scripted import native


def native_counted(*said: tuple[int, Any]) -> Counted:
    return counted(Endpoint.NATIVE, [(at_ns, json.dumps(body).encode()) for at_ns, body in said])


def openai_counted(*said: tuple[int, Any], endpoint: Endpoint = Endpoint.COMPLETIONS) -> Counted:
    return counted(endpoint, [(at_ns, json.dumps(body).encode()) for at_ns, body in said])


def text_event(text: str, tokens: int | None = None, finish: str | None = None) -> dict[str, Any]:
    usage = None if tokens is None else {"prompt_tokens": 4, "completion_tokens": tokens}
    return {"choices": [{"text": text, "finish_reason": finish}], "usage": usage}


def test_an_event_without_text_is_the_first_token_when_the_server_counts_one() -> None:
    found = native_counted((10, native(1, text="")), (20, native(2, text="")), (30, native(3, text="a", finish="stop")))
    assert (found.at_ns, found.tokens, found.basis) == ([10, 20, 30], [1, 2, 3], Basis.COUNTS)
    assert (found.output_tokens, found.input_tokens, found.cached_tokens) == (3, 5, 2)
    assert found.finish_reason == "stop"


def test_an_event_with_text_is_no_token_while_the_server_counts_none() -> None:
    found = native_counted((10, native(0, text="ready")), (20, native(2)), (30, native(2)), (40, native(3)))
    assert (found.at_ns, found.tokens) == ([20, 40], [2, 3])


def test_events_that_came_together_are_one_arrival() -> None:
    found = native_counted((10, native(1)), (20, native(2)), (20, native(3)))
    assert (found.at_ns, found.tokens) == ([10, 20], [1, 3])


def test_a_text_that_looks_like_a_count_is_none() -> None:
    text = '"completion_tokens": 99, \\"completion_tokens\\":98'
    body = {"meta_info": {"completion_tokens": 1, "prompt_tokens": 5, "finish_reason": None}, "text": text}
    compact = json.dumps(body, separators=(",", ":")).encode()
    assert counted(Endpoint.NATIVE, [(10, compact)]).tokens == [1]
    assert native_counted((10, body)).tokens == [1]


def test_a_native_event_without_a_count_carries_nothing() -> None:
    found = native_counted((10, {"text": "a", "meta_info": {}}))
    assert (found.tokens, found.basis, found.output_tokens, found.fault) == ([], None, None, None)


def test_continuous_usage_decides() -> None:
    found = openai_counted(
        (10, text_event("x", 0)), (20, text_event("", 1)), (30, text_event("ab", 3, "length")),
        (31, {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 3}}),
    )  # fmt: skip
    assert (found.at_ns, found.tokens, found.basis) == ([20, 30], [1, 3], Basis.COUNTS)
    assert (found.output_tokens, found.input_tokens, found.finish_reason) == (3, 4, "length")


def test_last_tokens_without_an_event_of_their_own_arrive_with_the_final_usage() -> None:
    final = (31, {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 5}})
    found = openai_counted((20, text_event("a", 1)), (30, text_event("b", 3)), final)
    assert (found.at_ns, found.tokens, found.output_tokens) == ([20, 30, 31], [1, 3, 5], 5)


def test_a_final_usage_alone_tells_nothing_of_the_first_token() -> None:
    said = [(20, chat_event({"role": "assistant", "content": ""})), (30, chat_event({}, "length"))]
    final = (31, {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 5}})
    found = openai_counted(*said, final, endpoint=Endpoint.CHAT)
    assert (found.at_ns, found.basis, found.output_tokens, found.fault) == ([], None, 5, None)


def test_cached_tokens_are_read_where_they_are_told() -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 3}}
    assert openai_counted((1, {"choices": [{"text": ""}], "usage": usage})).cached_tokens == 3


def chat_event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": delta, "finish_reason": finish}], "usage": None}


def test_without_counts_an_event_is_a_token_where_the_final_usage_agrees() -> None:
    said = [
        (10, chat_event({"role": "assistant", "content": ""})),
        (20, chat_event({"content": ""})),
        (30, chat_event({"content": "a"})),
        (40, chat_event({}, "stop")),
        (41, {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}}),
    ]
    found = openai_counted(*said, endpoint=Endpoint.CHAT)
    assert (found.at_ns, found.tokens, found.basis) == ([20, 30], [1, 2], Basis.EVENTS)


def test_without_counts_that_agree_only_the_first_event_is_used() -> None:
    final = (41, {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 5}})
    found = openai_counted((20, text_event("")), (30, text_event("a")), final)
    assert (found.at_ns, found.basis, found.output_tokens) == ([20, 30], Basis.FIRST_EVENT, 5)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{", "an event that is none"),
        (b"[]", "an event that is none"),
        (b'{"error": {"message": "no room"}}', "an error event: no room"),
        (b'{"error": "no room"}', "an error event: no room"),
    ],
)
@pytest.mark.parametrize("endpoint", Endpoint)
def test_what_is_no_answer_is_a_fault(body: bytes, fault: str, endpoint: Endpoint) -> None:
    found = counted(endpoint, [(1, body)])
    assert found.fault is not None
    assert found.fault.startswith(fault)


def test_a_stream_without_events_is_a_fault() -> None:
    assert counted(Endpoint.NATIVE, [(1, b"[DONE]")]).fault == "a stream without an event"


def test_events_take_the_time_of_the_piece_that_completes_them() -> None:
    pieces = [(1, b"data: a\n"), (2, b"\ndata: b\n\nda"), (3, b"ta: c\n\n")]
    assert list(events(pieces)) == [(2, b"a"), (2, b"b"), (3, b"c")]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("step", [1, 2, 5, 100])
def test_events_are_found_whatever_ends_their_lines(newline: bytes, step: int) -> None:
    text = b": ping||event: x|data: one||data: two|data: three||id: 3||data:four||".replace(b"|", newline) + newline
    pieces = [(n, text[n : n + step]) for n in range(0, len(text), step)]
    assert [data for _, data in events(pieces)] == [b"one", b"two\nthree", b"four"]
