"""The metrics Plumbline knows: one constant each, with unit, direction and kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"


class Kind(StrEnum):
    """How a metric is judged."""

    ACCURACY = "accuracy"
    PERFORMANCE = "performance"
    PARITY = "parity"
    CHECK = "check"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """Name something that is measured; whoever shows metrics loops over all of them."""

    name: str
    title: str
    unit: str
    direction: Direction
    kind: Kind


EXACT_MATCH = Metric(
    name="exact_match", title="exact match", unit="share", direction=Direction.HIGHER, kind=Kind.ACCURACY
)
ACCURACY = Metric(name="acc", title="accuracy", unit="share", direction=Direction.HIGHER, kind=Kind.ACCURACY)
ACCURACY_NORM = Metric(
    name="acc_norm", title="length-normalised accuracy", unit="share", direction=Direction.HIGHER, kind=Kind.ACCURACY
)

DIRECTION_OF = "direction of "
"""How the facts begin that say which way a metric improves which is not known here ("direction of f1": "higher")."""

ACCURACY_OFFICIAL = Metric(
    name="acc_official",
    title="official accuracy (chance credit for unparsed answers)",
    unit="share",
    direction=Direction.HIGHER,
    kind=Kind.ACCURACY,
)


def _error(name: str, title: str) -> Metric:
    return Metric(name=name, title=title, unit="nats", direction=Direction.LOWER, kind=Kind.PARITY)


def _agreement(name: str, title: str) -> Metric:
    return Metric(name=name, title=title, unit="share", direction=Direction.HIGHER, kind=Kind.PARITY)


PARITY_METRICS: dict[str, Metric] = {
    "tokens": _agreement("token_agreement", "tokens of the same texts"),
    "prefill": _error("prefill_error", "prefill log-probabilities"),
    "decode": _agreement("decode_agreement", "greedy tokens"),
    "output": _error("output_error", "log-probabilities of greedy tokens"),
    "batch": _error("batch_error", "batch of many against batch of one"),
    "cache": _error("cache_error", "prefix cache against cold"),
    "chunk": _error("chunk_error", "prefill in chunks against whole"),
}
"""The metric of each parity check: how far log-probabilities are apart, or how many texts and prompts are equal."""


def _latency(name: str, title: str) -> Metric:
    return Metric(name=name, title=title, unit="ms", direction=Direction.LOWER, kind=Kind.PERFORMANCE)


def _rate(name: str, title: str, unit: str) -> Metric:
    return Metric(name=name, title=title, unit=unit, direction=Direction.HIGHER, kind=Kind.PERFORMANCE)


SERVING_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _latency("ttft_p50", "median TTFT"),
        _rate("output_tokens_per_s", "output throughput", "tokens/s"),
        _latency("ttft_p99", "TTFT p99"),
        _latency("itl_p50", "median ITL"),
        _latency("itl_p99", "ITL p99"),
        _latency("tpot_p50", "median TPOT"),
        _latency("e2e_p50", "median E2E latency"),
        _latency("e2e_p99", "E2E latency p99"),
        _rate("requests_per_s", "requests", "requests/s"),
        _rate("input_tokens_per_s", "input throughput", "tokens/s"),
        _rate("goodput_share", "answers within the limits", "share"),
    )
}
"""What a duel compares, in the order in which it is shown; `evals.duel.stopping.deciding` says what decides."""

ENGINE_CHECK_METRIC = Metric(
    name="engine_check", title="the engine's own check", unit="share", direction=Direction.HIGHER, kind=Kind.CHECK
)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        EXACT_MATCH,
        ACCURACY,
        ACCURACY_NORM,
        ACCURACY_OFFICIAL,
        *PARITY_METRICS.values(),
        *SERVING_METRICS.values(),
        ENGINE_CHECK_METRIC,
    )
}
