"""How close two distributions are of which only the most probable tokens are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_REST = 1e-9
"""Where nothing is left beside the compared tokens, so that a logarithm exists."""


@dataclass(frozen=True, kw_only=True)
class Closeness:
    """Hold arrays of shape (n,): divergence in nats, and whether both put the same token first; bounded: a count."""

    kl: NDArray[np.float64]
    agrees: NDArray[np.bool_]
    bounded: int


def closeness(
    reference_ids: NDArray[np.int64],
    reference_logprobs: NDArray[np.float64],
    other_ids: NDArray[np.int64],
    other_logprobs: NDArray[np.float64],
    compared_k: int,
) -> Closeness:
    """Return KL(reference || other) over the union of both sides' top ids and one bucket for all others.

    Arrays are of shape (n, k), most probable first, padded with id -1. An id that a side did not record gets the
    least log-probability that it did record, which is an upper bound; `bounded` counts those.
    """
    if not len(reference_ids) or not reference_ids.shape[1] or not other_ids.shape[1]:
        return Closeness(kl=np.zeros(len(reference_ids)), agrees=np.ones(len(reference_ids), dtype=bool), bounded=0)
    union = np.concatenate([reference_ids[:, :compared_k], other_ids[:, :compared_k]], axis=1)
    counts = _first_of_its_kind(union) & (union >= 0)
    reference, bounded = _look_up(union, counts, reference_ids, reference_logprobs)
    other, more = _look_up(union, counts, other_ids, other_logprobs)
    return Closeness(
        kl=_divergence(reference, other, counts),
        agrees=np.equal(reference_ids[:, 0], other_ids[:, 0]),
        bounded=bounded + more,
    )


def _first_of_its_kind(ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    same = ids[:, :, None] == ids[:, None, :]
    first: NDArray[np.bool_] = ~np.tril(same, k=-1).any(axis=2)
    return first


def _look_up(
    wanted: NDArray[np.int64], counts: NDArray[np.bool_], ids: NDArray[np.int64], logprobs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], int]:
    found = wanted[:, :, None] == ids[:, None, :]
    least = np.where(ids >= 0, logprobs, np.inf).min(axis=1, keepdims=True)
    known = found.any(axis=2)
    values = np.take_along_axis(logprobs, found.argmax(axis=2), axis=1)
    return np.where(known, values, least), int((counts & ~known).sum())


def _divergence(
    reference: NDArray[np.float64], other: NDArray[np.float64], counts: NDArray[np.bool_]
) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        p, q = (np.where(counts, np.exp(side), 0.0) for side in (reference, other))
        terms = np.where(counts & (p > 0), p * (reference - other), 0.0).sum(axis=1)
        rest_p, rest_q = (np.maximum(1.0 - side.sum(axis=1), _LEAST_REST) for side in (p, q))
        return np.asarray(np.maximum(terms + rest_p * np.log(rest_p / rest_q), 0.0))
