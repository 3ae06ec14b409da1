"""`python -m evals`: BENCHMARK --base-url URL runs a workload, `score` judges answers, `parity` compares servers.

`serving` loads a server and measures its latencies and throughput, `duel` holds two servers against each other in that,
`saturation` finds the highest request rate at which a server keeps latency limits.
"""

from __future__ import annotations

import argparse
import sys

from evals.errors import PlumblineError


def main() -> int:
    """Do what the command line asks for; return 2 after a clear error."""
    try:
        commands = {"score": _score, "parity": _parity, "serving": _serving, "duel": _duel, "saturation": _saturation}
        return commands.get("".join(sys.argv[1:2]), _run)()
    except PlumblineError as error:
        print(f"error: {error.message}\n  to mend it: {error.remedy}", file=sys.stderr)
        return 2


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


def _score() -> int:
    from evals.command import score

    parser = argparse.ArgumentParser(prog="python -m evals score", description="Score answers that a file holds.")
    score.add_arguments(parser)
    return score.run(parser.parse_args(sys.argv[2:]))


def _parity() -> int:
    from evals.command import parity

    parser = argparse.ArgumentParser(prog="python -m evals parity", description="Is it the same model on two servers?")
    parity.add_arguments(parser)
    return parity.run(parser.parse_args(sys.argv[2:]))


def _serving() -> int:
    from evals.command import serving

    parser = argparse.ArgumentParser(prog="python -m evals serving", description="Load a server and measure it.")
    serving.add_arguments(parser)
    return serving.run(parser.parse_args(sys.argv[2:]))


def _duel() -> int:
    from evals.command import duel

    parser = argparse.ArgumentParser(prog="python -m evals duel", description="Which of two servers is faster?")
    duel.add_arguments(parser)
    return duel.run(parser.parse_args(sys.argv[2:]))


def _saturation() -> int:
    from evals.command import saturation

    parser = argparse.ArgumentParser(prog="python -m evals saturation", description="Find a server's highest rate.")
    saturation.add_arguments(parser)
    return saturation.run(parser.parse_args(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
