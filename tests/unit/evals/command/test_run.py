"""`python -m evals BENCHMARK`: what the command line means, and what is printed of the result."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evals import __main__
from evals.accuracy.harness import WorkloadResult
from evals.command import run
from evals.errors import InvalidSubmissionError
from evals.plan import load_suite
from evals.result import Score
from evals.spec import Api, DataSource, Workload


def chosen(*words: str) -> Workload:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    return run.chosen(parser.parse_args([*words, "--base-url", "http://h:1"]))


def test_a_suites_first_workload_is_run_and_another_by_name() -> None:
    assert chosen("demo-vision") == load_suite("demo-vision")[0]
    assert chosen("demo-vision", "--workload", "mmmu_pro_vision") == load_suite("demo-vision")[2]
    with pytest.raises(InvalidSubmissionError, match="has no workload 'mmlu'") as caught:
        chosen("demo-vision", "--workload", "mmlu")
    assert "mmmu_pro_vision" in caught.value.remedy


def test_a_benchmark_brings_its_own_metric_and_a_folder_of_data_is_read_instead_of_the_hub() -> None:
    found = chosen("mmlu")
    assert (found.benchmark, found.metric, found.data) == ("mmlu", "acc,none", DataSource.HUB)
    assert chosen("mmlu", "--data", "/x").data is DataSource.LOCAL
    assert chosen("mmlu", "--data", "/x", "--data-source", "subset").data is DataSource.SUBSET
    assert chosen("demo", "--data", "/x").data is DataSource.DEMO
    assert chosen("mmmu").api is Api.CHAT


def test_every_setting_of_the_command_line_reaches_the_workload() -> None:
    words = (
        "arc_easy --metric acc,none --limit 3 --concurrency 4 --few-shot 2 --max-tokens 9 --temperature 0.5 "
        "--top-p 0.9 --top-k 7 --min-p 0.1 --seed 11 --repeats 2 --think-end </think> --revision abc --api chat "
        "--data-source demo"
    )
    assert chosen(*words.split()) == Workload(
        name="arc_easy", benchmark="arc_easy", metric="acc,none", margin=0.0, limit=3, concurrency=4, few_shot=2,
        max_tokens=9, temperature=0.5, top_p=0.9, top_k=7, min_p=0.1, seed=11, repeats=2, think_end="</think>",
        revision="abc", api=Api.CHAT, data=DataSource.DEMO,
    )  # fmt: skip


def test_what_cannot_be_run_like_this_says_what_to_do() -> None:
    with pytest.raises(InvalidSubmissionError, match="unknown benchmark"):
        chosen("gsm9k")
    with pytest.raises(InvalidSubmissionError, match="does not say") as caught:
        chosen("arc_easy")
    assert "acc,none" in caught.value.remedy
    with pytest.raises(InvalidSubmissionError) as caught:
        chosen("sgl-eval/gsm8k")
    assert "plumbline submit --benchmark sgl-eval/gsm8k" in caught.value.remedy
    for name in ("demo-parity", "engine-check/offline"):
        with pytest.raises(InvalidSubmissionError, match="has no dataset") as caught:
            chosen(name)
        assert "python -m evals parity" in caught.value.remedy


def test_what_has_no_dataset_is_passed_over_in_a_suite() -> None:
    assert chosen("new-model").name == "gsm8k"
    with pytest.raises(InvalidSubmissionError, match="has no workload 'parity'"):
        chosen("new-model", "--workload", "parity")


def score(doc_id: int, value: float, *, repeat: int = 0, parsed: bool = True) -> Score:
    return Score(task="t", doc_id=doc_id, metric="exact_match,strict-match", value=value, parsed=parsed, gold="1",
                 extracted="1" if parsed else None, prompt_sha256="p", repeat=repeat)  # fmt: skip


def test_the_summary_has_each_metrics_value_with_its_interval_and_what_was_unparsed() -> None:
    scores = [score(0, 1), score(1, 0, parsed=False), score(2, 1), score(3, 1)]
    summary = run.summary(WorkloadResult(scores=scores, facts={"a": "b"}, notes={"c": "d"}))
    found = summary["metrics"]["exact_match,strict-match"]
    assert (found["value"], found["n"], found["unparsed"]) == (0.75, 4, 1)
    assert 0 < found["low"] < 0.75 < found["high"] < 1
    assert (summary["facts"], summary["notes"]) == ({"a": "b"}, {"c": "d"})


def test_repeats_are_summed_up_by_item_with_pass_and_majority() -> None:
    scores = [
        score(0, 1),
        score(0, 0, repeat=1, parsed=False),
        score(0, 1, repeat=2),
        *(score(1, 0, repeat=r) for r in range(3)),
    ]
    metrics = run.summary(WorkloadResult(scores=scores, facts={}, notes={}))["metrics"]
    values = {
        name.partition(",")[0]: (found["value"], found["n"], found["unparsed"]) for name, found in metrics.items()
    }
    assert values == {
        "exact_match": (pytest.approx(1 / 3), 2, 1), "exact_match_pass_at_all": (0.5, 2, 0),
        "exact_match_majority": (0.5, 2, 0),
    }  # fmt: skip


class _Engine(BaseHTTPRequestHandler):
    """Say "#### 7" to everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send({"choices": [{"text": " #### 7", "finish_reason": "stop"}], "usage": {}})

    def do_GET(self) -> None:
        self._send({})

    def _send(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["evals", *words])
    return __main__.main()


def test_a_run_prints_json_alone_on_stdout_and_its_progress_beside_it(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "demo", "--base-url", address, "--limit", "12", "--concurrency", "3") == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    strict, flexible = (found["metrics"][f"exact_match,{name}"] for name in ("strict-match", "flexible-extract"))
    assert (strict["n"], strict["unparsed"], flexible["value"]) == (12, 0, strict["value"])
    assert found["facts"]["items"] == "12"
    assert "12 of 12" in printed.err


def test_an_error_is_one_message_with_its_remedy_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, "gsm8k", "--base-url", "http://127.0.0.1:1", "--data", str(tmp_path)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: the test items of openai/gsm8k are missing")
    assert str(tmp_path) in printed.err
    assert call(monkeypatch, "demo", "--base-url", "http://127.0.0.1:1", "--limit", "0") == 2
    assert "limit 0" in capsys.readouterr().err
