"""`python -m evals duel --candidate URL --baseline URL`: which of two running servers is faster?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from evals.duel.contenders import Address, Contender, DuelObserver
from evals.duel.judging import judge_duel
from evals.duel.results import Pass, ServingResult
from evals.duel.running import run_duel
from evals.duel.settings import SERVING, ServingSettings, serving_settings
from evals.duel.words import at_level
from evals.errors import InvalidSubmissionError
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict
from evals.server_addresses import check_server_address
from evals.spec import Workload

NEITHER_RESTS = "neither server rested while the other was measured; their hardware is not known"

_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1}
_DEFAULTS = ServingSettings()
_OPTIONS: tuple[tuple[str, type, str], ...] = (
    ("concurrency", str, 'levels of requests in flight: 8, or "1,8,32"'),
    ("rate", float, "requests/s instead, as a Poisson process has them"),
    ("requests", int, "of each pass"),
    ("input_len", str, "tokens: 256, 128:512 or lognormal:MEDIAN:SIGMA[:MOST]"),
    ("output_len", str, "tokens, in the same forms"),
    ("shared_prefix_len", int, "tokens of the input that others share"),
    ("prefix_groups", int, "how many such prefixes there are"),
    ("min_rounds", int, "rounds before the first look"),
    ("max_rounds", int, "rounds before the last look"),
    ("max_warmups", int, "warm-up passes of each side that may go by until it is stable"),
    ("launch_spread", float, "how much two launches of one engine differ, as a share; it widens the intervals"),
    ("processes", int, "of the client"),
    ("stall", float, "seconds between two bytes of an answer"),
    ("seed", int, "of lengths, inputs and order"),
)


@dataclass(frozen=True, kw_only=True)
class _Named:
    base_url: str
    served_model: str
    api_key: str | None = field(repr=False)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what a duel can be told."""
    parser.add_argument("--candidate", metavar="URL", required=True, help="the server under test")
    parser.add_argument("--baseline", metavar="URL", required=True, help="the server it is held against")
    parser.add_argument("--model", default="default", help="the model name that the servers expect")
    parser.add_argument("--api-key", help="sent as Bearer token, stored nowhere")
    parser.add_argument(
        "--tokenizer", metavar="DIR", type=Path, help="the model's folder, for inputs of its vocabulary"
    )
    parser.add_argument("--margin", type=float, default=0.05, help="how much slower the candidate may be, as a share")
    parser.add_argument("--goodput", nargs="+", default=[], metavar="NAME:MS", help="limits, as in ttft:200 itl:50")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the whole result there")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="write each pass's raw times into this folder")
    for name, kind, words in _OPTIONS:
        default = getattr(_DEFAULTS, name)
        said = words if default is None else f"{words} (by default {default})"
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=said)


def run(arguments: argparse.Namespace) -> int:
    """Run the duel and print its table; return 0 for a pass, 1 for a fail and 2 for anything else."""
    workload = workload_of(arguments)
    _check_places(arguments)
    settings = serving_settings(workload)
    outcome = run_duel(
        settings,
        _contender(arguments, arguments.candidate),
        _contender(arguments, arguments.baseline),
        DuelObserver(on_pass=_keeper(arguments.keep), on_progress=_show),
        margin=workload.margin,
    )
    print(file=sys.stderr)
    outcome = replace(outcome, notes=(*outcome.notes, NEITHER_RESTS))
    result = judge_duel(workload, settings, outcome, reproduce="")
    if arguments.json is not None:
        arguments.json.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    print(text_of(result))
    return _STATUS.get(result.verdict, 2)


def workload_of(arguments: argparse.Namespace) -> Workload:
    """Return the serving workload that the command line asks for; raises InvalidSubmissionError."""
    named = {name: getattr(arguments, name) for name, _, _ in _OPTIONS}
    options = {name: value for name, value in named.items() if value is not None}
    options["limits"] = " ".join(arguments.goodput)
    if not 0 < arguments.margin < 1:
        raise InvalidSubmissionError(f"a margin of {arguments.margin} is no share", remedy="--margin 0.05")
    return Workload(name=SERVING, benchmark=SERVING, metric=SERVING, margin=arguments.margin, options=options)


def text_of(result: ServingResult) -> str:
    """Return a result as lines for a terminal."""
    lines = [f"{result.verdict.upper()}: {result.headline}", ""]
    for ratio in result.ratios:
        if ratio.value is None and not ratio.decides:
            continue
        sides = " / ".join("–" if side is None else f"{side:,.2f}" for side in (ratio.candidate, ratio.baseline))
        interval = "" if ratio.low is None else f" [{ratio.low:.3f}, {ratio.high:.3f}]"
        value = "–" if ratio.value is None else f"{ratio.value:.3f}"
        name = f"{SERVING_METRICS[ratio.name].title} at {at_level(ratio.level)}"
        said = f"  {ratio.verdict} (limit {ratio.limit:g})" if ratio.verdict is not None else ""
        if ratio.bootstrap_low is not None:
            said += f"  bootstrap [{ratio.bootstrap_low:.3f}, {ratio.bootstrap_high:.3f}]"
        lines.append(f"{name:48} {sides:>24}  {value}{interval}{said}")
    lines += ["", f"stopped: {result.stopped}", *(f"{name}: {fact}" for name, fact in result.facts.items())]
    lines += [f"note: {note}" for note in result.notes]
    return "\n".join(lines)


def _check_places(arguments: argparse.Namespace) -> None:
    for url in (arguments.candidate, arguments.baseline):
        check_server_address(url, field="base_url")
    for place, is_there in ((arguments.json, _has_folder), (arguments.keep, Path.is_dir)):
        if place is not None and not is_there(place):
            raise InvalidSubmissionError(f"there is no folder for {place}", remedy="make it, or name another one")


def _has_folder(file: Path) -> bool:
    return file.absolute().parent.is_dir()


def _contender(arguments: argparse.Namespace, url: str) -> Contender:
    @contextmanager
    def measured(_: float) -> Iterator[Address]:
        yield _Named(base_url=url.rstrip("/"), served_model=arguments.model, api_key=arguments.api_key)

    return Contender(measured=measured, tokenizer=arguments.tokenizer)


def _keeper(folder: Path | None) -> Any:
    def keep(done: Pass, raw: bytes) -> None:
        if folder is not None:
            (folder / f"round{done.round:+d}-{done.level}-{done.side}.json").write_bytes(raw)

    return keep


def _show(done: int, total: int) -> None:
    print(f"\r{done} of at most {total} passes", end="", file=sys.stderr, flush=True)
