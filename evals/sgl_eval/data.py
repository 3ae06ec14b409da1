"""The items that sgl-eval is handed: those that lm-eval's benchmark of the same name asks about, checked alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.accuracy.datasets import find_dataset
from evals.accuracy.datasets.published import parts_of
from evals.accuracy.definitions import direct_definitions
from evals.accuracy.settings_rules import check_settings
from evals.errors import InvalidSubmissionError
from evals.spec import Workload

_DEFINITIONS = {
    "sgl-eval/gsm8k": "gsm8k",
    "sgl-eval/mmlu": "mmlu",
    "sgl-eval/mmmu_pro": "mmmu_pro_standard10_direct",
    "sgl-eval/mmmu_pro_vision": "mmmu_pro_vision_direct",
}
"""Whose dataset a benchmark of sgl-eval uses."""

_OF_EXAMPLES = ("worked_examples", "worked_examples_sha256")


@dataclass(frozen=True, kw_only=True)
class Items:
    """The items in their order, and what identifies them."""

    rows: Sequence[Mapping[str, Any]]
    facts: Mapping[str, str]


def load_items(workload: Workload, *, data_folder: Path | None) -> Items:
    """Return the items of one of sgl-eval's benchmarks; raise DatasetError when they are missing or damaged."""
    check_settings(workload)
    definitions = direct_definitions(_DEFINITIONS[workload.benchmark])
    if not definitions:
        raise InvalidSubmissionError(
            f"{workload.benchmark} needs lm-eval's definitions of its dataset, which are not installed here",
            remedy="install the service with its worker extra",
        )
    dataset = find_dataset(workload, definitions, data_folder=data_folder)
    evaluated, _ = parts_of(definitions)
    rows = [row for subset, split in evaluated for row in dataset.rows(subset, split)]
    return Items(rows=rows, facts={name: value for name, value in dataset.facts.items() if name not in _OF_EXAMPLES})
