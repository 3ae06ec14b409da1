"""What a reader must know of a duel's passes beside their ratios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evals.duel.likeness import tells_cached, unlike
from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.duel.words import at_level
from evals.formatting import plural


def remarks(passes: Sequence[Pass], given_up: Sequence[int], *, shared: bool) -> tuple[str, ...]:
    """Return remarks on measured passes; shared: whether inputs shall begin alike, so that cached tokens are meant."""
    measured = [one for one in passes if one.round >= 0]
    said = [*_spoiled(measured), *_given_up(given_up)]
    for side in (CANDIDATE, BASELINE):
        said += _of_side(side, [one for one in measured if one.side == side], shared=shared)
    return (*said, *unlike(measured, shared=shared))


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
    if not shared and not tells_cached(passes):
        said.append(f"the {side} does not tell how many of its input tokens it found in a cache")
    return said
