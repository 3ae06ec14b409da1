"""What a parity workload can be told, and its reading out of a workload's options."""

from __future__ import annotations

from dataclasses import dataclass, fields

from evals.errors import InvalidSubmissionError
from evals.spec import Scalar, Workload

MOST = {
    "top_k": 100,
    "compared_k": 100,
    "decode_tokens": 1024,
    "chunk_tokens": 1_000_000,
    "factor": 100,
    "tolerance": 10,
}
"""How large options may be: beyond, answers are gigabytes, or everything passes."""

PARITY = "parity"
"""The benchmark's name of a parity workload."""


@dataclass(frozen=True, kw_only=True)
class ParitySettings:
    """Say what is asked and how much may differ.

    top_k: how many most probable tokens are recorded at each position; compared_k: of how many of them the union is
    compared. decode_tokens: how many greedy tokens. factor: how many times the noise floor an error may be.
    tolerance: how far log-probabilities may differ (nats) where no floor can be measured; None takes the served
    dtype's. self_checks: whether the candidate is compared with itself too. chunk_tokens: the prefill chunk of the
    companion. images: whether prompts with images are asked. calibrate: whether the float32 reference is launched.
    seed: of the bootstrap's resampling.
    """

    top_k: int = 20
    compared_k: int = 5
    decode_tokens: int = 32
    factor: float = 3.0
    tolerance: float | None = None
    self_checks: bool = True
    chunk_tokens: int = 128
    images: bool = False
    calibrate: bool = True
    seed: int = 1234


def is_parity(benchmark: str) -> bool:
    """Tell whether a workload's benchmark is the parity check."""
    return benchmark == PARITY


def parity_settings(workload: Workload) -> ParitySettings:
    """Return a parity workload's settings; raise InvalidSubmissionError for an unknown or impossible one."""
    known = {field.name: field for field in fields(ParitySettings)}
    for name, value in workload.options.items():
        if name not in known:
            raise _invalid(f"a parity workload has no option {name!r}", f"use some of {', '.join(known)}")
        _check(name, value, type(known[name].default))
    settings = ParitySettings(**workload.options)  # type: ignore[arg-type]  # checked just now
    if settings.compared_k > settings.top_k:
        raise _invalid("compared_k is larger than top_k", "record at least as many tokens as are compared")
    return settings


def _check(name: str, value: Scalar, kind: type) -> None:
    if kind is bool:
        fits = isinstance(value, bool)
    elif kind is int:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= (0 if name == "seed" else 1)
    else:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
    if fits and name in MOST and value > MOST[name]:  # type: ignore[operator]  # a number, as was checked
        raise _invalid(f"the parity option {name} is {value!r}", f"give at most {MOST[name]:,}")
    if not fits:
        wanted = {bool: "true or false", int: "a whole number from 1"}.get(kind, "a positive number")
        raise _invalid(f"the parity option {name} is {value!r}", f"give {wanted}")


def _invalid(message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field="options")
