"""What a pass consists of: lengths, times, traces, and the same plan for the same seed."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evals.errors import DatasetError, InvalidSubmissionError
from evals.serving.lengths import Lengths, fixed, parse_lengths
from evals.serving.load import Endpoint, Load, check_load
from evals.serving.planning import plan, times_s
from evals.serving.traces import read_trace
from tests.data import ROOT, full_data

TRACES = ROOT / "benchmarks" / "data" / "traces"
AZURE, MOONCAKE = TRACES / "azure_llm_2023_conv_first_200.csv", TRACES / "mooncake_conversation_first_60.jsonl"
LOAD = Load(base_url="http://x", requests=1000, concurrency=1)


def test_a_closed_loop_has_no_times() -> None:
    assert {one.at_s for one in plan(LOAD)} == {None}


def test_constant_times_are_absolute() -> None:
    assert times_s(4.0, 5, poisson=False, seed=1).tolist() == [0, 0.25, 0.5, 0.75, 1.0]


def test_poisson_times_have_the_rate_and_an_exponential_spread() -> None:
    gaps = np.diff(times_s(50.0, 20_000, poisson=True, seed=3))
    assert gaps.mean() == pytest.approx(0.02, rel=0.01)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.03)
    assert gaps.min() > 0


@pytest.mark.parametrize("seed", range(5))
def test_every_seed_offers_the_same_load(seed: int) -> None:
    times = times_s(200.0, 2000, poisson=True, seed=seed)
    assert 1999 / (times[-1] - times[0]) == pytest.approx(200, rel=0.01)


def test_times_follow_the_seed_and_nothing_else() -> None:
    first, again, other = (plan(replace(LOAD, rate=9.0, poisson=True, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert [one.at_s for one in first] != [one.at_s for one in other]
    longer = plan(replace(LOAD, rate=9.0, poisson=True, seed=1, input_len=fixed(9)))
    assert [one.at_s for one in first] == [one.at_s for one in longer]


@pytest.mark.parametrize(
    ("text", "low", "high"), [("256", 256, 256), ("128:512", 128, 512), ("lognormal:100:0.5:300", 1, 300)]
)
def test_lengths_are_read_and_stay_within_their_ends(text: str, low: int, high: int) -> None:
    drawn = parse_lengths(text).draw(5000, np.random.default_rng(1))
    assert low <= drawn.min()
    assert drawn.max() <= high
    if text == "128:512":
        assert (drawn.min(), drawn.max()) == (128, 512)


def test_lognormal_lengths_have_their_median() -> None:
    drawn = Lengths(low=1, high=10_000, median=200, sigma=0.7).draw(20_000, np.random.default_rng(1))
    assert np.median(drawn) == pytest.approx(200, rel=0.05)
    assert np.log(drawn).std() == pytest.approx(0.7, rel=0.05)


@pytest.mark.parametrize("text", ["", "0", "-3", "9:3", "1:2:3", "lognormal:5", "lognormal:0:1", "about ten"])
def test_what_is_no_length_is_said_with_the_forms(text: str) -> None:
    with pytest.raises(InvalidSubmissionError, match="no length") as raised:
        parse_lengths(text)
    assert "128:512" in raised.value.remedy


def test_azure_is_replayed_at_its_own_times() -> None:
    rows = read_trace(AZURE, 3)
    assert [(row.input_len, row.output_len) for row in rows] == [(374, 44), (396, 109), (879, 55)]
    # 18:15:46.6805900, 18:15:50.9951690, 18:15:51.2224670
    assert [row.at_s for row in rows] == pytest.approx([0, 4.314579, 4.541877], abs=1e-6)


def test_mooncake_keeps_the_names_of_its_blocks() -> None:
    first, second = read_trace(MOONCAKE, 2)
    assert (first.input_len, first.output_len, first.at_s) == (6758, 500, 0)
    assert first.blocks == tuple(range(14))
    assert second.blocks[0] == 0
    assert second.blocks[1:] == tuple(range(14, 28))


def test_times_of_mooncake_are_ms_from_its_first_request(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    rows = [
        f'{{"timestamp": {at}, "input_length": 9, "output_length": 0, "hash_ids": [1]}}' for at in (5000, 8500, 7000)
    ]
    trace.write_text("\n".join(rows))
    assert [row.at_s for row in read_trace(trace, 9)] == [0, 2.0, 3.5]
    assert {row.output_len for row in read_trace(trace, 9)} == {1}  # no answer has no token


def test_a_trace_may_be_packed_played_faster_and_cut(tmp_path: Path) -> None:
    packed = tmp_path / "trace.jsonl.gz"
    packed.write_bytes(gzip.compress(MOONCAKE.read_bytes()))
    load = replace(LOAD, requests=50, trace=packed)
    slow, fast = plan(load), plan(replace(load, trace_speed=2.0))
    assert len(slow) == 50
    assert [one.at_s for one in fast] == pytest.approx([(one.at_s or 0) / 2 for one in slow])
    assert slow[-1].at_s


def test_a_rate_replaces_the_times_of_a_trace() -> None:
    planned = plan(replace(LOAD, requests=4, trace=AZURE, rate=2.0))
    assert [one.at_s for one in planned] == [0, 0.5, 1.0, 1.5]
    assert planned[0].input_len == 374


def test_whole_traces_are_read() -> None:
    data = full_data("traces_azure_llm_2023", "traces_mooncake_fast25")
    counts = {"AzureLLMInferenceTrace_code.csv": 8819, "AzureLLMInferenceTrace_conv.csv": 19366}
    for name, count in counts.items():
        rows = read_trace(data / "traces_azure_llm_2023" / name, 10**6)
        assert len(rows) == count
        assert 57 * 60 < rows[-1].at_s < 60 * 60
    rows = read_trace(data / "traces_mooncake_fast25" / "conversation_trace.jsonl.gz", 10**6)
    assert len(rows) == 12031
    assert sum(row.input_len for row in rows) / len(rows) == pytest.approx(12035, abs=1)


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "{}\n", '{"timestamp": "x"}\n', "TIMESTAMP,ContextTokens\nnoon,3\n"]
)
def test_what_is_no_trace_is_said_with_the_forms(tmp_path: Path, text: str) -> None:
    file = tmp_path / "trace"
    file.write_text(text)
    with pytest.raises(DatasetError) as raised:
        read_trace(file, 10)
    assert raised.value.remedy
    with pytest.raises(DatasetError, match="no trace"):
        read_trace(tmp_path / "absent", 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": None},
        {"requests": 0},
        {"base_url": "localhost:1"},
        {"processes": 2},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"poisson": True},
        {"trace_speed": 0.0},
        {"shared_prefix_len": 256},
        {"pictures": 1},
        {"pictures": 1, "endpoint": Endpoint.COMPLETIONS},
        {"stall_s": 0.0},
        {"retries": -1},
    ],
    ids=str,
)
def test_a_load_that_makes_no_sense_is_refused_with_a_remedy(wrong: dict[str, object]) -> None:
    check_load(LOAD)
    with pytest.raises(InvalidSubmissionError) as raised:
        check_load(replace(LOAD, **wrong))  # type: ignore[arg-type]
    assert raised.value.remedy
