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

BENCHMARKS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "client": lambda chosen: client.measure(chosen.data, chosen.rounds),
    "real_engine": lambda chosen: real_engine.measure(chosen.rounds),
    "demo_overhead": lambda chosen: demo_overhead.measure(),
    "planted_faults": lambda chosen: planted_faults.measure(),
    "serving_null": lambda chosen: serving_null.measure(chosen.rounds, more=chosen.peers),
}
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def main() -> int:
    """Print one JSON object for each benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Plumbline itself.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--data", type=Path, help="folder with GSM8K and MMLU at full size; else PLUMBLINE_TEST_DATA's")
    parser.add_argument("--rounds", type=int, default=3, help="how often the clients take turns")
    parser.add_argument(
        "--peers",
        type=lambda text: [word for word in text.split(",") if word],
        default=[],
        help=f"further load generators for serving_null, of {','.join(serving_peers.VERSIONS)}; installed on demand",
    )
    chosen = parser.parse_args()
    if strangers := set(chosen.peers) - set(serving_peers.VERSIONS):
        parser.error(f"unknown peers: {', '.join(sorted(strangers))}")
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; the benchmarks are: {', '.join(BENCHMARKS)}")
    chosen.data = (chosen.data or Path(os.environ.get("PLUMBLINE_TEST_DATA", SHARED_DATA))).absolute()
    for name in chosen.names or BENCHMARKS:
        print(json.dumps({name: BENCHMARKS[name](chosen)}, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
