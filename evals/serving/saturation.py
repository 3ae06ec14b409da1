"""Search the highest request rate at which a server keeps its limits; pure, asks a function for each rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

PRECISION = 0.05
"""How far the highest rate that holds and the lowest that does not may be apart, as a share of the former."""

MOST_STEPS = 30
_REACH = 2.0**10
"""How many times lower or higher than the first rate is looked at."""


class Purpose(StrEnum):
    """Why a rate was tried."""

    BRACKET = "bracket"
    BISECT = "bisect"
    CONFIRM = "confirm"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Say how one rate went. holds: None when it is no evidence (the client was the limit); reasons: why not True."""

    holds: bool | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """Hold one trial; rate in requests/s, seed of its schedule and contents."""

    number: int
    purpose: Purpose
    rate: float
    seed: int
    trial: Trial


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """Hold what a search found, rates in requests/s.

    rate: the highest that held, twice unless `stopped` says that every rate did; None when there is none. beyond: the
    lowest above it that did not hold, or that is no evidence; None when none was met. is_bound: whether the true rate
    may be higher than `rate`. stopped: why the search ended, in words.
    """

    rate: float | None
    beyond: float | None
    is_bound: bool
    stopped: str
    steps: tuple[Step, ...]


Try = Callable[[float, int], Trial]
"""Put a rate to the server, with a seed."""


def find_saturation(
    attempt: Try, start: float, *, seed: int = 1, precision: float = PRECISION, most_steps: int = MOST_STEPS
) -> Saturation:
    """Double or halve the rate from `start` on until it is bracketed, bisect, and confirm the end with a second seed.

    A rate that fails its confirmation counts as one that does not hold, and the search goes on below it. One that is no
    evidence is tried once more, and is then where the client ends the search.
    """
    if not 0 < start < float("inf"):
        raise ValueError(f"a search cannot start at {start} requests/s")
    return _Search(attempt, start, seed, precision, most_steps).run()


class _Search:
    def __init__(self, attempt: Try, start: float, seed: int, precision: float, most_steps: int) -> None:
        self._attempt, self._start, self._seed = attempt, start, seed
        self._precision, self._most_steps = precision, most_steps
        self._steps: list[Step] = []
        self._held: list[float] = []
        self._beyond: float | None = None
        self._no_evidence = ""

    def run(self) -> Saturation:
        while len(self._steps) < self._most_steps:
            low = max(self._held, default=None)
            if low is not None and self._is_narrow(low):
                if self._try(low, Purpose.CONFIRM):
                    return self._found(low)
                continue
            rate = self._next(low)
            if not self._start / _REACH <= rate <= self._start * _REACH:
                return self._ended("no rate holds" if low is None else "every rate holds", low)
            self._try(rate, Purpose.BRACKET if low is None or self._beyond is None else Purpose.BISECT)
        once = "".join(f"; {low:.4g} requests/s held, but only once" for low in self._held[-1:])
        return self._ended(f"{self._most_steps} steps were not enough{once}", None)

    def _is_narrow(self, low: float) -> bool:
        return self._beyond is not None and self._beyond <= low * (1 + self._precision)

    def _next(self, low: float | None) -> float:
        if low is not None and self._beyond is not None:
            return sqrt(low * self._beyond)
        if low is not None:
            return low * 2
        return self._start if self._beyond is None else self._beyond / 2

    def _try(self, rate: float, purpose: Purpose) -> bool:
        """Try a rate, once more if that was no evidence, and move the bracket; return whether it holds."""
        holds = self._once(rate, purpose)
        if holds is None:
            holds = self._once(rate, purpose)
        if holds:
            self._held = sorted({*self._held, rate})
            return True
        if self._beyond is None or rate < self._beyond:
            self._beyond, self._no_evidence = rate, "" if holds is False else self._last_reason()
        self._held = [one for one in self._held if one < rate]
        return False

    def _once(self, rate: float, purpose: Purpose) -> bool | None:
        number = len(self._steps)
        seed = self._seed + number
        trial = self._attempt(rate, seed)
        self._steps.append(Step(number=number, purpose=purpose, rate=rate, seed=seed, trial=trial))
        return trial.holds

    def _found(self, rate: float) -> Saturation:
        if self._no_evidence:
            return self._ended(f"nothing can be said of {self._beyond:.4g} requests/s: {self._no_evidence}", rate)
        return Saturation(
            rate=rate,
            beyond=self._beyond,
            is_bound=False,
            stopped="bracketed, bisected and confirmed with a second seed",
            steps=tuple(self._steps),
        )

    def _ended(self, said: str, rate: float | None) -> Saturation:
        return Saturation(
            rate=rate, beyond=self._beyond, is_bound=rate is not None, stopped=said, steps=tuple(self._steps)
        )

    def _last_reason(self) -> str:
        return next(iter(self._steps[-1].trial.reasons), "it is no evidence")
