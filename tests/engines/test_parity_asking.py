"""What parity hears of both real engines with the vision model: the same tokens, and log-probabilities within 1e-4.

Both run at the same time, as for `python -m evals parity`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.settings import Settings
from evals.client import EngineClient
from evals.parity.asking.observing import ParityListener, observe, resolve
from evals.parity.asking.prompts import PromptSet, prompt_set
from evals.parity.records import Mode, Observation, Record
from evals.parity.settings import ParitySettings
from evals.spec import EngineSpec, ModelSpec
from tests.engines.service import ROOT
from workers.server import Server, running

pytestmark = [pytest.mark.engines, pytest.mark.slow]

MODEL = ROOT / "demo" / "demo-vlm"
PARITY = ParitySettings(images=True)
CLOSE = 1e-4
"""Nats between the engines, and between one batch and another of the same engine at all but a few positions."""

ROUNDING = 5e-3
"""Nats at positions where float32 itself is that far from float64 (seen: 1.5e-3)."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both servers, and what was heard from them."""

    sglang: Server
    hf: Server
    candidate: Observation
    baseline: Observation


@pytest.fixture(scope="module")
def prompts() -> PromptSet:
    return prompt_set(PARITY, MODEL)


@pytest.fixture(scope="module")
def pair(borrowed_home: Path, prompts: PromptSet) -> Iterator[Pair]:
    settings, model = Settings(home=borrowed_home), ModelSpec(path=str(MODEL))
    with (
        running(EngineSpec(kind="hf"), model, settings=settings, job_id="parity-hf") as hf,
        running(EngineSpec(kind="sglang"), model, settings=settings, job_id="parity-sglang") as sglang,
    ):
        yield Pair(sglang=sglang, hf=hf, candidate=heard(sglang, prompts, full=True), baseline=heard(hf, prompts))


def heard(server: Server, prompts: PromptSet, *, full: bool = False) -> Observation:
    return observe(
        prompts,
        PARITY,
        connect=lambda: EngineClient(server.base_url),
        full=full,
        known=None,
        hear=ParityListener(on_record=lambda one: None, on_progress=lambda done, total: None, check=lambda: None),
    )


def records(observation: Observation, mode: Mode) -> dict[str, Record]:
    return {record.prompt: record for record in observation.records if record.mode is mode}


def differences(ours: dict[str, Record], theirs: dict[str, Record]) -> list[float]:
    """Return how far each scored prompt token and each greedy token is off."""
    found = []
    for name, record in ours.items():
        other = theirs[name]
        assert (name, record.prompt_ids, record.unscored) == (name, other.prompt_ids, other.unscored)
        assert (name, record.decode.token_ids) == (name, other.decode.token_ids)
        values = dict(enumerate(other.prefill.logprobs, other.start))
        own = enumerate(record.prefill.logprobs, record.start)
        found += [abs(value - values[place]) for place, value in own if place not in record.unscored]
        found += [abs(a - b) for a, b in zip(record.decode.logprobs, other.decode.logprobs, strict=True)]
    return sorted(found)


def test_every_prompt_is_asked_of_both_engines_and_from_the_cache_where_it_is_long_enough(
    pair: Pair, prompts: PromptSet
) -> None:
    modes = Counter(record.mode for record in pair.candidate.records)
    assert (modes[Mode.ALONE], modes[Mode.TOGETHER]) == (len(prompts.prompts),) * 2
    assert modes[Mode.CACHED] > 60
    assert {record.mode for record in pair.baseline.records} == {Mode.ALONE}
    assert dict(pair.candidate.left_out) == dict(pair.baseline.left_out) == {}
    assert pair.candidate.facts == pair.baseline.facts
    assert pair.candidate.notes["context"] == pair.baseline.notes["context"] == "4,096 tokens"
    assert set(pair.candidate.notes) >= {"engine", "prefill chunk", "room for keys and values"}


def test_the_engines_agree_position_by_position(pair: Pair) -> None:
    found = differences(records(pair.candidate, Mode.ALONE), records(pair.baseline, Mode.ALONE))
    assert len(found) > 16_000
    assert found[-1] < CLOSE


def test_the_most_probable_tokens_agree_at_pictures_too(pair: Pair) -> None:
    theirs = records(pair.baseline, Mode.ALONE)
    ours = {name: one for name, one in records(pair.candidate, Mode.ALONE).items() if name.startswith("image/")}
    assert len(ours) == 8
    for name, record in ours.items():
        assert len(record.unscored) > 3
        for mine, other in zip(record.prefill.top_logprobs, theirs[name].prefill.top_logprobs, strict=True):
            assert mine == pytest.approx(other, abs=CLOSE)


@pytest.mark.parametrize("mode", [Mode.TOGETHER, Mode.CACHED])
def test_sglang_agrees_with_itself_up_to_rounding(pair: Pair, mode: Mode) -> None:
    found = differences(records(pair.candidate, mode), records(pair.candidate, Mode.ALONE))
    assert len(found) > 5_000
    assert found[len(found) * 99 // 100] < CLOSE
    assert found[-1] < ROUNDING


def test_the_prefix_cache_was_used_and_only_where_it_should_be(pair: Pair) -> None:
    for record in pair.candidate.records:
        if record.mode is Mode.CACHED:
            assert record.cached_tokens == record.start - 1 == 2 * len(record.prompt_ids) // 3
        else:
            assert (record.prompt, record.mode, record.cached_tokens) == (record.prompt, record.mode, 0)


def test_both_servers_make_the_same_tokens_of_texts_and_conversations_as_the_models_folder(
    pair: Pair, prompts: PromptSet
) -> None:
    assert pair.candidate.tokenized == pair.baseline.tokenized
    own = {prompt.name: prompt.ids for prompt in prompts.prompts if not prompt.pictures}
    told = {one.prompt: one.token_ids for one in pair.candidate.tokenized}
    assert len(told) == 57
    assert {name: ids for name, ids in told.items() if name in own} == {name: own[name] for name in told if name in own}


def test_without_the_folder_a_server_tells_the_same_ids(pair: Pair, prompts: PromptSet) -> None:
    resolved = resolve(prompt_set(PARITY, None), lambda: EngineClient(pair.sglang.base_url))
    own = {prompt.name: prompt.ids for prompt in prompts.prompts if prompt.name != "length/longest"}
    known = {prompt.name: prompt.ids for prompt in resolved.prompts if prompt.name in own and not prompt.pictures}
    assert known == {name: own[name] for name in known}
    assert len(known) == 71


def test_the_command_line_compares_two_servers(pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "parity.json"
    sides = ["--candidate", pair.sglang.base_url, "--reference", pair.hf.base_url]
    command = [sys.executable, "-m", "evals", "parity", *sides, "--images", "--no-self-checks", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads(file.read_text())
    assert written["result"]["verdict"] == "pass"
    assert written["facts"] == dict(pair.candidate.facts)
    assert written["servers"]["candidate"]["notes"]["engine"].startswith("sglang")
