"""The load generator against a server that writes down when it sent what: ours, SGLang's two and others in turns.

Beside them a closed loop in C, the floor: what it does not reach, or is late at, is the machine's doing, no client's.
Closed loop at several numbers of streams, then an open loop: Poisson arrivals, without and with a limit in flight.
Rates come from the server's log for all clients alike. Wall clocks of a shared machine move, the ratios of one round
do not; a round in which the server itself was late shows it in the truth's own p99.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import serving_peers as peers
from benchmarks.null_server import build, null_server
from benchmarks.peer_environments import NoPeerError
from benchmarks.serving_peers import AIPERF, GUIDELLM, OURS, Peer
from benchmarks.serving_truth import (
    ITL_MS,
    SERVICE_S,
    TOKENS,
    TTFT_MS,
    Reported,
    Truth,
    Values,
    deliveries_ms,
    errors,
    medians,
    quantile,
    read_aiperf,
    read_guidellm,
    read_ours,
    read_sglang,
    read_truth,
)

STREAMS = {16: 256, 128: 1024, 512: 4096, 2048: 10_240}
"""Requests by number of streams."""

FLOOR = "floor in C"
RATE, RATED = 200, 2000
LIMIT = 16
_READERS = {GUIDELLM: read_guidellm, AIPERF: read_aiperf}


def measure(
    rounds: int, streams: dict[int, int] | None = None, more: Sequence[str] = (), *, open_loop: bool = True
) -> dict[str, Any]:
    """Return, by number of streams and client, the medians over the rounds; and what the open loops came to.

    streams: requests by number of streams. more: peers of `serving_peers.VERSIONS` to run beside SGLang's; one that
    cannot be installed, or fails, stands under "failed" with the reason. load_average: of the machine, before and
    after.
    """
    load_average, failed = [os.getloadavg()], dict[str, str]()
    with tempfile.TemporaryDirectory() as name:
        program, floor = build("nullserver", Path(name)), build("nullload", Path(name))
        closed = {}
        for count, requests in (streams or STREAMS).items():
            clients = _clients(count, requests, more, failed)
            seen = [
                {FLOOR: _floored(program, floor, count, requests)} | _round(program, clients, count, failed)
                for _ in range(rounds)
            ]
            rows = {client: [one[client] for one in seen if client in one] for client in (FLOOR, *clients)}
            closed[str(count)] = {client: medians(row) for client, row in rows.items() if row}
        opened = _open_loops(program) if open_loop else {}
    load_average.append(os.getloadavg())
    found = {"rounds": rounds, "load_average": load_average, "closed_loop": closed, "open_loop": opened}
    return found | {"failed": failed}


def _clients(streams: int, requests: int, more: Sequence[str], failed: dict[str, str]) -> dict[str, Peer]:
    clients = {OURS: peers.ours(requests, ["--concurrency", str(streams)])}
    clients |= peers.sglang_clients(requests, ["--max-concurrency", str(streams)])
    for name in more:
        if name in failed:
            continue
        try:
            clients[name] = peers.other_client(name, requests, streams)
        except NoPeerError as error:
            failed[name] = f"not installed: {error}"
    return clients


def _round(
    program: Path, clients: dict[str, Peer], streams: int, failed: dict[str, str]
) -> dict[str, dict[str, float | None]]:
    found = {}
    for name, client in clients.items():
        try:
            found[name] = _figures(*_flown(program, client, name), streams)
        except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            if name == OURS:
                raise
            failed[f"{name}, {streams} streams"] = f"{type(error).__name__}: {error}"[-300:]
    for name, figures in found.items():
        mine, theirs = found[OURS]["requests_per_s"], figures["requests_per_s"]
        figures["ours_over_this"] = round(mine / theirs, 3) if mine and theirs else None
        print(f"{streams} streams, {name}: {figures}", file=sys.stderr, flush=True)
    return found


def _floored(program: Path, load: Path, streams: int, requests: int) -> dict[str, float | None]:
    with null_server(program, "--ttft-ms", str(TTFT_MS), "--itl-ms", str(ITL_MS)) as port:
        words: list[str | Path] = [load, str(port), str(streams), str(requests), "1", str(TOKENS)]
        done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=300)
    said = json.loads(done.stdout)
    figures = {"requests_per_s": said["rps"], "of_ideal": round(said["rps"] / (streams / SERVICE_S), 3)}
    figures |= {"ttft_p50": said["ttft_p50"], "ttft_p99": said["ttft_p99"]}
    print(f"{streams} streams, {FLOOR}: {figures}", file=sys.stderr, flush=True)
    return figures


def _flown(program: Path, client: Peer, name: str) -> tuple[Truth, Reported, bool | None]:
    """Run a client against a null server of its own and read both sides."""
    with tempfile.TemporaryDirectory() as folder:
        truth, file = _run(program, client, Path(folder))
        if name == OURS:
            return truth, *read_ours(file)
        return truth, _READERS.get(name, read_sglang)(file), None


def _run(program: Path, client: Peer, folder: Path) -> tuple[Truth, Path]:
    log, file = folder / "truth.tsv", folder / "said"
    pace: list[str | Path] = ["--ttft-ms", str(TTFT_MS), "--itl-ms", str(ITL_MS), "--log", log]
    with null_server(program, *pace, "--tokenizer", peers.TOKENIZER) as port:
        words = [str(word).replace("{port}", str(port)).replace("{file}", str(file)) for word in client.words]
        subprocess.run(words, env={**os.environ, **client.env}, check=True, capture_output=True, timeout=300)
    return read_truth(log), file


def _figures(truth: Truth, said: Reported, limited: bool | None, streams: int) -> dict[str, float | None]:
    ttft = errors(said.ttft_ms, truth.ttft_ms, said.ids, truth.ids)
    tpot = errors(said.tpot_ms, truth.tpot_ms, said.ids, truth.ids)
    return {
        "requests_per_s": round(truth.requests_per_s, 1),
        "of_ideal": round(truth.requests_per_s / (streams / SERVICE_S), 3),
        "ttft_p50": quantile(said.ttft_ms, 0.5),
        "ttft_p99": quantile(said.ttft_ms, 0.99),
        "true_ttft_p50": quantile(truth.ttft_ms, 0.5),
        "true_ttft_p99": quantile(truth.ttft_ms, 0.99),
        **{f"ttft_error_{name}": value for name, value in ttft.items()},
        **{f"itl_error_{name}": value for name, value in tpot.items()},
        "delivery_p50": quantile(deliveries_ms(said, truth), 0.5),
        "delivery_p99": quantile(deliveries_ms(said, truth), 0.99),
        "itl_p50": quantile(said.itl_ms, 0.5),
        "client_limited": None if limited is None else float(limited),
    }


def _open_loops(program: Path) -> dict[str, Any]:
    """Return how close arrivals are to a Poisson plan, and what a limit in flight does to the latency."""
    rate: list[str | Path] = ["--rate", str(RATE), "--poisson"]
    limit: list[str | Path] = ["--concurrency", str(LIMIT)]
    found = {"free": _arrivals(program, rate), f"at_most_{LIMIT}": _arrivals(program, [*rate, *limit])}
    for name, client in peers.sglang_clients(RATED, ["--request-rate", str(RATE)]).items():
        truth, _, _ = _flown(program, client, name)
        found[f"free, {name}"] = {"arrived_per_s": _rate(truth.arrived_s)}
    return found


def _arrivals(program: Path, schedule: list[str | Path]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        truth, file = _run(program, peers.ours(RATED, schedule), Path(folder))
        rows = {str(row["index"]): row for row in json.loads(file.read_text())["requests"]}
    due_s = np.array([rows[one]["due_ns"] / 1e9 for one in truth.ids])
    late_ms = (truth.arrived_s - truth.arrived_s.min() - due_s + due_s.min()) * 1000
    return {
        "planned_per_s": _rate(due_s),
        "arrived_per_s": _rate(truth.arrived_s),
        "arrival_after_plan_ms_p99": quantile(late_ms, 0.99),
        "wait_ms_p50": _apart(rows, "due_ns", "first_sent_ns"),
        "ttft_ms_p50": _apart(rows, "due_ns", "first_token_ns"),
        "service_ttft_ms_p50": _apart(rows, "sent_ns", "first_token_ns"),
        "true_ttft_ms_p50": quantile(truth.ttft_ms, 0.5),
    }


def _rate(times_s: Values) -> float:
    return round(float((len(times_s) - 1) / (times_s.max() - times_s.min())), 2)


def _apart(rows: dict[str, Any], begin: str, end: str) -> float | None:
    """Return the median of the time between two moments of a request, in ms."""
    times = [row | {"first_token_ns": row["at_ns"][0]} for row in rows.values()]
    return quantile(np.array([(row[end] - row[begin]) / 1e6 for row in times]), 0.5)
