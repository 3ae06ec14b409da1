"""Why SGLang's benchmark clients say something else of a server than ours does; pure.

Of SGLang 0.5.23, module sglang.benchmark.serving: a first token counts when its event carries text; a new connection is
opened for each request; one thread sends and reads everything; a schedule sleeps from one request to the next and does
not catch up; a run's clock stops after one more GET /server_info. A cause is named only where its direction fits and
where the client's own details speak for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.duel.settings import ServingSettings

PYTHON, RUST = "sglang.benchmark.serving", "sglang.benchmark.rust_client"
CLIENTS = (PYTHON, RUST)

IN_FLIGHT = "in flight"
"""Our name of the mean number of requests in flight, which explains and is not compared."""

FIGURES = {
    "requests/s": "request_throughput",
    "output tokens/s": "output_throughput",
    "TTFT p50": "median_ttft_ms",
    "TTFT p99": "p99_ttft_ms",
    "ITL p50": "median_itl_ms",
    "E2E p50": "median_e2e_latency_ms",
}
"""Our names of what is compared, rates and ms, and theirs."""

TOLERANCE = 0.10
"""A difference that needs no cause."""

_RATES = ("requests/s", "output tokens/s")
_CONNECTING_MS = 3.0
"""How much a new connection on one host may plausibly take a single request; more needs another cause."""
_BURST, _HELD_SHARE = 0.5, 0.9
_MOVES = {"TTFT p50": 0.25, "TTFT p99": 0.01}
"""Which share of the answers must have something for it to move a quantile."""

Figures = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """Hold a client's figures by our names, and what explains them.

    whole, requests: answers without a fault, and how many were asked. textless: answers that never carried any text.
    late_firsts: share of the others whose first event with text carried more than one token. itl_mean: ms.
    """

    figures: dict[str, float | None]
    requests: int
    whole: int
    textless: int
    late_firsts: float
    itl_mean: float | None


def explained(
    client: str, settings: ServingSettings, theirs: Theirs, ours: Sequence[Figures], means: Figures
) -> list[str]:
    """Return a line for each figure that is further apart than TOLERANCE; means: of our own passes."""
    found = []
    for name in FIGURES:
        value, mine = theirs.figures[name], means[name]
        if value is None or not mine or abs(value / mine - 1) <= TOLERANCE:
            continue
        causes = _causes(name, client, settings, theirs, means)
        own = _apart([one.get(name) for one in ours])
        if abs(value / mine - 1) <= own:
            causes.append(f"our own passes before and after it are {own:.0%} apart")
        said = "; ".join(causes) if causes else "unexplained, no known cause fits"
        found.append(f"{name} {value / mine - 1:+.0%}: {said}")
    return found


def _causes(name: str, client: str, settings: ServingSettings, theirs: Theirs, means: Figures) -> list[str]:
    """Return the known causes that fit a difference's direction and for which the client's own details speak."""
    value, mine = theirs.figures[name] or 0.0, means[name] or 0.0
    fitting: list[tuple[bool, str]] = []
    if name in _RATES and value < mine:
        fitting = [
            (settings.rate is not None, "its schedule sleeps from request to request and does not catch up"),
            (theirs.whole < theirs.requests, "its failed requests do not count"),
        ]
    elif name == "ITL p50" and value < mine:
        mean = theirs.itl_mean or 0.0
        fitting = [(value < _BURST * mean, f"it reads tokens in bursts: median {value:.2f} ms, mean {mean:.2f} ms")]
    elif name not in _RATES and name != "ITL p50":
        connects = client == PYTHON and 0 < value - mine <= _CONNECTING_MS
        fitting = [
            (connects, "it opens a connection for each request, ours keeps them"),
            (value < mine and settings.rate is not None, "ours counts from the scheduled time, it from the sending"),
            *(_of_first_tokens(theirs, _MOVES[name], higher=value > mine) if name in _MOVES else []),
        ]
    causes = [cause for fits, cause in fitting if fits]
    slow = _idle(theirs, means)
    return causes + ([slow] if slow and (value < mine) == (name in _RATES) and name != "E2E p50" else [])


def _of_first_tokens(theirs: Theirs, share: float, *, higher: bool) -> list[tuple[bool, str]]:
    late = f"it waits for text: in {theirs.late_firsts:.0%} of the answers its first event carried several tokens"
    return [
        (higher and theirs.late_firsts >= share, late),
        (
            not higher and theirs.textless >= share * theirs.whole > 0,
            f"{theirs.textless} answers without any text count with a TTFT of 0",
        ),
    ]


def _idle(theirs: Theirs, means: Figures) -> str | None:
    """Return in words that it held clearly fewer requests in flight than ours did under the same limit."""
    held, mine = theirs.figures[IN_FLIGHT], means[IN_FLIGHT]
    if held is None or mine is None or held >= _HELD_SHARE * mine:
        return None
    return f"it does not keep up: {held:.1f} requests were in flight on average, {mine:.1f} with ours"


def _apart(values: Sequence[float | None]) -> float:
    known = [value for value in values if value]
    return max(known) / min(known) - 1 if known else 0.0
