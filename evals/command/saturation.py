"""`python -m evals saturation --base-url URL --goodput ttft:200`: the highest rate at which a server keeps limits."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from evals.command.serving import add_contents, add_sending, add_server, load_of
from evals.errors import InvalidSubmissionError
from evals.serving.goodput import Limits, parse_limits
from evals.serving.load import Load, check_load
from evals.serving.passes import run_pass
from evals.serving.probe import probe
from evals.serving.saturation import MOST_STEPS, PRECISION, Saturation, Step, Trial, find_saturation
from evals.serving.steps import SHARE, STEP_S, Measured, measured, step_load
from evals.serving.storing import load_as_json, write
from evals.serving.summary import Summary, summarise

FORMAT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a search can be told."""
    add_server(parser)
    parser.add_argument("--json", type=Path, help="write every step with its figures to this file")
    parser.add_argument("--goodput", nargs="+", required=True, metavar="NAME:MS", help="limits, as in ttft:200 itl:50")
    parser.add_argument("--share", type=float, default=SHARE, help="of the requests that must be within all limits")
    parser.add_argument("--precision", type=float, default=PRECISION, help="of the rate, as a share")
    parser.add_argument("--start", type=float, metavar="RATE", help="the first rate; else a closed loop's")
    parser.add_argument("--most-steps", type=int, default=MOST_STEPS, help="after which the search is given up")
    group = parser.add_argument_group("each step")
    group.add_argument("--requests", type=int, default=100, help="at least, in each step")
    group.add_argument("--step-seconds", type=float, default=STEP_S, help="for which a rate is offered at least")
    group.add_argument("--concurrency", type=int, default=32, help="of the closed loop that estimates the capacity")
    add_sending(group)
    add_contents(parser.add_argument_group("what is asked"))
    parser.set_defaults(rate=None, poisson=False, trace=None, trace_speed=1.0)


def run(arguments: argparse.Namespace) -> int:
    """Search, print each step on stderr and what was found as JSON; return 0 when there is a rate, else 1."""
    limits = _checked(arguments)
    load = probe(check_load(load_of(arguments))).load
    estimate = None if arguments.start else _estimate(load)
    steps = _Steps(load, limits, arguments)
    found = find_saturation(
        steps,
        arguments.start or _capacity(estimate),
        seed=arguments.seed,
        precision=arguments.precision,
        most_steps=arguments.most_steps,
    )
    said = _said(found, limits, arguments.share)
    if arguments.json is not None:
        write(arguments.json, {"format": FORMAT, **said, **steps.as_json(found), "estimate": estimate})
    print(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    return 0 if found.rate is not None else 1


class _Steps:
    """Put rates to the server, and keep what each pass amounts to."""

    def __init__(self, load: Load, limits: Limits, arguments: argparse.Namespace) -> None:
        self._load, self._limits, self._arguments = load, limits, arguments
        self._seen: list[tuple[Measured, Summary]] = []
        self._loads: list[dict[str, Any]] = []

    def __call__(self, rate: float, seed: int) -> Trial:
        load = step_load(self._load, rate, seed, step_s=self._arguments.step_seconds)
        done = run_pass(load)
        summary = summarise(done, self._limits)
        judged = measured(load, summary, self._limits, share=self._arguments.share)
        self._seen.append((judged, summary))
        self._loads.append(load_as_json(done))
        print(line_of(judged), file=sys.stderr, flush=True)
        return judged.trial

    def as_json(self, found: Saturation) -> dict[str, Any]:
        """Return all steps, each with its load and its pass's summary."""
        rows = zip(found.steps, self._seen, self._loads, strict=True)
        return {"steps": [_row(step, judged, summary, load) for step, (judged, summary), load in rows]}


def line_of(judged: Measured) -> str:
    """Return a step as a line for a terminal."""
    word = {True: "holds", False: "does not hold", None: "is no evidence"}[judged.trial.holds]
    share = "–" if judged.share is None else f"{judged.share:.1%}"
    achieved = "–" if judged.achieved_per_s is None else f"{judged.achieved_per_s:.2f}"
    why = "".join(f"; {reason}" for reason in judged.trial.reasons)
    return f"{judged.offered_per_s:9.2f} requests/s {word}: {share} within the limits, {achieved}/s answered{why}"


def _checked(arguments: argparse.Namespace) -> dict[str, float]:
    limits = parse_limits(arguments.goodput)
    wrong = [
        (not 0 < arguments.share <= 1, "--share is a share of the requests", "--share 0.99"),
        (not 0.001 <= arguments.precision < 1, "--precision is a share of the rate", "--precision 0.05"),
        (not arguments.step_seconds > 0, "a step takes time", "--step-seconds 20"),
        (arguments.start is not None and not arguments.start > 0, "a rate is above zero", "--start 10"),
        (arguments.most_steps < 1, "a search needs steps", f"--most-steps {MOST_STEPS}"),
        (
            arguments.json is not None and not arguments.json.absolute().parent.is_dir(),
            "there is no folder for the file",
            "make it, or name another file",
        ),
    ]
    for is_wrong, message, remedy in wrong:
        if is_wrong:
            raise InvalidSubmissionError(message, remedy=remedy)
    return limits


def _estimate(load: Load) -> dict[str, Any]:
    """Run a closed loop, which also warms the server up, and return what it came to."""
    places = load.concurrency or 1
    summary = summarise(run_pass(replace(load, requests=max(load.requests, 4 * places))), {})
    return {"concurrency": places, "summary": asdict(summary)}


def _capacity(estimate: dict[str, Any] | None) -> float:
    assert estimate is not None
    summary = estimate["summary"]
    rates = [(summary[window] or {}).get("requests_per_s") for window in ("steady", "whole")]
    rate = next((one["value"] for one in rates if one is not None and one["value"] > 0), None)
    if rate is None:
        raise InvalidSubmissionError(
            "a closed loop got no whole answer", remedy="look at the server, or give --start RATE and longer --timeout"
        )
    print(f"a closed loop of {estimate['concurrency']} does {rate:.2f} requests/s", file=sys.stderr, flush=True)
    return float(rate)


def _said(found: Saturation, limits: Limits, share: float) -> dict[str, Any]:
    said = {name: value for name, value in asdict(found).items() if name != "steps"}
    return {"limits": dict(limits), "share": share, **said, "tried": len(found.steps)}


def _row(step: Step, judged: Measured, summary: Summary, load: dict[str, Any]) -> dict[str, Any]:
    return {**asdict(step), **asdict(judged), "load": load, "summary": asdict(summary)}
