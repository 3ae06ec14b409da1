"""Runs against another run, by its id, on a real Postgres."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.errors import InvalidSubmissionError
from evals.plan import load_suite
from evals.result import Verdict
from evals.spec import CUSTOM_SUITE, Role
from tests.integration.workers.baseline_world import DEMO, PLAIN, against_run, answer, finished, reported, submitted

pytestmark = pytest.mark.usefixtures("database", "redis_url")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"found": {"max_tokens": "64"}}, "max_tokens differs: 64 for the candidate, 128 for the baseline"),
        ({"facts": {"model_files": "other"}}, "weights differ: other for the candidate, m for the baseline"),
        ({"found": {"prompts_sha256": "q"}}, "prompts_sha256 differs: q for the candidate, p for the baseline"),
        ({"items": 200}, "items differ: 200 for the candidate, 300 for the baseline"),
    ],
)
def test_a_named_run_is_compared_and_what_differs_makes_it_incomparable(
    changed: dict[str, dict[str, str]], said: str
) -> None:
    baseline, _ = finished(PLAIN)
    _, same = finished(against_run(baseline))
    assert same.verdict is Verdict.PASS
    assert str(same.baseline.origin).startswith(f"named, run {baseline} of 20")
    _, report = finished(against_run(baseline), **changed)
    assert report.verdict is Verdict.INCOMPARABLE
    assert any(said in reason for reason in report.reasons)
    assert said in report.fingerprints[0].differing
    assert report.comparisons[0].difference is None


def test_a_stored_run_that_could_stop_early_draws_no_other_into_its_way_of_judging() -> None:
    run_id, jobs = submitted(PLAIN)
    answer(jobs[Role.BASELINE])
    answer(jobs[Role.CANDIDATE], facts={"order:gsm8k": {"seed": 1, "subjects": [["gsm8k", 300]]}})
    reported(run_id)
    _, report = finished(against_run(run_id))
    (row,) = report.comparisons
    assert (row.decided_after, row.candidate and row.candidate.n) == (None, 300)


def test_parity_and_serving_want_a_baseline_that_is_launched() -> None:
    baseline, _ = finished(PLAIN)
    for suite in ("demo-parity", "demo-serving"):
        workloads = (*load_suite(suite), DEMO)
        with pytest.raises(InvalidSubmissionError, match="measures both sides side by side") as caught:
            submitted(replace(against_run(baseline), suite=CUSTOM_SUITE, workloads=workloads))
        assert caught.value.details["field"] == "baseline.run"


def test_a_named_run_must_have_measured_the_same_workloads() -> None:
    with pytest.raises(InvalidSubmissionError, match="there is none of that id"):
        submitted(against_run("r_none"))
    waiting, _ = submitted(PLAIN)
    with pytest.raises(InvalidSubmissionError, match="has not answered everything"):
        submitted(against_run(waiting))
    run_id, _ = finished(PLAIN)
    other = replace(against_run(run_id), suite=CUSTOM_SUITE, workloads=(replace(DEMO, name="other"),))
    with pytest.raises(InvalidSubmissionError, match="it did not measure other, but gsm8k"):
        submitted(other)
