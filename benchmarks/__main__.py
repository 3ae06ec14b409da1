"""Run the benchmarks named on the command line, or all: `python -m benchmarks [harness_client] [demo_overhead]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import demo_overhead, harness_client

BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "harness_client": harness_client.measure,
    "demo_overhead": demo_overhead.measure,
}


def main() -> int:
    """Print one JSON object for each benchmark."""
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; the benchmarks are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in chosen:
        print(json.dumps({name: BENCHMARKS[name]()}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
