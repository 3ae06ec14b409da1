"""What the client can do on this machine: a duel's load put to a server that answers at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from math import exp
from pathlib import Path

from evals.duel.loads import load_of
from evals.duel.results import Echo, Pass
from evals.duel.settings import ServingSettings
from evals.errors import InternalError
from evals.serving.lengths import Lengths
from evals.serving.load import Load
from evals.serving.passes import run_pass
from evals.serving.spread import Figure
from evals.serving.summary import Summary, summarise

MOST_SHARE = 0.5
"""Of what the client did with the echo: a measured pass that had more came too near to the client's own limit."""

_REQUESTS, _OUTPUT_TOKENS, _INPUT_TOKENS = 2_000, 60_000, 2_000_000
_TURNS, _OVER = 4, 10
"""Each place in flight is taken four times, as long as that asks for no more than ten times the tokens."""

_MOST_EXPONENT = 50.0
_OPEN_LEVEL = 64
"""How many are in flight in place of a rate, which would only show itself."""


def echo_of(settings: ServingSettings, level: int, tokenizer: Path | None) -> Echo:
    """Put the load of one level to the echo and return what came of it.

    A pass of a few requests would be over before it can be timed: there are 2,000, or enough for 60,000 output
    tokens; more where many are in flight, up to ten times the tokens.
    """
    with ExitStack() as stack:
        port = stack.enter_context(_server(0))
        for _ in range(_servers(settings.processes) - 1):
            stack.enter_context(_server(port))
        load = enough(load_of_echo(settings, level, tokenizer, f"http://127.0.0.1:{port}"))
        return _result(level, summarise(run_pass(load), {}))


def _servers(processes: int) -> int:
    """Return how many servers answer: where cores allow it two for each of the client's processes, to outdo it."""
    return processes * (2 if len(os.sched_getaffinity(0)) >= 4 * processes else 1)


@contextmanager
def _server(port: int) -> Iterator[int]:
    """Run one server beside those that have this port already, among which the system shares out the connections."""
    words = [sys.executable, "-m", "evals.duel.echo_server", str(port)]
    server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        said = server.stdout.readline().strip().decode()
        if not said:
            raise InternalError("the echo server did not start", remedy="look at the worker's log")
        yield int(said)
    finally:
        server.kill()
        server.wait()


def load_of_echo(settings: ServingSettings, level: int, tokenizer: Path | None, base_url: str) -> Load:
    """Return a level's load as the echo gets it: a rate becomes so many in flight."""
    closed = settings if level else replace(settings, rate=None)
    return load_of(
        closed,
        base_url=base_url,
        model="echo",
        tokenizer=tokenizer,
        api_key=None,
        level=level or max(_OPEN_LEVEL, settings.processes),
        round=0,
    )


def enough(load: Load) -> Load:
    """Return a load with as many requests as can be timed and held in memory."""
    most = min(_OUTPUT_TOKENS / _mean(load.output_len), _INPUT_TOKENS / _mean(load.input_len))
    wanted = max(min(_REQUESTS, most), _TURNS * (load.concurrency or 1))
    return replace(load, requests=max(1, int(min(wanted, _OVER * most))))


def _mean(lengths: Lengths) -> float:
    if lengths.median is None or lengths.sigma is None:
        return (lengths.low + lengths.high) / 2
    return min(lengths.high, lengths.median * exp(min(lengths.sigma**2 / 2, _MOST_EXPONENT)))


def _result(level: int, summary: Summary) -> Echo:
    whole = summary.whole
    return Echo(
        level=level,
        requests_per_s=_value(whole.requests_per_s),
        output_tokens_per_s=_value(whole.output_tokens_per_s),
        needed_requests_per_s=0.0,
        needed_output_tokens_per_s=0.0,
        ttft_p50_ms=whole.ttft_ms.p50.value if whole.ttft_ms else None,
        ttft_p99_ms=whole.ttft_ms.p99.value if whole.ttft_ms else None,
        limited=False,
    )


def _value(figure: Figure | None) -> float:
    return figure.value if figure else 0.0


def assessed(echo: Echo, passes: Sequence[Pass]) -> Echo:
    """Return an echo with what the measured passes needed, and whether they came too near to it."""
    measured = [one for one in passes if one.level == echo.level and one.round >= 0]
    requests = max((one.values.get("requests_per_s") or 0.0 for one in measured), default=0.0)
    tokens = max((one.values.get("output_tokens_per_s") or 0.0 for one in measured), default=0.0)
    reasons = [
        f"a pass had {needed:,.0f} {unit} where the client reaches {reached:,.0f} with a server that answers at once"
        for needed, reached, unit in (
            (requests, echo.requests_per_s, "requests/s"),
            (tokens, echo.output_tokens_per_s, "output tokens/s"),
        )
        if needed > MOST_SHARE * reached
    ]
    return replace(
        echo,
        needed_requests_per_s=requests,
        needed_output_tokens_per_s=tokens,
        limited=bool(reasons),
        reasons=tuple(reasons),
    )
