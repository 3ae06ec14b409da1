"""Run the benchmarks named, or all: `python -m benchmarks [NAME ...] [--data FOLDER] [--rounds N]`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import client, demo_overhead, planted_faults, real_engine, serving_null, serving_peers
from benchmarks.dashboard_load import measure as dashboard_load

BENCHMARKS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "client": lambda chosen: client.measure(chosen.data, chosen.rounds),
    "real_engine": lambda chosen: real_engine.measure(chosen.rounds),
    "demo_overhead": lambda chosen: demo_overhead.measure(),
    "planted_faults": lambda chosen: planted_faults.measure(),
    "dashboard_load": lambda chosen: dashboard_load.measure(
        runs=chosen.runs,
        lineages=chosen.lineages,
        samples=chosen.samples,
        readers=chosen.readers,
        seconds=chosen.seconds,
        keep=chosen.keep,
        explain=chosen.explain,
    ),
    "serving_null": lambda chosen: serving_null.measure(chosen.rounds, more=chosen.peers),
}
BY_DEFAULT = [name for name in BENCHMARKS if name != "dashboard_load"]
"""The benchmarks that run when none is named; the dashboard's takes an hour and 20 GB at its full size."""

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> int:
    """Print one JSON object for each benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Plumbline itself.")
    names = f"of {', '.join(BENCHMARKS)}; by default all but dashboard_load"
    parser.add_argument("names", nargs="*", metavar="NAME", help=names)
    parser.add_argument("--data", type=Path, help="folder with GSM8K and MMLU at full size; else PLUMBLINE_TEST_DATA's")
    parser.add_argument("--rounds", type=int, default=3, help="how often the clients take turns")
    parser.add_argument(
        "--peers",
        type=lambda text: [word for word in text.split(",") if word],
        default=[],
        help=f"further load generators for serving_null, of {','.join(serving_peers.VERSIONS)}; installed on demand",
    )
    _add_sizes(parser)
    chosen = parser.parse_args()
    if strangers := set(chosen.peers) - set(serving_peers.VERSIONS):
        parser.error(f"unknown peers: {', '.join(sorted(strangers))}")
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; the benchmarks are: {', '.join(BENCHMARKS)}")
    chosen.data = (chosen.data or Path(os.environ.get("PLUMBLINE_TEST_DATA", SHARED_DATA))).absolute()
    for name in chosen.names or BY_DEFAULT:
        print(json.dumps({name: BENCHMARKS[name](chosen)}, indent=2, ensure_ascii=False))
    return 0


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    """Add what dashboard_load alone heeds."""
    for name, default, words in (
        ("runs", 2_000, "runs in the store"),
        ("lineages", 200, "lineages of candidates in the store"),
        ("samples", 20_000_000, "samples in the store, of both sides; the newest runs keep theirs"),
        ("readers", 20, "readers at once"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"dashboard_load: {words}")
    parser.add_argument("--seconds", type=float, default=60, help="dashboard_load: how long readers read, each time")
    parser.add_argument("--keep", type=Path, help="dashboard_load: folder that keeps the store for further calls")
    parser.add_argument("--explain", type=Path, help="dashboard_load: file for the plans of the main queries")


if __name__ == "__main__":
    sys.exit(main())
