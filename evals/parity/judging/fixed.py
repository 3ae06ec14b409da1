"""Judge errors against a fixed tolerance, where no noise floor was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from evals.outcome import Verdict
from evals.parity.findings import ALL, Spread
from evals.parity.judging.bootstrap import quantile
from evals.parity.judging.positions import Positions

SHAPE: Mapping[str, float] = MappingProxyType({"p50": 0.25, "p90": 1.0, "p99": 10.0, "max": 100.0})
"""How many tolerances each quantile may reach.

Errors of correct implementations have long tails: transformers in float32 against float64, demo model, 9,300
positions: 6.2e-6 at p50, 4.7e-5 at p90, 3.4e-4 at p99, 7e-3 at most. A single limit for all of them would be blind at
the median or cry wolf at the maximum.
"""

FAR = 5.0
"""A quantile this many times beyond its limit fails; nearer ones are left undecided."""

APART = 10.0
"""The same for one kind of prompts, or one prompt alone, of which there are many that chance could lift."""

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
LEAST_POSITIONS = {"p50": 30, "p90": 100}
LEAST_OF_A_PROMPT = {"p50": 60, "p90": 300}
"""Quantiles of fewer positions say too little for an alarm."""


def within(positions: Positions, tolerance: float) -> tuple[Spread, ...]:
    """Return the spreads of n >= 1 positions; tolerance in nats. Those with a verdict decide, the others are shown."""
    groups = positions.groups()
    return (
        *(_decided(_spread(positions, name, ALL), tolerance) for name in SHARES),
        replace(_spread(positions, "p50", ALL), name="mean", error=float(positions.error.mean())),
        *(spread for name in groups if len(groups) > 1 for spread in _group(positions.of_group(name), name, tolerance)),
        *(
            _alarm(_spread(one, name, prompt), tolerance)
            for name, least in LEAST_OF_A_PROMPT.items()
            for prompt, one in positions.worst_prompt(SHARES[name], least)
        ),
    )


def _decided(spread: Spread, tolerance: float) -> Spread:
    if spread.name == "max" and spread.error <= tolerance:
        return replace(spread, limit=tolerance, verdict=Verdict.PASS)
    limit = SHAPE[spread.name] * tolerance
    beyond = Verdict.FAIL if spread.error > FAR * limit else Verdict.INCONCLUSIVE
    return replace(spread, limit=limit, verdict=Verdict.PASS if spread.error <= limit else beyond)


def _group(positions: Positions, group: str, tolerance: float) -> tuple[Spread, ...]:
    found = {name: _spread(positions, name, group) for name in LEAST_POSITIONS}
    judged = {name: _alarm(one, tolerance) for name, one in found.items() if len(positions) >= LEAST_POSITIONS[name]}
    return (*(found | judged).values(), _spread(positions, "max", group))


def _alarm(spread: Spread, tolerance: float) -> Spread:
    limit = APART * SHAPE[spread.name] * tolerance
    return replace(spread, limit=limit, verdict=Verdict.FAIL if spread.error > limit else Verdict.PASS)


def _spread(positions: Positions, name: str, group: str) -> Spread:
    return Spread(
        name=name,
        group=group,
        error=quantile(positions.error, SHARES[name]),
        n=len(positions),
        prompts=positions.asked(),
    )
