"""The echo answers whole and at once, and says what the client can do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from evals.duel.echo import assessed, echo_of, enough, load_of_echo
from evals.duel.echo_server import answer
from evals.duel.results import Echo
from evals.duel.settings import ServingSettings, levels
from evals.serving.lengths import fixed, parse_lengths
from evals.serving.load import Load
from evals.serving.passes import run_pass
from evals.serving.record import Basis
from tests.unit.evals.duel.examples import a_pass


@contextmanager
def echoing() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run an echo server; yield its address and its process."""
    words = [sys.executable, "-m", "evals.duel.echo_server"]
    server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}", server
    finally:
        server.kill()
        server.wait()


def test_every_answer_is_whole_and_counted_token_by_token() -> None:
    with echoing() as (url, _):
        load = Load(base_url=url, requests=40, concurrency=8, input_len=parse_lengths("3:50"), output_len=fixed(9))
        records = run_pass(load).records
    assert [record.fault for record in records] == [None] * 40
    assert {record.basis for record in records} == {Basis.COUNTS}
    assert {record.output_tokens for record in records} == {9}
    assert [record.input_tokens for record in records] == [record.planned_input for record in records]
    assert {record.finish_reason for record in records} == {"length"}
    assert all(record.tokens.tolist() == sorted(set(record.tokens.tolist())) for record in records)
    assert all(record.tokens[-1] == 9 for record in records)


def test_an_event_is_as_long_at_the_end_of_an_answer_as_at_its_beginning() -> None:
    assert len(answer(4, 90_000, 80_000)) - len(answer(4, 90_000, 1)) < 10
    assert answer(4, 3, 2).endswith(b"0\r\n\r\n")
    assert b'"prompt_tokens": 4, "completion_tokens": 3' in answer(4, 3, 2)


@pytest.mark.parametrize(
    ("settings", "requests"),
    [
        (ServingSettings(concurrency="4"), 937),
        (ServingSettings(concurrency="1024", requests=1024), 4096),
        (ServingSettings(concurrency="1024", requests=1024, output_len="4096"), 146),
        (ServingSettings(concurrency="4", output_len="131072", input_len="131072"), 4),
    ],
)
def test_an_echo_never_asks_for_more_tokens_than_can_be_held(settings: ServingSettings, requests: int) -> None:
    assert enough(load_of_echo(settings, levels(settings)[0], None, "http://a:1")).requests == requests


def test_it_ends_with_its_stdin() -> None:
    with echoing() as (_, server):
        assert server.stdin is not None
        server.stdin.close()
        assert server.wait(10) == 0


@pytest.mark.parametrize("settings", [ServingSettings(concurrency="4"), ServingSettings(rate=2.0, processes=2)])
def test_the_client_is_measured_under_the_load_of_the_duel(settings: ServingSettings) -> None:
    level = 0 if settings.rate else 4
    found = echo_of(settings, level, None)
    assert found.level == level
    assert found.requests_per_s > 50
    assert found.output_tokens_per_s == pytest.approx(64 * found.requests_per_s, rel=0.05)
    assert found.ttft_p50_ms is not None
    assert found.ttft_p50_ms < 100


ECHO = Echo(
    level=8,
    requests_per_s=10.0,
    output_tokens_per_s=500.0,
    needed_requests_per_s=0.0,
    needed_output_tokens_per_s=0.0,
    ttft_p50_ms=0.1,
    ttft_p99_ms=0.2,
    limited=False,
)


def test_a_pass_with_more_than_half_of_it_is_limited() -> None:
    measured = [a_pass("candidate", 0, rate=200.0), a_pass("baseline", 0, rate=240.0)]
    fine = assessed(ECHO, measured)
    assert (fine.limited, fine.needed_output_tokens_per_s, fine.needed_requests_per_s) == (False, 240.0, 4.8)
    assert assessed(replace(ECHO, output_tokens_per_s=479.0), measured).limited
    assert assessed(replace(ECHO, requests_per_s=9.0), measured).limited
    warm = [a_pass("candidate", -1, rate=900.0), a_pass("candidate", 0, rate=900.0, level=16)]
    assert not assessed(ECHO, warm).limited
