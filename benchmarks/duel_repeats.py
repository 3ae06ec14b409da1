"""How often a serving duel is wrong: SGLang against itself, and against itself with a planted slowdown of a tenth.

`python -m benchmarks.duel_repeats [--repeats 10] [--rounds 12]`, on the demo model. As in a job, both engines are
launched for each duel and rest by turns; each duel has another seed. Equal engines: how many intervals do not hold 1.
Slowed: how many duels fail, and in how many a deciding interval lies wholly on the slower side of 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from db.settings import Settings, settings
from evals.accuracy.datasets import DEMO_DATA
from evals.duel.contenders import Contender, DuelObserver
from evals.duel.judging import judge_duel
from evals.duel.results import GpuUse, ServingResult
from evals.duel.running import run_duel
from evals.duel.settings import serving_settings
from evals.metrics import SERVING_METRICS, Direction
from evals.plan import load_suite
from evals.spec import EngineSpec, ModelSpec
from workers.resting import EngineTree
from workers.server import Server, running

DEMO = DEMO_DATA.parent
SLOWED, MODEL = DEMO / "slowed_llama", DEMO / "demo-llm"
PLAIN = EngineSpec(kind="sglang", dtype="float32")
MARGIN = 0.05
KINDS = {
    "equal": PLAIN,
    "a tenth slower": replace(PLAIN, external_package=str(SLOWED), architectures=("SlowedLlama",)),
}


def main() -> int:
    """Print a line of JSON for each duel and one for each kind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.duel_repeats", description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--kind", choices=KINDS, action="append", help="one kind alone")
    parser.add_argument("--rounds", type=int, default=12, help="at most so many")
    told = parser.parse_args()
    for kind in told.kind or KINDS:
        results = []
        for result in duels(KINDS[kind], told.repeats, told.rounds):
            results.append(result)
            print(json.dumps({"kind": kind, **_told(result)}), flush=True)
        print(json.dumps({"kind": kind, **_summary(results)}), flush=True)
    return 0


def duels(candidate: EngineSpec, repeats: int, rounds: int) -> Iterator[ServingResult]:
    """Yield the result of each duel of a candidate with plain SGLang."""
    (workload,) = load_suite("demo-serving")
    for number in range(repeats):
        options = {**workload.options, "max_rounds": rounds, "seed": 100 + number}
        asked = replace(workload, margin=MARGIN, options=options)
        chosen = serving_settings(asked)
        with _resting(candidate, "candidate") as ours, _resting(PLAIN, "baseline") as theirs:
            outcome = run_duel(chosen, ours, theirs, _observer(), margin=asked.margin)
        yield judge_duel(asked, chosen, outcome)


@contextmanager
def _resting(engine: EngineSpec, side: str) -> Iterator[Contender]:
    permitted = Settings(home=settings().home, external_code_roots=str(DEMO))
    model = ModelSpec(path=str(MODEL))
    with running(engine, model, settings=permitted, job_id="duel-repeats", side=side) as server:
        if server.pid is None:
            raise RuntimeError("a launched engine has a process")
        tree = EngineTree(server.pid)
        tree.rest()
        try:
            yield Contender(measured=partial(_awake, server, tree), tokenizer=MODEL)
        finally:
            tree.wake()


@contextmanager
def _awake(server: Server, tree: EngineTree, where: float) -> Iterator[Server]:
    tree.wake(where)
    try:
        yield server
    finally:
        tree.rest()


def _observer() -> DuelObserver:
    return DuelObserver(
        on_pass=lambda *_: None, on_progress=lambda *_: None, check=lambda: None, watch=lambda: nullcontext(_no_gpus)
    )


def _no_gpus() -> tuple[GpuUse, ...]:
    return ()


def _told(result: ServingResult) -> dict[str, Any]:
    deciding = [ratio for ratio in result.ratios if ratio.decides]
    ratios = {ratio.name: [ratio.value, ratio.low, ratio.high, ratio.confidence] for ratio in deciding}
    spoiled = sum(bool(one.spoiled) for one in result.passes)
    rounds = max((len(ratio.rounds) for ratio in deciding), default=0)
    return {
        "verdict": result.verdict,
        "ratios": ratios,
        "rounds": rounds,
        "spoiled": spoiled,
        "stopped": result.stopped,
    }


def _summary(results: Sequence[ServingResult]) -> dict[str, Any]:
    verdicts = [str(result.verdict) for result in results]
    without_one = {
        name: sum(not _holds_one(result, name) for result in results)
        for name in {ratio.name for result in results for ratio in result.ratios if ratio.decides}
    }
    return {
        "duels": len(results),
        "verdicts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
        "intervals_without_1": without_one,
        "found_slower": sum(_is_slower(result) for result in results),
    }


def _is_slower(result: ServingResult) -> bool:
    """Tell whether a deciding interval lies wholly above 1 (a latency) or below it (a rate)."""
    for ratio in result.ratios:
        if ratio.decides and ratio.low is not None and ratio.high is not None:
            falls = SERVING_METRICS[ratio.name].direction is Direction.LOWER
            if ratio.low > 1 if falls else ratio.high < 1:
                return True
    return False


def _holds_one(result: ServingResult, name: str) -> bool:
    found = [ratio for ratio in result.ratios if ratio.name == name and ratio.decides]
    return all(ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high for ratio in found)


if __name__ == "__main__":
    sys.exit(main())
