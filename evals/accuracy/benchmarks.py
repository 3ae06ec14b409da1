"""Load a workload's benchmark: run here where its definition allows it, by lm-eval itself otherwise."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from evals.accuracy.benchmark import Benchmark
from evals.accuracy.datasets import find_dataset
from evals.accuracy.definitions import OWN_TASKS, direct_definitions, require_known
from evals.accuracy.direct import DirectBenchmark
from evals.accuracy.direct_rules import why_not_direct
from evals.accuracy.settings_rules import check_settings
from evals.errors import InvalidSubmissionError
from evals.sgl_eval.benchmarks import is_sgl_eval
from evals.spec import Workload
from evals.workload_kinds import has_items


def load_benchmark(workload: Workload, *, data_folder: Path | None) -> Benchmark:
    """Return a workload's benchmark with its items found and checked.

    Raises InvalidSubmissionError for an unknown benchmark or settings it cannot have, DatasetError with the remedy
    when its items are missing or damaged.
    """
    check_settings(workload)
    if not has_items(workload.benchmark):
        raise InvalidSubmissionError(
            f"{workload.benchmark} has no dataset to load", remedy="choose an accuracy benchmark", field="benchmark"
        )
    if is_sgl_eval(workload.benchmark):
        raise InvalidSubmissionError(
            f"{workload.benchmark} runs in sgl-eval's own process, which only a worker starts",
            remedy="submit it to the service (plumbline submit --benchmark ...), or run sgl-eval itself",
            field="benchmark",
        )
    definitions = direct_definitions(workload.benchmark)
    if definitions is not None and not any(why_not_direct(definition) for definition in definitions):
        dataset = find_dataset(workload, definitions, data_folder=data_folder)
        return DirectBenchmark(definitions, workload, dataset, harness_of(definitions[0].place))
    require_known(workload.benchmark)
    from evals.accuracy.lm_eval_tasks import LmEvalBenchmark

    return LmEvalBenchmark(workload)


def harness_of(place: Path) -> str:
    """Say whose definition it is, with the version that decides what it says."""
    if place.is_relative_to(OWN_TASKS):
        return f"plumbline {version('plumbline')}, {place.name}"
    try:
        return f"lm-eval {version('lm_eval')}"
    except PackageNotFoundError:
        return "lm-eval"
