"""`python -m evals duel`: what it is told, and what it prints."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import orjson
import pytest

from evals.__main__ import main
from evals.command.duel import NEITHER_RESTS, add_arguments, text_of, workload_of
from evals.duel.contenders import Outcome
from evals.duel.judging import judge_duel
from evals.duel.settings import ServingSettings, serving_settings
from evals.errors import InvalidSubmissionError
from tests.unit.evals.duel.examples import WORKLOAD, a_duel
from tests.unit.evals.serving.scripted import serving, simple, whole

SIDES = ["--candidate", "http://a:1", "--baseline", "http://b:2"]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([*SIDES, *words])


def test_without_options_it_is_the_default_load() -> None:
    assert serving_settings(workload_of(parsed())) == ServingSettings()


def test_options_reach_the_settings() -> None:
    words = "--concurrency 1,4 --requests 16 --input-len 64 --goodput ttft:200 itl:50 --max-rounds 8 --margin 0.1"
    workload = workload_of(parsed(*words.split()))
    expected = ServingSettings(concurrency="1,4", requests=16, input_len="64", limits="ttft:200 itl:50", max_rounds=8)
    assert (serving_settings(workload), workload.margin) == (expected, 0.1)
    assert serving_settings(workload_of(parsed("--rate", "5"))).rate == 5
    with pytest.raises(InvalidSubmissionError, match="margin"):
        workload_of(parsed("--margin", "0"))


def test_every_deciding_ratio_has_a_line_with_its_interval_and_limit() -> None:
    slow = [1.2, 1.201, 1.199, 1.2005, 1.1995, 1.2002]
    text = text_of(judge_duel(WORKLOAD, ServingSettings(), Outcome(passes=tuple(a_duel(slow)), notes=("mind",))))
    assert text.startswith("FAIL: median TTFT at 8 in flight")
    (line,) = [line for line in text.splitlines() if line.startswith("median TTFT at 8 in flight  ")]
    assert "120.01 / 100.00  1.200 [1.154, 1.248]  fail (limit 1.05)" in line
    assert line.endswith("bootstrap [1.199, 1.201]")
    assert "note: mind" in text


async def answering(number: int, body: dict[str, object], send: object) -> bool:
    if "sampling_params" in body:
        return await whole(number, body, send)  # type: ignore[arg-type]  # as the script hands it over
    await send(simple(200, "flushed"))  # type: ignore[operator]  # as above
    return True


def test_a_duel_by_hand_writes_its_result_and_every_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "--concurrency 2 --requests 8 --input-len 20 --output-len 4 --min-rounds 4 --max-rounds 4 --max-warmups 1"
    with serving(answering) as (url, _):
        files = ["--json", str(tmp_path / "all.json"), "--keep", str(tmp_path), "--margin", "0.99"]
        sides = ["--candidate", url, "--baseline", url]
        monkeypatch.setattr(sys, "argv", ["evals", "duel", *sides, *words.split(), *files])
        status = main()
    said = orjson.loads((tmp_path / "all.json").read_bytes())
    assert len(said["passes"]) >= 10  # more where a busy machine spoiled one
    assert len(list(tmp_path.glob("round*.json"))) == len(said["passes"])
    assert orjson.loads((tmp_path / "round+0-2-candidate.json").read_bytes())["format"] == 1
    assert status == {"pass": 0, "fail": 1}.get(said["verdict"], 2)
    printed = capsys.readouterr().out
    assert printed.startswith(f"{said['verdict'].upper()}: ")
    assert f"note: {NEITHER_RESTS}" in printed
    assert NEITHER_RESTS in said["notes"]
    monkeypatch.setattr(sys, "argv", ["evals", "duel", *SIDES, "--json", "/no/such/folder/x.json"])
    assert main() == 2
