"""Plots of GPUs keep the levels of a load apart, because the GPU does different work at each."""

from __future__ import annotations

import re

from evals.render.plots.gpus import gpu_plots
from tests.unit.evals.serving_values import one_pass

PASSES = [
    one_pass(level, number, side, 1.0) for number in range(3) for level in (8, 32) for side in ("candidate", "baseline")
]


def test_each_level_has_its_name_and_lines_of_its_own() -> None:
    for plot in gpu_plots("serving", PASSES):
        assert plot.svg.count(">8 in flight<") == 1
        assert plot.svg.count(">32 in flight<") == 1
        lines = re.findall(
            r'class="line candidate"[^>]*points="([^"]*)"|points="([^"]*)"[^>]*class="line candidate"', plot.svg
        )
        drawn = [[float(place.split(",")[0]) for place in (one or other).split()] for one, other in lines]
        at_levels = [places for places in drawn if len(places) == 3]
        assert len(at_levels) == 2
        assert max(at_levels[0]) < min(at_levels[1])
    assert {plot.name[:7] for plot in gpu_plots("serving", PASSES)} == {"gpu-use", "gpu-clo"}
