"""`python -m evals BENCHMARK --base-url URL` runs a workload; `python -m evals score BENCHMARK ...` judges answers."""

from __future__ import annotations

import argparse
import sys

from evals.errors import PlumblineError


def main() -> int:
    """Do what the command line asks for; return 2 after a clear error."""
    try:
        return _score() if sys.argv[1:2] == ["score"] else _run()
    except PlumblineError as error:
        print(f"error: {error.message}\n  to mend it: {error.remedy}", file=sys.stderr)
        return 2


def _run() -> int:
    from evals.command import run

    parser = argparse.ArgumentParser(
        prog="python -m evals",
        description="Run one workload against a running server.",
        epilog="python -m evals score --help tells how stored answers are scored.",
    )
    run.add_arguments(parser)
    return run.run(parser.parse_args())


def _score() -> int:
    from evals.command import score

    parser = argparse.ArgumentParser(prog="python -m evals score", description="Score answers that a file holds.")
    score.add_arguments(parser)
    return score.run(parser.parse_args(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
