"""The divergence over the union of top tokens."""

from __future__ import annotations

import numpy as np
import pytest

from evals.parity.judging.closeness import Closeness, closeness


def compare(reference: dict[int, float], other: dict[int, float], compared_k: int) -> Closeness:
    ids, logprobs = [], []
    for side in (reference, other):
        ids.append(np.asarray([list(side)]))
        logprobs.append(np.log(np.asarray([list(side.values())])))
    return closeness(ids[0], logprobs[0], ids[1], logprobs[1], compared_k)


def test_the_divergence_is_that_of_the_compared_tokens_and_one_bucket_for_the_rest() -> None:
    reference, other = {7: 0.6, 8: 0.3, 9: 0.05}, {8: 0.4, 7: 0.4, 9: 0.05}
    found = compare(reference, other, 2)
    by_hand = 0.6 * np.log(0.6 / 0.4) + 0.3 * np.log(0.3 / 0.4) + 0.1 * np.log(0.1 / 0.2)
    assert found.kl[0] == pytest.approx(by_hand)
    assert (found.agrees[0], found.bounded) == (False, 0)


def test_a_token_of_either_sides_top_counts_once() -> None:
    found = compare({1: 0.7, 2: 0.2, 3: 0.1}, {1: 0.7, 3: 0.2, 2: 0.1}, 2)
    assert found.kl[0] == pytest.approx(0.2 * np.log(0.2 / 0.1) + 0.1 * np.log(0.1 / 0.2))
    assert found.agrees[0]


def test_a_token_that_a_side_did_not_record_gets_its_least_probability_and_is_counted() -> None:
    found = compare({1: 0.9, 2: 0.08}, {1: 0.9, 3: 0.06}, 2)
    p, q = [0.9, 0.08, 0.08], [0.9, 0.06, 0.06]
    by_hand = sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))
    rest = max(1 - sum(p), 1e-9) * np.log(max(1 - sum(p), 1e-9) / max(1 - sum(q), 1e-9))
    assert found.kl[0] == pytest.approx(max(by_hand + rest, 0.0))
    assert found.bounded == 2


def test_equal_distributions_do_not_diverge() -> None:
    assert compare({1: 0.9, 2: 0.1}, {1: 0.9, 2: 0.1}, 2).kl[0] == 0.0
