"""The load generator against real engines: each request has a first token, lengths are the server's and as asked."""

from __future__ import annotations

import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from evals.serving.lengths import fixed, parse_lengths
from evals.serving.load import Endpoint, Load
from evals.serving.messages import payload
from evals.serving.passes import Pass, run_pass
from evals.serving.planning import Planned, plan
from evals.serving.probe import probe
from evals.serving.prompts import Prompts
from evals.serving.record import Basis
from evals.serving.summary import summarise
from evals.serving.vocabulary import vocabulary
from tests.engines.service import DEMO_MODEL
from workers.server import Server

pytestmark = [pytest.mark.engines, pytest.mark.slow]

LOAD = Load(
    base_url="",
    requests=24,
    concurrency=8,
    tokenizer=DEMO_MODEL,
    input_len=parse_lengths("20:60"),
    output_len=parse_lengths("4:24"),
    timeout_s=120.0,
)


def load_for(server: Server, **settings: Any) -> Load:
    return replace(LOAD, base_url=server.base_url, model=server.served_model, **settings)


def check_whole(done: Pass) -> None:
    summary = summarise(done, {"ttft": 60_000.0})
    assert summary.outcomes.faults == {}
    assert (summary.outcomes.shorter, summary.outcomes.longer, summary.outcomes.uncounted) == (0, 0, 0)
    assert summary.lengths == "output lengths were forced (ignore_eos)"
    assert summary.whole.goodput_share == 1.0
    for record in done.records:
        assert record.basis is Basis.COUNTS
        assert record.first_token_ns is not None
        assert record.sent_ns is not None
        assert record.first_token_ns > record.sent_ns
        assert record.output_tokens == record.asked_tokens == record.tokens[-1]


def test_ids_through_generate_have_the_lengths_that_were_planned(engine_server: Server) -> None:
    found = probe(load_for(engine_server))
    assert found.left_out == []
    done = run_pass(found.load)
    check_whole(done)
    assert [record.input_tokens for record in done.records] == [record.planned_input for record in done.records]


@pytest.mark.parametrize("endpoint", [Endpoint.COMPLETIONS, Endpoint.CHAT])
def test_texts_through_openai_endpoints_are_counted_in_every_event(engine_server: Server, endpoint: Endpoint) -> None:
    found = probe(load_for(engine_server, endpoint=endpoint, requests=12))
    assert found.left_out == []
    check_whole(run_pass(found.load))


def test_counts_are_those_that_the_server_gives_without_a_stream(engine_server: Server) -> None:
    load = load_for(engine_server, requests=4, concurrency=4)
    done = run_pass(load)
    for planned, record in zip(plan(load), done.records, strict=True):
        meta = asked(load, planned)["meta_info"]
        assert (record.input_tokens, record.output_tokens) == (meta["prompt_tokens"], meta["completion_tokens"])


@pytest.mark.parametrize("endpoint", [Endpoint.NATIVE, Endpoint.COMPLETIONS])
def test_tokens_without_text_are_tokens(engine_server: Server, endpoint: Endpoint, tmp_path: Path) -> None:
    """After ends of turns the model says nothing but ends of turns, of which no text shows."""
    file = tmp_path / "mute.json"
    file.write_bytes(orjson.dumps([{"conversations": [{"from": "human", "value": "<|im_end|>" * 3}]}]))
    load = load_for(engine_server, conversations=file, output_len=fixed(40), requests=4, endpoint=endpoint)
    assert asked(replace(load, endpoint=Endpoint.NATIVE), plan(load)[0])["text"] == ""
    done = run_pass(load)
    check_whole(done)
    assert {record.output_tokens for record in done.records} == {40}
    assert all(record.last_token_ns != record.first_token_ns for record in done.records)


def asked(load: Load, planned: Planned) -> dict[str, Any]:
    body = payload(load, planned, Prompts(load, vocabulary(load.tokenizer))) | {"stream": False}
    request = urllib.request.Request(
        f"{load.base_url}/generate", orjson.dumps(body), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        answered: dict[str, Any] = orjson.loads(answer.read())
        return answered
