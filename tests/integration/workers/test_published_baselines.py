"""Runs against a published value on a real Postgres."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.settings import settings
from evals.baseline import BaselineKind, BaselineSource, PublishedValue
from evals.errors import InvalidSubmissionError
from evals.result import Verdict
from evals.spec import EngineSpec
from tests.integration.workers.baseline_world import PLAIN, finished
from workers.rescoring import rescore_run

pytestmark = pytest.mark.usefixtures("database", "redis_url")

PUBLISHED = replace(
    PLAIN,
    baseline=EngineSpec(kind="published"),
    baseline_from=BaselineSource(
        kind=BaselineKind.PUBLISHED, published=PublishedValue(value=0.98, n=1319, source="the card")
    ),
)


@pytest.mark.parametrize(("wrong", "verdict"), [(3, Verdict.PASS), (60, Verdict.FAIL), (14, Verdict.INCONCLUSIVE)])
def test_a_published_value_is_compared_without_pairs_and_it_is_said(wrong: int, verdict: Verdict) -> None:
    _, report = finished(PUBLISHED, wrong=wrong)
    row = report.comparisons[0]
    assert report.verdict is verdict
    assert (row.pairs, row.mcnemar_p, row.flips) == (None, None, ())
    assert row.difference == pytest.approx((300 - wrong) / 300 - 0.98)
    assert row.baseline is not None
    assert (row.baseline.value, row.baseline.n) == (0.98, 1319)
    assert report.baseline.origin == "published, 0.98 over 1,319 items (the card)"
    assert any("published, 0.98" in reason for reason in row.reasons)
    assert report.fingerprints[0].baseline is None


def test_no_scorer_judges_a_published_value() -> None:
    run_id, _ = finished(PUBLISHED)
    with pytest.raises(InvalidSubmissionError, match="published value"):
        rescore_run(run_id, "flexible-extract", settings())
