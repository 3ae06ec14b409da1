"""Run one workload against any running server: `python -m evals gsm8k --base-url http://127.0.0.1:30000`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from evals.accuracy.benchmarks import load_task
from evals.accuracy.datasets import find_dataset
from evals.accuracy.harness import Observer, Progress, run_accuracy
from evals.client import EngineClient
from evals.errors import PlumblineError
from evals.plan import load_suite, suite_names
from evals.result import Score
from evals.spec import Workload


def main() -> int:
    """Run what the command line asks for and print the scores as JSON; return 2 after a clear error."""
    arguments = _parser().parse_args()
    try:
        workload = _chosen(arguments)
        print(json.dumps(_summary(_run(workload, arguments)), indent=2))
    except PlumblineError as error:
        print(f"error: {error.message}\n  to mend it: {error.remedy}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals", description="Run one workload against a running server.")
    parser.add_argument("suite", help=f"a suite: {', '.join(suite_names())}")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", default="default", help="the model name the server expects")
    parser.add_argument("--workload", help="which of the suite's workloads; the first by default")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--concurrency", type=int)
    parser.add_argument("--data", type=Path, help="folder with local benchmark data")
    return parser


def _chosen(arguments: argparse.Namespace) -> Workload:
    workloads = {workload.name: workload for workload in load_suite(arguments.suite)}
    workload = workloads[arguments.workload] if arguments.workload else next(iter(workloads.values()))
    changes = {name: getattr(arguments, name) for name in ("limit", "concurrency") if getattr(arguments, name)}
    return replace(workload, **changes)


def _run(workload: Workload, arguments: argparse.Namespace) -> list[Score]:
    task = load_task(workload, find_dataset(workload, data_folder=arguments.data))
    observer = Observer(on_response=lambda question, response: None, on_progress=_show, check=lambda: None)
    result = run_accuracy(
        workload,
        task,
        connect=lambda: EngineClient(
            arguments.base_url, model=arguments.model, concurrency=workload.concurrency, api_key=None
        ),
        answered={},
        observer=observer,
    )
    print(file=sys.stderr)
    return result.scores


def _show(progress: Progress) -> None:
    print(
        f"\r{progress.done} of {progress.total}, {progress.right:g} of {progress.scored} right", end="", file=sys.stderr
    )


def _summary(scores: list[Score]) -> dict[str, dict[str, float | int]]:
    by_metric: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_metric[score.metric].append(score)
    return {
        metric: {
            "value": sum(score.value for score in group) / len(group),
            "n": len(group),
            "unparsed": sum(not score.parsed for score in group),
        }
        for metric, group in by_metric.items()
    }


if __name__ == "__main__":
    sys.exit(main())
