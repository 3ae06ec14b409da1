"""`python -m evals BENCHMARK --base-url URL`: one workload against any running server."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from evals.accuracy.benchmarks import load_benchmark
from evals.accuracy.harness import Observer, Progress, WorkloadResult, run_accuracy
from evals.client import EngineClient
from evals.defaults import completed
from evals.errors import InvalidSubmissionError
from evals.measure import measure, metric_of, split_metric
from evals.plan import load_suite, suite_names
from evals.repeats import by_item
from evals.result import Score
from evals.sgl_eval.benchmarks import is_sgl_eval
from evals.spec import Api, DataSource, Workload
from evals.tokenizing import tokenizer_file
from evals.workload_kinds import has_items

_SHOW_EVERY_S = 0.2
_SETTINGS: dict[str, Callable[[str], Any]] = {
    "metric": str, "limit": int, "concurrency": int, "few_shot": int, "max_tokens": int, "temperature": float,
    "top_p": float, "top_k": int, "min_p": float, "seed": int, "repeats": int, "think_end": str, "revision": str,
    "api": Api, "data_source": DataSource,
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a run can be told."""
    parser.add_argument("name", metavar="BENCHMARK", help=f"a benchmark, or a suite: {', '.join(suite_names())}")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", default="default", help="the model name the server expects")
    parser.add_argument("--workload", help="which of a suite's workloads; the first by default")
    parser.add_argument("--data", type=Path, help="folder with local benchmark data, instead of the hub's")
    parser.add_argument("--tokenizer", type=Path, help="the model's folder, for servers without /tokenize")
    for name, kind in _SETTINGS.items():
        choices = (
            [str(value) for value in kind] if isinstance(kind, type) and issubclass(kind, Api | DataSource) else None
        )
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=f"one of {choices}" if choices else None)


def run(arguments: argparse.Namespace) -> int:
    """Run the workload and print its measurements as JSON."""
    workload = chosen(arguments)
    benchmark = load_benchmark(workload, data_folder=arguments.data)
    result = run_accuracy(
        workload,
        benchmark,
        connect=lambda: EngineClient(arguments.base_url, model=arguments.model, concurrency=workload.concurrency),
        answered={},
        observer=Observer(on_response=lambda asked, response: None, on_progress=_Line().show, check=lambda: None),
        tokenizer=tokenizer_file(arguments.tokenizer) if arguments.tokenizer else None,
    )
    print(file=sys.stderr)
    print(orjson.dumps(summary(result), option=orjson.OPT_INDENT_2).decode())
    return 0


def chosen(arguments: argparse.Namespace) -> Workload:
    """Return the workload that the command line names, with its changes; a benchmark's own settings otherwise."""
    if arguments.name in suite_names():
        suite = [workload for workload in load_suite(arguments.name) if has_items(workload.benchmark)]
        workloads = {workload.name: workload for workload in suite}
        if not workloads:
            raise _without_dataset(arguments.name)
        if arguments.workload and arguments.workload not in workloads:
            raise InvalidSubmissionError(
                f"{arguments.name} has no workload {arguments.workload!r}", remedy=f"it has {', '.join(workloads)}"
            )
        workload = workloads[arguments.workload] if arguments.workload else next(iter(workloads.values()))
    elif not has_items(arguments.name):
        raise _without_dataset(arguments.name)
    elif is_sgl_eval(arguments.name):
        raise InvalidSubmissionError(
            f"{arguments.name} needs sgl-eval's own environment",
            remedy=f"plumbline submit --benchmark {arguments.name}",
        )
    else:
        workload = Workload(name=arguments.name, benchmark=arguments.name, metric="", margin=0.0)
    if arguments.data and workload.data is DataSource.HUB:
        workload = replace(workload, data=DataSource.LOCAL)
    given = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    if "data_source" in given:
        given["data"] = given.pop("data_source")
    return completed(replace(workload, **given))


def _without_dataset(name: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(
        f"{name} has no dataset to ask a server about",
        remedy="compare two servers with `python -m evals parity` or `duel`, or submit it to the service",
    )


class _Line:
    """Show the progress on one line, not oftener than eyes follow."""

    def __init__(self) -> None:
        self._next = 0.0

    def show(self, progress: Progress) -> None:
        if progress.done < progress.total and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SHOW_EVERY_S
        right = f", {progress.right:g} of {progress.scored} right" if progress.scored else ""
        print(f"\r{progress.done} of {progress.total}{right}", end="", file=sys.stderr, flush=True)


def summary(result: WorkloadResult) -> dict[str, Any]:
    """Return each metric's value over n items with its 95 % interval, and what was true of the run.

    unparsed: answers in which nothing was found, of which there are several for each item where it is asked again.
    """
    unparsed = Counter(score.metric for score in result.scores if not score.parsed)
    by_metric: dict[str, list[Score]] = defaultdict(list)
    for score in by_item(result.scores):
        by_metric[score.metric].append(score)
    metrics = {name: _measured(name, group, unparsed.get(name)) for name, group in by_metric.items()}
    return {"metrics": metrics, "facts": result.facts, "notes": result.notes}


def _measured(name: str, scores: list[Score], unparsed: int | None) -> dict[str, Any]:
    metric, filter_ = split_metric(name)
    found = measure(scores, metric_of(metric, scores), filter_)
    if found is None:
        return {"value": None, "n": 0}
    values = {field: getattr(found, field) for field in ("value", "n", "low", "high", "unparsed")}
    return values if unparsed is None else values | {"unparsed": unparsed}
