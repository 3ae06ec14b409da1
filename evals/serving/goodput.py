"""Limits that an answer must keep to be a good one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.errors import InvalidSubmissionError
from evals.serving.latencies import Latencies

Limits = Mapping[str, float]
"""The most that a latency may be, in ms, by its name."""

NAMES = ("ttft", "itl", "tpot", "e2e")


def parse_limits(words: Sequence[str]) -> dict[str, float]:
    """Read limits like "ttft:200 itl:50", in ms; raises InvalidSubmissionError that shows the form."""
    limits = {}
    for word in words:
        name, _, limit = word.partition(":")
        try:
            limits[name] = float(limit)
        except ValueError:
            limits[name] = -1.0
        if name not in NAMES or not 0 < limits[name] < float("inf"):
            raise InvalidSubmissionError(
                f"{word!r} is no limit", remedy=f"write NAME:MS with a name of {', '.join(NAMES)}, as in ttft:200"
            )
    return limits


def is_good(one: Latencies, limits: Limits, *, whole: bool) -> bool:
    """Tell whether an answer is whole and within all limits; what cannot be known is not good.

    itl: the mean of the request's own gaps over their tokens, so that one gap does not condemn an answer. ttft and e2e
    count from the scheduled time.
    """
    found = {
        "ttft": one.ttft_ms,
        "e2e": one.e2e_ms,
        "tpot": one.tpot_ms,
        "itl": float(one.itl_ms.mean()) if len(one.itl_ms) else None,
    }
    return whole and all((value := found[name]) is not None and value <= limit for name, limit in limits.items())
