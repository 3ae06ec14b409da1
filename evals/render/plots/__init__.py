"""The plots of serving workloads, as SVG written by hand: the same result gives the same bytes."""

from __future__ import annotations

from evals.duel.results import ServingResult
from evals.render.plots.drawing import Plot as Plot
from evals.render.plots.latency import latency_plots
from evals.render.plots.rounds import round_plots
from evals.render.plots.throughput import throughput_plots


def plots_of(result: ServingResult) -> tuple[Plot, ...]:
    """Return the plots that a result has data for: throughput, ratios by round, then latencies, level by level."""
    found = [*throughput_plots(result), *round_plots(result), *latency_plots(result)]
    return tuple(sorted(found, key=lambda plot: plot.level))
