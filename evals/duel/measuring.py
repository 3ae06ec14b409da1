"""One pass of one side, measured in a process of its own and brought down to what a duel keeps of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import orjson

from evals.duel.results import Pass
from evals.duel.spoiling import spoiled_by_client
from evals.serving.figures import Figures, is_due_in
from evals.serving.goodput import parse_limits
from evals.serving.latencies import Latencies, latencies
from evals.serving.load import Load
from evals.serving.passes import Pass as Done
from evals.serving.passes import run_pass
from evals.serving.spread import Figure, Spread
from evals.serving.storing import as_json
from evals.serving.summary import Summary, summarise
from evals.serving.window import steady_window, whole_window

SHARES = np.linspace(0, 1, 101)
_RAMPS, _FEWEST = 3, 10
"""A closed loop's pass has a steady stretch if it has three times as many requests as are in flight, and ten more."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Say which pass of a duel it is."""

    round: int
    level: int
    side: str
    place: int


def is_steady(requests: int, level: int) -> bool:
    """Tell whether passes are judged by their steady stretch, by what is asked and never by what came of it.

    Of an open loop the whole pass counts: a slow server would have no steady stretch where a quick one has.
    """
    return level > 0 and requests >= _RAMPS * level + _FEWEST


def measure(load: Load, slot: Slot, limits: str) -> tuple[Pass, bytes]:
    """Run a pass and return it with its raw JSON; faults are those of `run_pass`."""
    done = run_pass(load)
    summary = summarise(done, parse_limits(limits.split()))
    raw = orjson.dumps(as_json(done, summary, None), default=str, option=orjson.OPT_SERIALIZE_NUMPY)
    return as_pass(done, summary, slot), raw


def as_pass(done: Done, summary: Summary, slot: Slot) -> Pass:
    """Return what a duel keeps of a pass."""
    steady = is_steady(done.load.requests, slot.level)
    window = steady_window(done) if steady else whole_window(done)
    figures = summary.steady if steady else summary.whole
    outcomes = summary.outcomes
    spoiled = spoiled_by_client(done.efforts, _waits(done), _at(summary.whole.service_ttft_ms, "p50"))
    if figures is None or window is None:
        spoiled.append("the pass has no steady stretch")
    found = [latencies(one) for one in done.records if window is not None and is_due_in(one, window)]
    return Pass(
        round=slot.round,
        level=slot.level,
        side=slot.side,
        place=slot.place,
        started_s=done.started_s,
        length_s=whole_window(done).length_s,
        values={} if figures is None else _values(figures),
        requests=outcomes.requests,
        whole=outcomes.whole,
        faults=outcomes.faults,
        retried=outcomes.retried,
        shorter=outcomes.shorter,
        longer=outcomes.longer,
        input_tokens=outcomes.input_tokens,
        output_tokens=outcomes.output_tokens,
        cached_tokens=outcomes.cached_tokens,
        curves=_curves(found),
        spoiled=tuple(spoiled),
        ttft_by=outcomes.ttft_by,
    )


def _waits(done: Done) -> list[float]:
    """Return how late requests with a time of their own were sent; a limit in flight would make them wait too."""
    waits = [latencies(record).wait_ms for record in done.records] if done.load.concurrency is None else []
    return [wait for wait in waits if wait is not None]


def _values(figures: Figures) -> dict[str, float | None]:
    """Return the values of `evals.metrics.SERVING_METRICS`."""
    return {
        "ttft_p50": _at(figures.ttft_ms, "p50"),
        "output_tokens_per_s": _value(figures.output_tokens_per_s),
        "ttft_p99": _at(figures.ttft_ms, "p99"),
        "itl_p50": _at(figures.itl_ms, "p50"),
        "itl_p99": _at(figures.itl_ms, "p99"),
        "tpot_p50": _at(figures.tpot_ms, "p50"),
        "e2e_p50": _at(figures.e2e_ms, "p50"),
        "e2e_p99": _at(figures.e2e_ms, "p99"),
        "requests_per_s": _value(figures.requests_per_s),
        "input_tokens_per_s": _value(figures.input_tokens_per_s),
        "goodput_share": figures.goodput_share,
    }


def _at(spread: Spread | None, quantile: str) -> float | None:
    figure: Figure | None = None if spread is None else getattr(spread, quantile)
    return _value(figure)


def _value(figure: Figure | None) -> float | None:
    return None if figure is None else figure.value


def _curves(found: list[Latencies]) -> dict[str, tuple[float, ...]]:
    groups = {
        "ttft_ms": [one.ttft_ms for one in found if one.ttft_ms is not None],
        "itl_ms": [gap for one in found for gap in one.itl_ms.tolist()],
        "e2e_ms": [one.e2e_ms for one in found if one.e2e_ms is not None],
    }
    return {name: tuple(np.quantile(values, SHARES).tolist()) for name, values in groups.items() if values}
