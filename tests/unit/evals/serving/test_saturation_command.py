"""`python -m evals saturation`: what it keeps and prints, and once over HTTP."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from evals.__main__ import main
from evals.command import saturation as command
from evals.errors import InvalidSubmissionError
from tests.unit.evals.serving.scripted import native_stream, serving, whole

PLACES, TAKES_S = 4, 0.1
"""A server that computes for four requests at a time, 0.1 s each, takes 40 requests/s."""


def scripted() -> Callable[[int, dict[str, Any], Callable[[bytes], Awaitable[None]]], Awaitable[bool]]:
    places: list[asyncio.Semaphore] = []

    async def answer(number: int, body: dict[str, Any], send: Callable[[bytes], Awaitable[None]]) -> bool:
        places.append(places[0] if places else asyncio.Semaphore(PLACES))
        async with places[0]:
            await asyncio.sleep(TAKES_S)
        for piece in native_stream(body["sampling_params"]["max_new_tokens"]):
            await send(piece)
        return True

    return answer


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_the_command_keeps_every_step_and_says_when_there_was_no_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "steps.json"
    words = (
        "--goodput ttft:60000 --input-len 5 --output-len 3 --requests 30 --step-seconds 0.4 --start 80 --most-steps 2"
    )
    with serving(whole) as (url, met):
        mine = ["evals", "saturation", "--base-url", url, "--api-key", "secret", "--json", str(file)]
        monkeypatch.setattr(sys, "argv", [*mine, *words.split()])
        assert main() == 1
    printed, captured = file.read_text(), capsys.readouterr()
    stored = json.loads(printed)
    assert [step["rate"] for step in stored["steps"]] == [80.0, 160.0]
    assert [step["load"]["requests"] for step in stored["steps"]] == [32, 64]
    assert len(met.bodies) == 1 + 32 + 64, "a small one before, and no closed loop where the first rate is given"
    assert [step["summary"]["outcomes"]["whole"] for step in stored["steps"]] == [32, 64]
    assert stored["rate"] is None
    assert "2 steps were not enough" in json.loads(captured.out)["stopped"]
    assert captured.err.count("requests/s holds") == sum(step["trial"]["holds"] is True for step in stored["steps"])
    assert "secret" not in printed


@pytest.mark.slow
def test_the_command_finds_what_a_server_of_known_capacity_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "steps.json"
    words = "--goodput ttft:400 --input-len 5 --output-len 3 --concurrency 8 --requests 60 --step-seconds 1.5"
    with serving(scripted()) as (url, _):
        mine = ["--base-url", url, "--api-key", "secret", "--precision", "0.15", "--json", str(file)]
        assert command.run(parsed(*mine, *words.split())) == 0
    printed, stored = json.loads(capsys.readouterr().out), json.loads(file.read_text())
    # Forty a second would be taken without any pause: with Poisson arrivals, waits of 0.3 s come somewhat below that.
    assert 24 < printed["rate"] <= 42
    assert stored["rate"] == printed["rate"]
    assert len(stored["steps"]) == printed["tried"]
    assert all(step["summary"]["outcomes"]["requests"] >= 60 for step in stored["steps"])
    assert {step["load"]["seed"] for step in stored["steps"]} == {step["seed"] for step in stored["steps"]}
    assert 30 < stored["estimate"]["summary"]["steady"]["requests_per_s"]["value"] < 42
    assert "secret" not in file.read_text()


@pytest.mark.parametrize("words", ["--share 1.5", "--precision 0", "--step-seconds 0", "--start -1", "--most-steps 0"])
def test_impossible_words_are_refused_before_anything_is_asked(words: str) -> None:
    with pytest.raises(InvalidSubmissionError):
        command.run(parsed("--base-url", "http://x", "--goodput", "ttft:200", *words.split()))
