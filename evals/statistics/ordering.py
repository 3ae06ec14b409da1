"""In which order items are asked when one may stop early: at random, and every stratum in proportion all along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random


def stratified_order(strata: Sequence[str], seed: int) -> list[int]:
    """Return the positions of `strata` in a random order of which every beginning holds each stratum in proportion.

    strata: of each item its stratum, such as its subject. Within a stratum the order is random; its item of rank r
    stands at (r + u) / size, with one u in [0, 1) for each stratum (systematic sampling with a random start; Cochran
    1977, Sampling Techniques, chapter 8), so that no stratum is ever ahead or behind by more than an item. The same
    strata and seed give the same order in every version of Python.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for position, stratum in enumerate(strata):
        members[stratum].append(position)
    random = Random(seed)
    places: list[tuple[float, int]] = []
    for stratum in sorted(members):
        # Only random() gives the same numbers in every version of Python; shuffle() does not promise it.
        shuffled = sorted(members[stratum], key=lambda _: random.random())
        start = random.random()
        places += [((rank + start) / len(shuffled), position) for rank, position in enumerate(shuffled)]
    return [position for _, position in sorted(places)]
