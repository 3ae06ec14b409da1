"""What a reader must know of a duel's passes beside their ratios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.duel.words import at_level
from evals.formatting import plural

_APART = 0.02
_CACHED = 0.05


def remarks(passes: Sequence[Pass], given_up: Sequence[int], *, shared: bool) -> tuple[str, ...]:
    """Return remarks on measured passes; shared: whether inputs shall begin alike, so that cached tokens are meant."""
    measured = [one for one in passes if one.round >= 0]
    said = [*_spoiled(measured), *_given_up(given_up)]
    for side in (CANDIDATE, BASELINE):
        said += _of_side(side, [one for one in measured if one.side == side], shared=shared)
    return (*said, *_apart(measured))


def _spoiled(measured: Sequence[Pass]) -> list[str]:
    counts = Counter(one.spoiled[0] for one in measured if one.spoiled)
    if not counts:
        return []
    first = counts.most_common(1)[0][0]
    return [f"{sum(counts.values())} of {len(measured)} passes did not count, mostly because {first}"]


def _given_up(given_up: Sequence[int]) -> list[str]:
    return [
        f"at {at_level(level)} more than a third of the rounds were spoiled, and no more were run" for level in given_up
    ]


def _of_side(side: str, passes: Sequence[Pass], *, shared: bool) -> list[str]:
    said = []
    whole, retried = sum(one.whole for one in passes), sum(one.retried for one in passes)
    off = sum(one.shorter + one.longer for one in passes)
    if retried:
        said.append(f"the {side} refused {plural(retried, 'request')} for want of room; they were sent again and count")
    if off:
        said.append(f"{off:,} of {whole:,} whole answers of the {side} have another length than was asked for")
    cached, inputs = (sum(getattr(one, name) or 0 for one in passes) for name in ("cached_tokens", "input_tokens"))
    if not shared and inputs and cached > _CACHED * inputs:
        said.append(
            f"the {side} found {cached / inputs:.0%} of its input tokens in a cache, though no inputs are alike"
        )
    return said


def _apart(measured: Sequence[Pass]) -> list[str]:
    """Say where both sides did not get or give the same amount of tokens."""
    said = []
    for name, words in (("input_tokens", "input"), ("output_tokens", "output")):
        means = []
        for side in (CANDIDATE, BASELINE):
            known = [(getattr(one, name), one.whole) for one in measured if one.side == side and getattr(one, name)]
            means.append(sum(count for count, _ in known) / sum(whole for _, whole in known) if known else None)
        ours, theirs = means
        if ours and theirs and abs(ours - theirs) > _APART * max(ours, theirs):
            said.append(
                f"by the servers' own counts a request has {ours:.0f} {words} tokens with the candidate, "
                f"{theirs:.0f} with the baseline"
            )
    return said
