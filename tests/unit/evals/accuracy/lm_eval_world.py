"""Small tasks for lm-eval, with their rows and answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evals.accuracy.lm_eval_tasks import LmEvalBenchmark

ROWS = [
    {"q": f"question {n}?", "options": ["red", "green", "deep blue"], "label": n % 3, "gold": str(n)} for n in range(5)
]
CHOICE = {
    "output_type": "multiple_choice", "doc_to_text": "{{q}}\nAnswer:", "doc_to_choice": "{{options}}",
    "doc_to_target": "label", "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
}  # fmt: skip
TEXT = {
    "output_type": "generate_until", "doc_to_text": "{{q}}", "doc_to_target": "{{gold}}",
    "generation_kwargs": {"until": ["\n"], "max_gen_toks": 9}, "metric_list": [{"metric": "exact_match"}],
    "filter_list": [{"name": "number", "filter": [
        {"function": "regex", "regex_pattern": "(\\d+)"},
        {"function": "map", "mapping_dict": {"9": "1"}, "default_value": "[invalid]"},
        {"function": "take_first"},
    ]}],
}  # fmt: skip
Loader = Callable[..., LmEvalBenchmark]


def write(folder: Path, name: str, definition: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {"data_files": {"test": str(file)}, "cache_dir": str(folder / "cache")}
    # A setting that only lm-eval honours, so that it is lm-eval who runs this.
    own = {"task": name, "dataset_path": "json", "dataset_kwargs": data, "test_split": "test", "doc_to_audio": None}
    (folder / f"{name}.yaml").write_text(json.dumps(own | definition))
