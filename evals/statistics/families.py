"""Several tests of one run: the chance that any of them rejects wrongly is held together."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each test's adjusted p value, in the given order.

    Rejecting where it is at most a rejects any true hypothesis at all with a probability of at most a, however the
    tests depend on each other. The smallest p value is multiplied by the number of tests, the next by one less, and so
    on; none is smaller than the one before it, or larger than 1.
    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
