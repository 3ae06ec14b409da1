"""Stratified orders: permutations, the same for the same seed, and in proportion all along."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from evals.statistics.ordering import stratified_order

STRATA = st.lists(st.sampled_from("abcdefg"), max_size=200)


@given(STRATA, st.integers(0, 2**40))
def test_it_is_a_permutation_and_the_same_for_the_same_seed(strata: list[str], seed: int) -> None:
    order = stratified_order(strata, seed)
    assert sorted(order) == list(range(len(strata)))
    assert order == stratified_order(strata, seed)


@given(STRATA.filter(bool), st.integers(0, 1000))
def test_no_stratum_is_ahead_or_behind_of_another_by_more_than_an_item(strata: list[str], seed: int) -> None:
    sizes, taken = Counter(strata), Counter[str]()
    for position in stratified_order(strata, seed):
        taken[strata[position]] += 1
        for one in sizes:
            for other in sizes:
                # Their shares of what is taken differ by less than an item of each.
                assert taken[one] / sizes[one] - taken[other] / sizes[other] < 1 / sizes[one] + 1 / sizes[other]


def test_another_seed_gives_another_order_within_and_between_strata() -> None:
    strata = ["a"] * 50 + ["b"] * 50
    one, other = stratified_order(strata, 1), stratified_order(strata, 2)
    assert [place for place in one if place < 50] != [place for place in other if place < 50]
    assert one != other


def test_the_order_is_fixed_for_ever() -> None:
    # A recorded seed must lead to the recorded order, whatever version of Python reads it.
    assert stratified_order(["a"] * 6 + ["b"] * 3 + ["c"], 3) == [5, 0, 8, 2, 1, 7, 3, 4, 9, 6]
