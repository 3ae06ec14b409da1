"""How many items a workload will ask, as far as it is known before a run reads its dataset."""

from __future__ import annotations

from functools import lru_cache

from evals.accuracy.datasets import DEMO_DATA
from evals.accuracy.datasets.catalog import SOURCES, Source
from evals.accuracy.datasets.local import local_rows
from evals.accuracy.datasets.published import Part, parts_of, published_count
from evals.accuracy.definitions import direct_definitions
from evals.errors import PlumblineError
from evals.spec import DataSource, Workload
from evals.workload_kinds import has_items

_READ_QUICKLY = frozenset({"gsm8k", "mmlu"})
"""The folders of the demo's datasets whose files are read in no time; those with pictures take seconds."""


def items_asked(workload: Workload) -> int | None:
    """Return the number of items that a workload asks of each side; None when only the run will know.

    Of hub and local datasets it is the published count, of the demo's that of its files. A limit cuts each task.
    """
    if not has_items(workload.benchmark) or workload.data is DataSource.SUBSET:
        return None
    try:
        sizes = _sizes(workload.benchmark, workload.data is DataSource.DEMO)
    except (PlumblineError, OSError):
        return None
    if sizes is None:
        return None
    total, tasks = sizes
    return total if workload.limit is None else min(total, tasks * workload.limit)


@lru_cache(maxsize=64)
def _sizes(benchmark: str, demo: bool) -> tuple[int, int] | None:
    """Return (items of all tasks, number of tasks) of a benchmark whose dataset is known."""
    definitions = direct_definitions(benchmark)
    if not definitions:
        return None
    source = SOURCES.get(str(definitions[0].config.get("dataset_path")))
    if source is None or (demo and source.folder not in _READ_QUICKLY):
        return None
    parts, _ = parts_of(definitions)
    total = sum(_in_files(source, part) for part in parts) if demo else published_count(source, parts)
    return None if total is None else (total, len(parts))


def _in_files(source: Source, part: Part) -> int:
    return len(local_rows(source, DEMO_DATA, *part))
