"""Means over groups, against statsmodels and against the matrices that the formulas come from."""

from __future__ import annotations

from math import sqrt
from statistics import stdev

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from evals.statistics.clusters import ClusteredMean, clustered_mean
from evals.statistics.means import mean, t_interval

Floats = NDArray[np.float64]


def grouped(seed: int, n: int = 200, groups: int = 9) -> tuple[Floats, NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    labels = random.choice(groups, size=n, p=np.arange(1, groups + 1) / (groups * (groups + 1) / 2))
    return random.normal(size=n) + 0.4 * random.normal(size=groups)[labels], labels


def found(values: Floats, labels: NDArray[np.int64]) -> ClusteredMean:
    result = clustered_mean(values.tolist(), labels.tolist())
    assert result is not None
    return result


@pytest.mark.parametrize("seed", range(3))
def test_groups_of_equal_size_give_cr1_with_one_degree_less_than_groups(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=60)
    labels = np.repeat(np.arange(6), 10)
    fit = sm.OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": labels}, use_t=True)
    result = found(values, labels)
    assert (result.error, result.degrees) == pytest.approx((float(fit.bse[0]), 5.0), abs=1e-9)
    interval = result.interval()
    assert (interval.low, interval.high) == pytest.approx(tuple(fit.conf_int()[0]), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_cr2_and_its_degrees_are_those_of_the_full_matrices(seed: int) -> None:
    values, labels = grouped(seed)
    n, names = len(values), np.unique(labels)
    residuals, hat = values - values.mean(), np.full((n, n), 1 / n)
    rows = []
    for name in names:
        own = labels == name
        roots, vectors = np.linalg.eigh(np.eye(own.sum()) - hat[np.ix_(own, own)])
        row = np.zeros(n)
        row[own] = (vectors @ np.diag(roots**-0.5) @ vectors.T).sum(axis=0) / n
        rows.append(row)
    scaled = np.array(rows)
    inside, between = by_analysis_of_variance(values, labels)
    alike = inside * np.eye(n) + between * (labels[:, None] == labels[None, :])
    spread = scaled @ (np.eye(n) - hat) @ alike @ (np.eye(n) - hat) @ scaled.T
    result = found(values, labels)
    assert result.error == pytest.approx(sqrt(((scaled @ residuals) ** 2).sum()), abs=1e-12)
    assert result.degrees == pytest.approx(np.trace(spread) ** 2 / (spread**2).sum(), rel=1e-9)


def by_analysis_of_variance(values: Floats, labels: NDArray[np.int64]) -> tuple[float, float]:
    parts = [values[labels == name] for name in np.unique(labels)]
    n, groups = len(values), len(parts)
    inside = sum(((part - part.mean()) ** 2).sum() for part in parts) / (n - groups)
    between = sum(len(part) * (part.mean() - values.mean()) ** 2 for part in parts) / (groups - 1)
    typical = (n - sum(len(part) ** 2 for part in parts) / n) / (groups - 1)
    return inside, max(0.0, between - inside) / typical


def test_items_that_are_their_own_groups_give_students_interval() -> None:
    values, _ = grouped(1)
    result, plain = found(values, np.arange(len(values))).interval(), t_interval(values.tolist())
    assert plain is not None
    assert (result.low, result.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


def test_several_answers_to_each_question_are_judged_as_their_means_are() -> None:
    # What `evals.repeats` does: the mean of each question's answers first, then Student's t over questions.
    answers = np.random.default_rng(5).binomial(1, 0.6, size=(80, 4)).astype(float)
    result = found(answers.ravel(), np.repeat(np.arange(80), 4))
    means = answers.mean(axis=1).tolist()
    assert (result.value, result.error, result.degrees) == pytest.approx(
        (mean(means), stdev(means) / sqrt(80), 79.0), abs=1e-12
    )


def test_p_values_are_half_of_the_error_at_the_ends_of_the_interval() -> None:
    result = found(*grouped(2))
    assert result.p_values(result.interval().low) == pytest.approx((0.025, 0.975))
    assert result.p_values(result.interval().high) == pytest.approx((0.975, 0.025))


@pytest.mark.parametrize(
    ("values", "labels"), [([0.0] * 6, [1, 2] * 3), ([1.0, 0.0], [1, 1]), ([0.3] * 4, [1, 1, 2, 2])]
)
def test_groups_that_say_nothing_give_none(values: list[float], labels: list[int]) -> None:
    assert clustered_mean(values, labels) is None


def test_a_group_that_holds_most_items_leaves_hardly_any_degrees_of_freedom() -> None:
    sizes = (10, 20, 30, 100, 400)
    labels = np.repeat(np.arange(5), sizes)
    assert found(np.random.default_rng(3).normal(size=560), labels).degrees < 1.6
