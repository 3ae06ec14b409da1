"""Our scores are lm-eval's: the same server, asked by lm-eval's own command line and by us, gives the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lm_eval
import pytest

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.datasets import DEMO_DATA
from evals.accuracy.harness import Observer, WorkloadResult, run_accuracy
from evals.accuracy.questions import Asked
from evals.client import EngineClient
from evals.plan import load_suite
from evals.result import Response
from tests.engines.service import DEMO_MODEL
from workers.server import Server

pytestmark = pytest.mark.engines

STOCK = Path(lm_eval.__file__).parent / "tasks"
SEEN: dict[tuple[str, str], dict[tuple[str, int], Response]] = {}
"""What each engine answered to each suite, for the comparison of the engines with each other."""


def lm_eval_samples(server: Server, folder: Path, name: str, *options: str) -> list[dict[str, Any]]:
    """Run lm-eval's command line on tasks that a folder defines; return its logged samples."""
    arguments = f"model=default,base_url={server.base_url}/v1/completions,num_concurrent=16,tokenizer={DEMO_MODEL}"
    command = [sys.executable, "-m", "lm_eval", "--model", "local-completions", "--model_args", arguments]
    command += ["--tasks", name, "--include_path", str(folder), "--log_samples", "--output_path", str(folder)]
    subprocess.run([*command, *options], check=True, capture_output=True, text=True, timeout=500)
    logged = sorted(folder.rglob("samples_*.jsonl"))
    return [json.loads(line) | {"file": path.name} for path in logged for line in path.read_text().splitlines()]


def define(folder: Path, name: str, stock: Path, files: Mapping[str, Path]) -> None:
    """Write one of lm-eval's own tasks once more, with local files as its data."""
    data = {"data_files": {split: str(path) for split, path in files.items()}}
    task = {"include": str(stock), "task": name, "dataset_path": "json", "dataset_name": None, "dataset_kwargs": data}
    (folder / f"{name}.yaml").write_text(json.dumps(task))


def ours(suite: str, server: Server) -> tuple[WorkloadResult, dict[tuple[str, int], Response]]:
    """Run a suite's workload as the service does; return its result, and every answer."""
    workload = load_suite(suite)[0]
    answers: dict[tuple[str, int], Response] = {}

    def keep(asked: Asked, response: Response) -> None:
        answers[(asked.key.task, asked.key.doc_id)] = response

    result = run_accuracy(
        workload,
        load_benchmark(workload, data_folder=None),
        connect=lambda: EngineClient(server.base_url, model=server.served_model),
        answered={},
        observer=Observer(on_response=keep, on_progress=lambda progress: None, check=lambda: None),
    )
    SEEN[("sglang" if "sglang" in " ".join(server.command) else "hf", suite)] = answers
    return result, answers


@pytest.mark.slow
def test_every_answer_and_every_score_of_gsm8k_equals_lm_evals(engine_server: Server, tmp_path: Path) -> None:
    files = {split: DEMO_DATA / "gsm8k" / f"{split}.jsonl" for split in ("train", "test")}
    define(tmp_path, "gsm8k_here", STOCK / "gsm8k" / "gsm8k.yaml", files)
    theirs = lm_eval_samples(engine_server, tmp_path, "gsm8k_here", "--limit", "100")
    result, answers = ours("demo", engine_server)
    assert (len(theirs), len(result.scores)) == (200, 600)
    for sample in theirs:
        assert answers[("gsm8k", sample["doc_id"])].text == sample["resps"][0][0]
    expected = {(s["doc_id"], f"exact_match,{s['filter']}"): s["exact_match"] for s in theirs}
    assert expected.items() <= {(score.doc_id, score.metric): score.value for score in result.scores}.items()


def test_one_prefill_gives_mmlus_choices_the_scores_of_lm_evals_four_requests(
    engine_server: Server, tmp_path: Path
) -> None:
    subjects = by_subject()
    for subject, splits in subjects.items():
        files = {split: tmp_path / f"{subject}_{split}.jsonl" for split in splits}
        for split, rows in splits.items():
            files[split].write_text("".join(json.dumps(row) + "\n" for row in rows))
        define(tmp_path, f"here_{subject}", STOCK / "mmlu" / "default" / f"mmlu_{subject}.yaml", files)
    names = ",".join(f"here_{subject}" for subject in subjects)
    theirs = lm_eval_samples(engine_server, tmp_path, names, "--num_fewshot", "5", "--limit", "12")
    result, answers = ours("demo-mmlu", engine_server)
    assert (len(theirs), len(result.scores)) == (96, 300)
    assert result.notes["one_prefill"] == "300"
    scores = {(score.task, score.doc_id): score.value for score in result.scores}
    for sample in theirs:
        key = (sample["file"].removeprefix("samples_here_").rpartition("_")[0], sample["doc_id"])
        item = (f"mmlu_{key[0]}", key[1])
        assert scores[item] == sample["acc"]
        assert answers[item].log_probabilities == pytest.approx(likelihoods(sample["resps"]), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["demo", "demo-mmlu"])
def test_the_engines_agree_on_every_greedy_answer(suite: str) -> None:
    if {("sglang", suite), ("hf", suite)} - SEEN.keys():
        pytest.skip("the tests that ask both engines did not run before this one")
    sglang, hf = SEEN[("sglang", suite)], SEEN[("hf", suite)]
    assert len(hf) == 300
    assert {key: answer.text for key, answer in sglang.items()} == {key: answer.text for key, answer in hf.items()}
    for key, answer in hf.items():
        if answer.log_probabilities is not None:
            assert sglang[key].log_probabilities == pytest.approx(answer.log_probabilities, abs=1e-4)


def likelihoods(responses: Sequence[Any]) -> list[float]:
    return [float(response[0][0]) for response in responses]


def by_subject() -> dict[str, dict[str, list[dict[str, Any]]]]:
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for split in ("dev", "test"):
        for line in (DEMO_DATA / "mmlu" / f"{split}.jsonl").read_text().splitlines():
            row = json.loads(line)
            found.setdefault(row["subject"], {"dev": [], "test": []})[split].append(row)
    return found
