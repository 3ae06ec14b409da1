"""Each side's distributions of latencies, over the rounds that count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evals.duel.results import BASELINE, CANDIDATE, Curve, Pass
from evals.duel.settings import ServingSettings, levels
from evals.duel.stopping import counting

NAMES = ("ttft_ms", "itl_ms", "e2e_ms")


def curves_of(settings: ServingSettings, passes: Sequence[Pass]) -> tuple[Curve, ...]:
    """Return a curve for each latency, level and side that have one: the median over rounds at each share."""
    found = []
    for level in levels(settings):
        pairs = counting(passes, level)
        for place, side in enumerate((CANDIDATE, BASELINE)):
            for name in NAMES:
                known = [pair[place].curves[name] for pair in pairs if name in pair[place].curves]
                if known:
                    values = tuple(np.median(np.array(known), axis=0).tolist())
                    found.append(Curve(name=name, level=level, side=side, values=values))
    return tuple(found)
