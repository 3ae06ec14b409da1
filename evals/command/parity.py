"""`python -m evals parity --candidate URL --reference URL`: is it the same model behind two servers?"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from evals.client import EngineClient
from evals.errors import InvalidSubmissionError
from evals.outcome import Verdict
from evals.parity.asking.observing import ParityListener, observe, resolve
from evals.parity.asking.prompts import PromptSet, prompt_set
from evals.parity.asking.serving import Serving, ask_serving
from evals.parity.asking.spelling import speller
from evals.parity.findings import ParityResult
from evals.parity.records import Observation
from evals.parity.settings import PARITY, ParitySettings, parity_settings
from evals.render.parity_text import parity_text
from evals.spec import Workload
from evals.transport.loop import run_loop

_SHOW_EVERY_S = 0.2
_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1}
_ROLES = ("candidate", "reference", "floor", "chunked")
_DTYPES = ("float32", "bfloat16", "float16", "auto")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the comparison can be told."""
    parser.add_argument("--candidate", metavar="URL", required=True, help="the server under test")
    parser.add_argument("--reference", metavar="URL", required=True, help="the server it is held against")
    parser.add_argument("--floor", metavar="URL", help="the reference's engine in the served dtype: the noise floor")
    parser.add_argument("--chunked", metavar="URL", help="the candidate's engine with small prefill chunks")
    parser.add_argument("--tokenizer", metavar="DIR", type=Path, help="the model's folder; else the servers name it")
    parser.add_argument("--images", action="store_true", help="ask prompts with images too")
    parser.add_argument("--no-self-checks", action="store_true", help="do not hold the candidate against itself")
    parser.add_argument("--tolerance", metavar="NATS", type=float, help="how far log-probabilities may differ")
    parser.add_argument("--dtype", choices=_DTYPES, help="the candidate's; else what the servers say")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the whole result there")


def run(arguments: argparse.Namespace) -> int:
    """Ask, judge and print; return 0 for a pass, 1 for a fail and 2 for anything else."""
    settings = _settings(arguments)
    sides = _sides(arguments, settings)
    result = _judged(arguments, settings, sides)
    print(parity_text(result))
    if arguments.json is not None:
        arguments.json.write_bytes(orjson.dumps(_document(result, sides), option=orjson.OPT_INDENT_2))
    return _STATUS.get(result.verdict, 2)


def _judged(arguments: argparse.Namespace, settings: ParitySettings, sides: _Sides) -> ParityResult:
    from evals.parity.judging.dtypes import incomparable, no_reference
    from evals.parity.judging.judge import judge_parity

    observations = {side.role: side.observation for side in sides.observed}
    has_floor = "floor" in observations
    unfit = no_reference(observations["reference"]) if has_floor else ()
    if unfit:
        remedy = "serve the reference in float32, or name the floor's server as the reference and no floor"
        return incomparable(PARITY, tuple(f"of the reference: {reason}; {remedy}" for reason in unfit))
    return judge_parity(
        "parity",
        settings,
        candidate=observations["candidate"],
        baseline=observations["floor" if has_floor else "reference"],
        reference=observations["reference"] if has_floor else None,
        chunked=observations.get("chunked"),
        dtype=arguments.dtype or sides.dtype,
        notes=() if has_floor else ("no second server of the reference's engine was named (--floor)",),
        chunk_notes=() if "chunked" in observations else None,
        spell=speller(sides.folder),
    )


@dataclass(frozen=True, kw_only=True)
class _Side:
    role: str
    url: str
    seconds: float
    observation: Observation


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """Hold what all servers said; folder: the model's, if it is here; dtype: the candidate's as far as it is known."""

    observed: list[_Side]
    folder: Path | None
    dtype: str


def _settings(arguments: argparse.Namespace) -> ParitySettings:
    """Return the settings; raise InvalidSubmissionError for impossible ones."""
    if arguments.tolerance is not None and arguments.floor is not None:
        raise InvalidSubmissionError(
            "--tolerance says how far log-probabilities may differ, and --floor measures it",
            remedy="give one of both",
            field="tolerance",
        )
    options = {
        "images": arguments.images,
        "self_checks": not arguments.no_self_checks,
        "calibrate": arguments.floor is not None,
    }
    if arguments.tolerance is not None:
        options["tolerance"] = arguments.tolerance
    return parity_settings(Workload(name=PARITY, benchmark=PARITY, metric=PARITY, margin=0.0, options=options))


def _sides(arguments: argparse.Namespace, settings: ParitySettings) -> _Sides:
    named = {role: getattr(arguments, role) for role in _ROLES if getattr(arguments, role)}
    servings = {role: _serving(url) for role, url in named.items()}
    folders = [arguments.tokenizer, *(serving.folder for serving in servings.values())]
    folder = next((folder for folder in folders if folder is not None), None)
    prompts = resolve(prompt_set(settings, folder), _to(named["reference"]))
    dtypes = [servings[role].dtype for role in ("candidate", "floor", "reference") if role in servings]
    return _Sides(
        observed=[_observed(role, url, prompts, settings) for role, url in named.items()],
        folder=folder,
        dtype=next((dtype for dtype in dtypes if dtype is not None), "auto"),
    )


def _observed(role: str, url: str, prompts: PromptSet, settings: ParitySettings) -> _Side:
    started = time.perf_counter()
    observation = observe(
        prompts,
        settings,
        connect=_to(url),
        full=role == "candidate",
        known=None,
        hear=ParityListener(on_record=lambda record: None, on_progress=_Line(role).show, check=lambda: None),
    )
    print(file=sys.stderr)
    return _Side(role=role, url=url, seconds=time.perf_counter() - started, observation=observation)


def _to(url: str) -> Callable[[], EngineClient]:
    return lambda: EngineClient(url)


def _serving(url: str) -> Serving:
    async def ask() -> Serving:
        async with EngineClient(url) as client:
            return await ask_serving(client)

    return run_loop(ask())


class _Line:
    """Show how many requests a server has answered, not oftener than eyes follow."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._next = 0.0

    def show(self, done: int, total: int) -> None:
        if done == total or time.monotonic() >= self._next:
            self._next = time.monotonic() + _SHOW_EVERY_S
            print(f"\r{self._role}: {done} of {total}", end="", file=sys.stderr, flush=True)


def _document(result: ParityResult, sides: _Sides) -> dict[str, Any]:
    """Return the JSON form: the result, and what every server said of itself."""
    servers = {
        side.role: {
            "url": side.url,
            "seconds": round(side.seconds, 3),
            "notes": dict(side.observation.notes),
            "left_out": dict(side.observation.left_out),
        }
        for side in sides.observed
    }
    candidate = sides.observed[0].observation
    return {"result": result, "facts": dict(candidate.facts), "dtype": sides.dtype, "servers": servers}
