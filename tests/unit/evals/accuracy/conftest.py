"""Small tasks for lm-eval in a folder of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.accuracy import definitions, lm_eval_loading
from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.lm_eval_tasks import LmEvalBenchmark
from evals.spec import Workload
from tests.unit.evals.accuracy.lm_eval_world import ROWS, Loader, write


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    """Return what writes a definition with its rows and loads it as a benchmark named "here"."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    for module in (definitions, lm_eval_loading):
        monkeypatch.setattr(module, "OWN_TASKS", folder)

    def loaded(
        definition: dict[str, Any], *, rows: list[dict[str, Any]] | None = None, **settings: Any
    ) -> LmEvalBenchmark:
        write(folder, "here", definition, rows if rows is not None else ROWS)
        workload = Workload(name="here", benchmark="here", metric="acc,none", margin=0.02)
        benchmark = load_benchmark(replace(workload, **settings), data_folder=None)
        assert isinstance(benchmark, LmEvalBenchmark)
        return benchmark

    return loaded
