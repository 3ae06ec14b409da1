"""The harnesses that the client is measured against: where they are, and the words that make them ask the same."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import venv
from collections import defaultdict
from pathlib import Path
from typing import Any

from db.settings import settings
from evals.sgl_eval.errors import HarnessNotInstalledError
from workers.engines.environments import interpreter
from workers.harnesses.environments import require_sgl_eval

LM_EVAL = ("lm-eval[api]==0.4.13", "transformers==5.19.0")
"""With transformers, whose tokenizer its log-likelihood requests need."""

CONCURRENCY = 128
SGL_EVAL_THREADS = 2
"""At which each was quickest against a null server on two cores."""


def lm_eval_python() -> Path:
    """Return the interpreter of lm-eval's own environment below PLUMBLINE_HOME; build it when it is not there."""
    folder = settings().home / "benchmarks" / "lm-eval"
    python = interpreter(folder).absolute()
    if not (folder / "complete").exists():
        print(f"building {folder} ...", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *LM_EVAL], check=True)
        (folder / "complete").touch()
    return python


def lm_eval_command(python: Path, task: str, tasks: Path, *, model: str, limit: int | None = None) -> list[str | Path]:
    """Return the command that runs one of `lm_eval_tasks` on the server at `{port}`."""
    where = f"base_url=http://127.0.0.1:{{port}}/v1/completions,num_concurrent={CONCURRENCY}"
    command: list[str | Path] = [
        python,
        "-m",
        "lm_eval",
        "--model",
        "local-completions",
        "--model_args",
        f"{where},{model}",
    ]
    command += ["--tasks", task, "--include_path", tasks]
    return command if limit is None else [*command, "--limit", str(limit)]


def lm_eval_tasks(python: Path, data: Path, folder: Path) -> None:
    """Write lm-eval's stock gsm8k and mmlu once more as `gsm8k_here` and `mmlu_here`, with local files as data."""
    (stock,) = python.parent.parent.glob("lib/python*/site-packages/lm_eval/tasks")
    train, test = (data / "gsm8k" / name for name in ("train.jsonl", "test.jsonl"))
    gsm8k = {"train": train if train.exists() else train.with_name("train_first64.jsonl"), "test": test}
    _write_task(folder, "gsm8k_here", stock / "gsm8k" / "gsm8k.yaml", gsm8k)
    subjects = []
    for subject, splits in _by_subject(data / "mmlu").items():
        files = {split: folder / f"{subject}_{split}.jsonl" for split in splits}
        for split, rows in splits.items():
            files[split].write_text("".join(json.dumps(row) + "\n" for row in rows))
        subjects.append(f"mmlu_here_{subject}")
        _write_task(folder, subjects[-1], stock / "mmlu" / "default" / f"mmlu_{subject}.yaml", files, num_fewshot=5)
    group = {"group": "mmlu_here", "task": subjects, "aggregate_metric_list": [{"metric": "acc"}]}
    (folder / "mmlu_here.yaml").write_text(json.dumps(group))


def sgl_eval_command(data: Path, folder: Path) -> list[str | Path] | None:
    """Return the command that runs sgl-eval's gsm8k on the server at `{port}`, None when it is not installed."""
    try:
        python = require_sgl_eval(settings()).interpreter
    except HarnessNotInstalledError:
        return None
    items = folder / "sgl_eval_gsm8k.jsonl"
    rows = [json.loads(line) for line in (data / "gsm8k" / "test.jsonl").read_text().rstrip().split("\n")]
    gold = [row["answer"].split("####")[1].strip().replace(",", "") for row in rows]
    lines = [{"problem": row["question"], "expected_answer": int(g)} for row, g in zip(rows, gold, strict=True)]
    items.write_text("".join(json.dumps(line) + "\n" for line in lines))
    command: list[str | Path] = [python.parent / "sgl-eval", "run", "gsm8k", "--model", "m"]
    command += ["--base-url", "http://127.0.0.1:{port}/v1", "--num-threads", str(SGL_EVAL_THREADS)]
    return [*command, "--from-dataset", items, "--out-dir", folder / "sgl_eval"]


def _write_task(folder: Path, name: str, stock: Path, files: dict[str, Path], **settings: int) -> None:
    data = {"data_files": {split: str(path) for split, path in files.items()}}
    task = {"include": str(stock), "task": name, "dataset_path": "json", "dataset_name": None, "dataset_kwargs": data}
    (folder / f"{name}.yaml").write_text(json.dumps(task | settings))


def _by_subject(mmlu: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return each subject's rows by split, in the hub's layout: the answer is a number there."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: {"dev": [], "test": []})
    for split in ("dev", "test"):
        file = min(mmlu.glob(f"{split}.jsonl*"))
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for row in map(json.loads, data.decode().rstrip().split("\n")):
            answer = row["answer"] if isinstance(row["answer"], int) else "ABCD".index(row["answer"])
            found[row["subject"]][split].append({**row, "answer": answer})
    return found
