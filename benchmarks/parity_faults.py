"""Faults of a model, as they change the errors of its positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evals.parity.judging.positions import Positions

Fault = Callable[[Positions, np.random.Generator], Positions]


def everywhere(times: float) -> Fault:
    """Return a fault that multiplies all errors."""
    return lambda positions, rng: replace(positions, ours=positions.ours * times)


def in_group(kind: str, times: float) -> Fault:
    """Return a fault that multiplies the errors of one kind of prompts."""

    def fault(positions: Positions, rng: np.random.Generator) -> Positions:
        hit = np.asarray([name.startswith(f"{kind}/") for name in positions.prompts])[positions.owner]
        return replace(positions, ours=np.where(hit, positions.ours * times, positions.ours))

    return fault


def in_one_prompt(times: float) -> Fault:
    """Return a fault that multiplies the errors of one prompt with at least 60 positions."""

    def fault(positions: Positions, rng: np.random.Generator) -> Positions:
        counts = np.bincount(positions.owner)
        hit = positions.owner == rng.choice(np.flatnonzero(counts >= 60))
        return replace(positions, ours=np.where(hit, positions.ours * times, positions.ours))

    return fault


def behind(start: int, error: float) -> Fault:
    """Return a fault that adds an error (nats) to every position from `start` of a prompt, as a lost window does."""

    def fault(positions: Positions, rng: np.random.Generator) -> Positions:
        first = np.searchsorted(positions.owner, positions.owner)
        hit = np.arange(len(positions)) - first >= start
        return replace(positions, ours=positions.ours + np.where(hit, error * rng.random(len(positions)), 0.0))

    return fault
