"""Whether both sides did the same work, and tell their tokens alike: else a ratio compares nothing."""

from __future__ import annotations

from collections.abc import Sequence

from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.metrics import Metric
from evals.serving.record import Basis

APART = 0.02
"""How far the sides' mean tokens of an answer may be apart."""

CACHED = 0.05
"""Which share of its input tokens a side may have out of a cache where no inputs are alike."""

_SIDES = (CANDIDATE, BASELINE)
_FIRST_TOKEN, _COUNTED = "ttft", "tokens_per_s"


def unlike(passes: Sequence[Pass], *, shared: bool) -> tuple[str, ...]:
    """Return why the passes' work is not the same on both sides; shared: whether inputs are meant to begin alike."""
    sides = {side: [one for one in passes if one.side == side] for side in _SIDES}
    cached = [] if shared else [words for side, of in sides.items() if (words := _cached(side, of))]
    return (*cached, *_apart(sides))


def tells_cached(passes: Sequence[Pass]) -> bool:
    """Tell whether all that told its input tokens told too how many of them were out of a cache."""
    return all(one.cached_tokens is not None for one in passes if one.input_tokens)


def told_otherwise(metric: Metric, passes: Sequence[Pass]) -> tuple[str, ...]:
    """Return why a figure that hangs on tokens is not told alike, or not well enough, on both sides."""
    uncounted = [one for one in passes if Basis.FIRST_EVENT in one.ttft_by]
    if metric.name.startswith(_FIRST_TOKEN):
        ways = [{way for one in passes if one.side == side for way in one.ttft_by} for side in _SIDES]
        if uncounted:
            return (f"in passes of the {_names(uncounted)} only the first event stands for the first token",)
        return () if ways[0] == ways[1] else ("the first token is not told in the same way on both sides",)
    silent = [one for one in uncounted if one.output_tokens is None]
    if metric.name.endswith(_COUNTED) and silent:
        return (f"tokens of the {_names(silent)} are not counted by the server",)
    return ()


def _names(passes: Sequence[Pass]) -> str:
    return " and the ".join(side for side in _SIDES if any(one.side == side for one in passes))


def _cached(side: str, passes: Sequence[Pass]) -> str:
    told = [(one.cached_tokens, one.input_tokens) for one in passes if one.cached_tokens is not None]
    cached, inputs = (sum(count or 0 for count in counts) for counts in (zip(*told, strict=True) if told else ((), ())))
    if cached <= CACHED * inputs:
        return ""
    return f"the {side} found {cached / inputs:.0%} of its input tokens in a cache, though no inputs are alike"


def _apart(sides: dict[str, list[Pass]]) -> list[str]:
    said = []
    for name, words in (("input_tokens", "input"), ("output_tokens", "output")):
        ours, theirs = (_mean(name, sides[side]) for side in _SIDES)
        if ours and theirs and abs(ours - theirs) > APART * max(ours, theirs):
            said.append(
                f"by the servers' own counts a request has {ours:,.1f} {words} tokens with the candidate, "
                f"{theirs:,.1f} with the baseline"
            )
    return said


def _mean(name: str, passes: Sequence[Pass]) -> float | None:
    known = [(getattr(one, name), one.whole) for one in passes if getattr(one, name) and one.whole]
    return sum(count for count, _ in known) / sum(whole for _, whole in known) if known else None
