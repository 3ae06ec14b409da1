"""`python -m evals parity`: what the command line means, what is printed and written, and the exit status."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from evals import __main__
from tests.unit.evals.parity.asking.scripted_server import Answer, Script, serving

DEMO = Path(__file__).resolve().parents[4] / "demo" / "demo-llm"


class Tied(Script):
    """Know the demo model's folder, and be off by so many nats at every position."""

    def __init__(self, off: float = 0.0, folder: Path | None = DEMO) -> None:
        super().__init__()
        self.off = off
        self.folder = folder

    def _route(self, path: str, body: Any) -> Answer:
        status, answer = super()._route(path, body)
        if path == "/server_info" and self.folder is not None:
            answer["tokenizer_path"] = str(self.folder)
        return status, answer

    def generate(self, body: Any) -> Answer:
        status, answer = super().generate(body)
        for entry in answer["meta_info"].get("input_token_logprobs", [])[1:]:
            entry[0] -= self.off
        return status, answer


def parity(
    monkeypatch: pytest.MonkeyPatch, candidate: Script, reference: Script, *words: str, self_checks: bool = False
) -> int:
    with serving(candidate) as first, serving(reference) as second:
        line = ["evals", "parity", "--candidate", first, "--reference", second, *words]
        line += [] if self_checks else ["--no-self-checks"]
        monkeypatch.setattr(sys, "argv", line)
        return __main__.main()


def test_equal_servers_pass_and_the_whole_result_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "out.json"
    candidate, reference = Tied(), Tied()
    assert parity(monkeypatch, candidate, reference, "--json", str(file)) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("PASS: ")
    assert "15,403" in printed
    written = json.loads(file.read_text())
    assert written["result"]["verdict"] == "pass"
    assert {check["name"]: check["verdict"] for check in written["result"]["checks"]}["prefill"] == "pass"
    assert set(written["facts"]) == {"prompts_sha256", "top_k", "decode_tokens"}
    assert written["dtype"] == "float32"
    assert set(written["servers"]) == {"candidate", "reference"}
    asked = [[body["input_ids"] for body in script.bodies("/generate")] for script in (candidate, reference)]
    assert asked[0] == asked[1]
    assert len(asked[0]) == 76


def test_the_candidate_alone_is_held_against_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate, reference = Tied(), Tied()
    assert parity(monkeypatch, candidate, reference, self_checks=True) == 0
    assert len(reference.bodies("/generate")) == 76
    assert len(candidate.bodies("/generate")) == 2 * 76 + 2 * 60
    assert "\ncache    pass" in capsys.readouterr().out


def test_servers_that_differ_fail_with_the_positions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parity(monkeypatch, Tied(off=0.5), Tied()) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("FAIL: ")
    assert "-1.5 against -1" in printed


def test_a_tolerance_of_ones_own_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parity(monkeypatch, Tied(off=0.01), Tied()) == 1
    assert parity(monkeypatch, Tied(off=0.01), Tied(), "--tolerance", "0.1") == 0


def test_a_floor_makes_the_reference_the_truth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Tied(off=0.02)) as floor:
        status = parity(monkeypatch, Tied(off=0.03), Tied(), "--floor", floor, "--dtype", "bfloat16")
    assert status == 0
    assert "0.02 nats" in capsys.readouterr().out


def test_a_reference_in_the_served_dtype_is_none_beside_a_floor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = [Tied(off=0.03), Tied(), Tied(off=0.02)]
    for side in sides:
        side.dtype = "bfloat16"
    with serving(sides[2]) as floor:
        assert parity(monkeypatch, sides[0], sides[1], "--floor", floor) == 2
    printed = capsys.readouterr().out
    assert printed.startswith("INCOMPARABLE: ")
    assert "it served in bfloat16, not in float32; serve the reference in float32" in printed


@pytest.mark.parametrize("words", [("--tolerance", "inf"), ("--tolerance", "nan"), ("--tolerance", "11"),
                                   ("--tolerance", "0.1", "--floor", "http://127.0.0.1:1")])  # fmt: skip
def test_impossible_tolerances_are_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    candidate = Tied(off=0.5)
    assert parity(monkeypatch, candidate, Tied(), *words) == 2
    assert "tolerance" in capsys.readouterr().err
    assert candidate.asked == []


def test_without_a_folder_the_reference_is_asked_for_token_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    candidate, reference = Tied(folder=None), Tied(folder=None)
    assert parity(monkeypatch, candidate, reference) == 0
    assert candidate.bodies("/generate")[0]["input_ids"] == list(b"The capital of France is")
    assert len(reference.bodies("/tokenize")) > len(candidate.bodies("/tokenize"))


def test_what_cannot_be_asked_is_an_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Foreign(Tied):
        def generate(self, body: Any) -> Answer:
            return 404, "no such path"

    assert parity(monkeypatch, Foreign(), Tied()) == 2
    assert "no /generate" in capsys.readouterr().err
