"""What the null server wrote down of a load, and how far a client's own figures are from it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TTFT_MS, ITL_MS, TOKENS = 50.0, 5.0, 64
SERVICE_S = (TTFT_MS + (TOKENS - 1) * ITL_MS) / 1000

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Hold the server's times, by request (ms; arrived_s, first_s: seconds on the common clock), as its log has them.

    ttft_ms: from the first byte of a request that it read to its sending of the first token; tpot_ms: from there to its
    last token, over the tokens after the first.
    """

    ids: list[str]
    arrived_s: Values
    first_s: Values
    ttft_ms: Values
    tpot_ms: Values
    flying_s: float

    @property
    def requests_per_s(self) -> float:
        """Return the rate from the first byte of the first request to the last byte of the last answer."""
        return len(self.ids) / self.flying_s


@dataclass(frozen=True, kw_only=True)
class Reported:
    """Hold what a client says: by request, and itl_ms: all its gaps. ids, first_s: where it sends ids, keeps times."""

    ttft_ms: Values
    tpot_ms: Values
    itl_ms: Values
    ids: list[str] | None = None
    first_s: Values | None = None


def read_truth(log: Path) -> Truth:
    """Read a null server's log."""
    header, *lines = log.read_text().splitlines()
    rows = [dict(zip(header.split(), line.split("\t"), strict=True)) for line in lines]
    times = {name: np.array([int(row[name]) for row in rows]) for name in ("t_byte", "t_first", "t_last", "t_done")}
    tokens = np.array([int(row["ntok"]) for row in rows])
    return Truth(
        ids=[row["rid"] for row in rows],
        arrived_s=times["t_byte"] / 1e9,
        first_s=times["t_first"] / 1e9,
        ttft_ms=(times["t_first"] - times["t_byte"]) / 1e6,
        tpot_ms=(times["t_last"] - times["t_first"]) / 1e6 / np.maximum(tokens - 1, 1),
        flying_s=float(times["t_done"].max() - times["t_byte"].min()) / 1e9,
    )


def read_ours(file: Path) -> tuple[Reported, bool]:
    """Read the file of `python -m evals serving --json`, and whether it calls its client the limit."""
    said = json.loads(file.read_text())
    rows = [row for row in said["requests"] if row["fault"] is None]
    gaps = [
        np.repeat(gap / carried, carried)
        for row in rows
        for gap, carried in [(np.diff(row["at_ns"]) / 1e6, np.diff(row["tokens"]))]
    ]
    reported = Reported(
        ids=[str(row["index"]) for row in rows],
        first_s=np.array([(row["at_ns"][0] + said["start_ns"]) / 1e9 for row in rows]),
        ttft_ms=np.array([(row["at_ns"][0] - row["sent_ns"]) / 1e6 for row in rows]),
        tpot_ms=np.array([(row["at_ns"][-1] - row["at_ns"][0]) / 1e6 / (row["tokens"][-1] - 1) for row in rows]),
        itl_ms=np.concatenate(gaps),
    )
    return reported, said["summary"]["client"]["client_limited"]


def read_sglang(file: Path) -> Reported:
    """Read the last line of SGLang's --output-file, of either of its clients."""
    said = json.loads(file.read_text().splitlines()[-1])
    firsts, gaps = said["ttfts"], said["itls"]
    return Reported(
        ttft_ms=np.array(firsts) * 1000,
        tpot_ms=np.array([sum(gap) * 1000 / (TOKENS - 1) for gap in gaps]),
        itl_ms=np.array([one * 1000 for gap in gaps for one in gap]),
    )


def read_guidellm(file: Path) -> Reported:
    """Read guidellm's JSON, whose gaps are a mean for each request."""
    rows = json.loads(file.with_suffix(".json").read_text())["benchmarks"][0]["requests"]["successful"]
    means = np.array([row["inter_token_latency_ms"] for row in rows])
    return Reported(ttft_ms=np.array([row["time_to_first_token_ms"] for row in rows]), tpot_ms=means, itl_ms=means)


def read_aiperf(folder: Path) -> Reported:
    """Read the records in aiperf's folder; its gaps lie between chunks, of which each carries a token here."""
    rows = [json.loads(line) for line in (folder / "profile_export.jsonl").read_text().splitlines()]
    rows = [row for row in rows if not row.get("error")]
    gaps = [np.array(row["metrics"]["inter_chunk_latency"]["value"]) for row in rows]
    return Reported(
        ids=[row["metadata"]["x_request_id"] for row in rows],
        ttft_ms=np.array([row["metrics"]["time_to_first_token"]["value"] for row in rows]),
        tpot_ms=np.array([gap.sum() / (TOKENS - 1) for gap in gaps]),
        itl_ms=np.concatenate(gaps),
    )


def errors(said: Values, true: Values, ids: list[str] | None, true_ids: Sequence[str]) -> dict[str, float | None]:
    """Return how far a client's values are from the truth: median and p99 of the absolute difference.

    Requests are matched by their ids; `sorted_*` compares the two distributions value by value, which is all that a
    client allows that sends no ids, and can only be smaller.
    """
    apart = np.abs(np.sort(said) - np.sort(true)) if len(said) == len(true) else None
    matched = None
    if ids is not None:
        by_id = dict(zip(true_ids, true.tolist(), strict=True))
        matched = np.abs(said - np.array([by_id[one] for one in ids]))
    return {
        "matched_p50": quantile(matched, 0.5),
        "matched_p99": quantile(matched, 0.99),
        "sorted_p50": quantile(apart, 0.5),
        "sorted_p99": quantile(apart, 0.99),
    }


def deliveries_ms(said: Reported, truth: Truth) -> Values | None:
    """Return how long after the server's sending of a first token the client has stamped it; None without ids.

    It is the part of the error that is the client's and the kernel's own: the time between the client's sending and
    the server's reading, which `errors` counts as well, is the server's where that is busy.
    """
    if said.ids is None or said.first_s is None:
        return None
    by_id = dict(zip(truth.ids, truth.first_s.tolist(), strict=True))
    late_ms: Values = (said.first_s - np.array([by_id[one] for one in said.ids])) * 1000
    return late_ms


def quantile(values: Values | None, share: float) -> float | None:
    """Return a quantile, rounded to what is worth reading; None of nothing."""
    return None if values is None or not len(values) else round(float(np.quantile(values, share)), 3)


def medians(rounds: list[dict[str, float | None]]) -> dict[str, float | None]:
    """Return each figure's median over the rounds; None where a round lacks it."""
    columns = {name: [one[name] for one in rounds] for name in rounds[0]}
    return {
        name: None if None in values else statistics.median(value for value in values if value is not None)
        for name, values in columns.items()
    }
