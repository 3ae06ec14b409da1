"""Our scores are lm-eval's: the same server, asked by lm-eval's own command line and by us, gives the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import lm_eval
import pytest

from evals.accuracy.benchmarks import load_task
from evals.accuracy.datasets import DEMO_DATA, find_dataset
from evals.accuracy.harness import Observer, run_accuracy
from evals.accuracy.questions import Question
from evals.client import EngineClient
from evals.plan import load_suite
from evals.result import Response
from workers.server import Server

pytestmark = pytest.mark.engines


def lm_eval_samples(server: Server, folder: Path) -> list[dict[str, object]]:
    """Run lm-eval's command line with its stock gsm8k over the demo items; return its logged samples."""
    stock = Path(lm_eval.__file__).parent / "tasks" / "gsm8k" / "gsm8k.yaml"
    files = {split: str(DEMO_DATA / "gsm8k" / f"{split}.jsonl") for split in ("train", "test")}
    config = {"include": str(stock), "task": "gsm8k_here", "dataset_path": "json", "dataset_name": None}
    folder.mkdir()
    (folder / "gsm8k_here.yaml").write_text(json.dumps(config | {"dataset_kwargs": {"data_files": files}}))
    arguments = f"model=default,base_url={server.base_url}/v1/completions,num_concurrent=16,tokenizer_backend=None"
    command = [sys.executable, "-m", "lm_eval", "--model", "local-completions", "--model_args", arguments]
    command += ["--tasks", "gsm8k_here", "--include_path", str(folder), "--log_samples", "--output_path", str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=500)
    (logged,) = folder.rglob("samples_gsm8k_here_*.jsonl")
    return [json.loads(line) for line in logged.read_text().splitlines()]


def test_every_answer_and_every_score_equals_lm_evals(engine_server: Server, tmp_path: Path) -> None:
    theirs = lm_eval_samples(engine_server, tmp_path / "lm_eval")
    workload = load_suite("demo")[0]
    texts: dict[int, str] = {}

    def keep(question: Question, response: Response) -> None:
        texts[question.key.doc_id] = response.text

    ours = run_accuracy(
        workload,
        load_task(workload, find_dataset(workload, data_folder=None)),
        connect=lambda: EngineClient(engine_server.base_url, model=engine_server.served_model),
        answered={},
        observer=Observer(on_response=keep, on_progress=lambda progress: None, check=lambda: None),
    )
    assert len(theirs) == len(ours.scores) == 600
    for sample in theirs:
        assert texts[sample["doc_id"]] == sample["resps"][0][0]  # type: ignore[index]
    expected = {(s["doc_id"], f"exact_match,{s['filter']}"): s["exact_match"] for s in theirs}
    assert {(score.doc_id, score.metric): score.value for score in ours.scores} == expected
