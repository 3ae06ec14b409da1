"""Find a benchmark's items before any engine is launched, and prove what they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.errors import DatasetError
from evals.spec import DataSource, Workload

DEMO_DATA = Path(__file__).resolve().parents[2] / "demo" / "data"

_FILES: dict[str, dict[str, str]] = {
    "gsm8k": {"train": "gsm8k/train.jsonl", "test": "gsm8k/test.jsonl"},
}
"""Local layout of a benchmark's splits: lm-eval task to split to file, below the data folder."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Say how lm-eval shall load a benchmark's items, and what identifies them.

    overrides: lm-eval task settings. facts: checksums by split, or the hub's name.
    """

    overrides: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


def find_dataset(workload: Workload, *, data_folder: Path | None) -> Dataset:
    """Return the dataset of a workload; raise DatasetError with the remedy when a file is missing or damaged."""
    if workload.data is DataSource.HUB:
        return Dataset(facts={"source": "hub"})
    folder = DEMO_DATA if workload.data is DataSource.DEMO else data_folder
    if folder is None:
        raise DatasetError(
            f"the workload {workload.name!r} wants local data, but no data folder is configured",
            remedy="set PLUMBLINE_DATA to a folder with the benchmark's files",
        )
    layout = _FILES.get(workload.benchmark)
    if layout is None:
        raise DatasetError(
            f"no local file layout is known for the benchmark {workload.benchmark!r}",
            remedy=f"use data: hub, or one of: {', '.join(sorted(_FILES))}",
        )
    files = {split: _existing(folder / name, workload) for split, name in layout.items()}
    return Dataset(
        overrides={
            "dataset_path": "json",
            "dataset_name": None,
            "dataset_kwargs": {"data_files": {split: str(path) for split, path in files.items()}},
        },
        facts={"source": str(workload.data), **{f"{split}_sha256": _sha256(path) for split, path in files.items()}},
    )


def _existing(path: Path, workload: Workload) -> Path:
    if not path.is_file():
        where = "the repository's demo/data folder" if workload.data is DataSource.DEMO else "PLUMBLINE_DATA"
        raise DatasetError(
            f"the data file {path} of benchmark {workload.benchmark!r} is missing",
            remedy=f"put {path.name} into {path.parent}, below {where}",
            path=str(path),
        )
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
