"""`python -m evals`: BENCHMARK --base-url URL runs a workload, `score` judges answers, `parity` compares servers,
`compare` holds two files of scores together.

`serving` loads a server and measures its latencies and throughput, `duel` holds two servers against each other in that,
`saturation` finds the highest request rate at which a server keeps latency limits.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from importlib import import_module

from evals.errors import PlumblineError

COMMANDS = {
    "score": "Score answers that a file holds.",
    "compare": "Hold two files of scores together.",
    "parity": "Is it the same model on two servers?",
    "serving": "Load a server and measure it.",
    "duel": "Which of two servers is faster?",
    "saturation": "Find a server's highest rate.",
}
"""Modules of `evals.command`, each with `add_arguments` and `run`; loaded when asked for, because some are slow."""


def main() -> int:
    """Do what the command line asks for; return 2 after any error."""
    try:
        name = "".join(sys.argv[1:2])
        return _command(name) if name in COMMANDS else _run()
    except PlumblineError as error:
        print(f"error: {error.message}\n  to mend it: {error.remedy}", file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001  # 1, Python's own status, would say that a comparison failed
        traceback.print_exc()
        print(f"error: {type(error).__name__}, which nobody expected: please report it", file=sys.stderr)
        return 2


def _command(name: str) -> int:
    command = import_module(f"evals.command.{name}")
    parser = argparse.ArgumentParser(prog=f"python -m evals {name}", description=COMMANDS[name])
    command.add_arguments(parser)
    status: int = command.run(parser.parse_args(sys.argv[2:]))
    return status


def _run() -> int:
    from evals.command import run

    parser = argparse.ArgumentParser(
        prog="python -m evals",
        description="Run one workload against a running server.",
        epilog="python -m evals score --help tells how stored answers are scored, python -m evals parity --help how "
        "two servers are compared position by position.",
    )
    run.add_arguments(parser)
    return run.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
