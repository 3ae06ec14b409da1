"""How often the judge of parity is wrong: `python -m benchmarks.parity_judge [--runs N]`.

Errors are drawn as they were seen between two attention implementations of transformers in bfloat16, and in float32, on
the demo model: log-normal with long tails, of a scale that both sides share at a position and in a prompt, and a
smaller one of each side's own. Those of greedy tokens as on an H100: few tokens a prompt, and scales evenly spread over
the logarithms of six orders of magnitude. Of a correct model both sides' errors come from the same distribution.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.parity_faults import Fault, behind, everywhere, in_group, in_one_prompt
from evals.outcome import Verdict
from evals.parity.judging.calibrated import against_floor
from evals.parity.judging.fixed import within
from evals.parity.judging.positions import Positions
from evals.parity.judging.severity import worst_of

FACTOR = 3.0
TOLERANCE = 1e-4
LENGTHS = {
    "classic": (8, 13, 13),
    "language": tuple(range(78, 238, 10)),
    "code": (190, 78, 137, 96, 74, 104),
    "digits": (112, 84, 69, 110, 64),
    "unicode": (143, 69, 79, 29, 57, 109, 8),
    "few-shot": (98, 312, 147, 132),
    "length": (2, 3, 5, 8, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 257, 511, 512, 513, 1025, 2049),
    "chat": (20, 45, 141, 101, 175, 36, 296),
    "special": (79, 24, 24, 96),
}
"""Tokens of the prompts by kind, as in the prompt set."""


DECODED, COMMON, SAME = 32, 18, 0.8
"""Of greedy tokens: how many are decoded, how many sides have in common (the mean of a geometric distribution), and how
often a token is as sure as its neighbour."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Say how errors spread, as standard deviations of logarithms.

    prompt, position: what both sides share; own_prompt: what each side has of its own in a prompt. tail: degrees of
    freedom of Student's t; fewer mean longer tails. scale: the typical error (nats). sure: for greedy tokens alone, how
    far below it (as a logarithm) the errors of the surest tokens are; neighbours are alike.
    """

    prompt: float = 0.45
    position: float = 1.2
    own_prompt: float = 0.2
    tail: float = 3.0
    scale: float = 0.02
    sure: float | None = None


def draw(shape: Shape, rng: np.random.Generator) -> Positions:
    """Return the positions of one run of a correct model with its floor."""
    names = [f"{kind}/{index}" for kind, lengths in LENGTHS.items() for index in range(len(lengths))]
    sizes = _sizes(shape, rng)
    owner = np.repeat(np.arange(len(names)), sizes)
    if shape.sure is None:
        shared = rng.normal(0, shape.prompt, len(names))[owner] + rng.normal(0, shape.position, len(owner))
    else:
        shared = -shape.sure * _sureness(len(owner), rng)
    ours, floor = (
        shape.scale
        * np.exp(shared + rng.normal(0, shape.own_prompt, len(names))[owner])
        * np.abs(rng.standard_t(shape.tail, len(owner)))
        for _ in range(2)
    )
    nothing = np.zeros(len(owner))
    return Positions(
        prompts=tuple(names),
        owner=owner,
        position=np.arange(len(owner)),
        ours=ours,
        theirs=nothing,
        kl=nothing,
        agrees=nothing == 0,
        floor=floor,
        kl_floor=nothing,
        agrees_floor=nothing == 0,
    )


def _sizes(shape: Shape, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the positions of each prompt: all of its tokens but the first, or greedy ones up to where sides part."""
    sizes = np.asarray([length - 1 for lengths in LENGTHS.values() for length in lengths])
    return sizes if shape.sure is None else np.minimum(DECODED, rng.geometric(1 / COMMON, len(sizes)))


def _sureness(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return numbers between 0 and 1, of which each is with a chance of SAME its neighbour's."""
    fresh = rng.random(count) > SAME
    fresh[0] = True
    return rng.random(count)[np.maximum.accumulate(np.where(fresh, np.arange(count), 0))]


FAULTS: dict[str, Fault] = {
    "none": everywhere(1.0),
    "all errors 1.5 times": everywhere(1.5),
    "all errors 4 times": everywhere(4.0),
    "10 times in digits (5 prompts)": in_group("digits", 10.0),
    "10 times in few-shot (4 prompts)": in_group("few-shot", 10.0),
    "30 times in classic (3 short prompts)": in_group("classic", 30.0),
    "10 times in one prompt": in_one_prompt(10.0),
    "up to 3 nats behind token 1,500": behind(1500, 3.0),
}
OF_LONG_PROMPTS = ("10 times in one prompt", "up to 3 nats behind token 1,500")
"""Faults that the few greedy tokens of a prompt cannot show."""

SHAPES = {
    "as measured": Shape(),
    "longer tails": Shape(tail=2.0, position=1.4, own_prompt=0.3),
    "greedy tokens": Shape(sure=14.0, own_prompt=0.3, scale=0.12),
}


def verdicts(shape: Shape, fault: Fault, runs: int, *, fixed: bool) -> dict[str, float]:
    """Return how often each verdict came, as shares of the runs."""
    counts: Counter[Verdict] = Counter()
    for run in range(runs):
        rng = np.random.default_rng([run, 4])
        positions = fault(draw(shape, rng), rng)
        if fixed:
            spreads = within(replace(positions, floor=None), TOLERANCE)
        else:
            spreads = against_floor(positions, FACTOR, seed=1234)
        counts[worst_of(spread.verdict for spread in spreads if spread.verdict is not None)] += 1
    return {verdict.value: counts[verdict] / runs for verdict in (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)}


def _print(judge: str, fault: str, shape: Shape, change: Fault, runs: int, *, fixed: bool) -> None:
    shares = verdicts(shape, change, max(runs, 1), fixed=fixed)
    print(json.dumps({"judge": judge, "fault": fault, "runs": max(runs, 1), **shares}), flush=True)


def main() -> int:
    """Print a line of JSON for each kind of errors and each fault, with the shares of verdicts."""
    parser = argparse.ArgumentParser(description="Simulate the judge of parity.")
    parser.add_argument("--runs", type=int, default=2000, help="of a correct model; faults get a tenth of them")
    runs = parser.parse_args().runs
    for name, shape in SHAPES.items():
        for title, fault in FAULTS.items():
            if shape.sure is not None and title in OF_LONG_PROMPTS:
                continue
            _print(f"calibrated, {name}", title, shape, fault, runs if title == "none" else runs // 10, fixed=False)
    # What float32 shows: a median of 6e-6 nats, so that the scale is that over the median of t times the rest.
    single = replace(SHAPES["as measured"], scale=6e-6 / 0.765)
    for title, fault in {**FAULTS, "up to 0.01 nats behind token 1,500": behind(1500, 0.01)}.items():
        _print("fixed, float32", title, single, fault, runs if title == "none" else runs // 10, fixed=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
