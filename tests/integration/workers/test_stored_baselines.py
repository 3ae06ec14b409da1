"""Runs against the stored baseline on a real Postgres: which one it is, and what the report says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from cli.tables import print_report
from db.baseline_choice import NoBaselineError
from db.baselines import demote, list_baselines
from db.runs import get_run
from db.session import transaction
from evals.render.markdown import render_markdown
from evals.result import Report, Verdict
from evals.spec import Role
from tests.integration.workers.baseline_world import (
    LINEAGE,
    MAIN,
    PLAIN,
    STORED,
    answer,
    baseline_run,
    finished,
    promoted,
    reported,
    submitted,
)

pytestmark = pytest.mark.usefixtures("database", "redis_url")


def printed(report: Report) -> str:
    console = Console(width=400)
    with console.capture() as captured:
        print_report(console, report)
    return captured.get()


def test_a_run_against_the_stored_baseline_launches_none_and_says_which_it_is() -> None:
    baseline, _ = finished(MAIN)
    run_id, jobs = submitted(STORED)
    assert list(jobs) == [Role.CANDIDATE]
    answer(jobs[Role.CANDIDATE], wrong=1, facts={"hardware_class": "96 cores"})
    report = reported(run_id)
    assert report.verdict is Verdict.PASS
    assert report.comparisons[0].difference == pytest.approx(-1 / 300)
    assert report.baseline.origin is not None
    assert report.baseline.origin.startswith(f"stored, run {baseline} of 20")
    assert (list(report.candidate.timings_s), report.baseline.timings_s) == (["evaluating"], {})
    assert report.fingerprints[0].allowed == ("hardware differs: 96 cores for the candidate, 2 cores for the baseline",)
    assert f"--baseline run:{baseline}" in report.candidate.settings["submit_command"]
    for text in (render_markdown(report), printed(report)):
        assert f"stored, run {baseline} of" in text
        assert "hardware differs: 96 cores" in text


def test_each_hardware_has_a_baseline_of_its_own_and_a_submission_takes_the_newest_of_all() -> None:
    here, _ = finished(MAIN)
    there, _ = finished(MAIN, facts={"hardware_class": "96 cores"})
    assert (baseline_run(), baseline_run(replace(LINEAGE, hardware="96 cores"))) == (here, there)
    assert baseline_run(replace(LINEAGE, engine="hf")) is None
    run_id, _ = submitted(STORED)
    with transaction() as session:
        source = get_run(session, run_id).submission.baseline_from
        assert len(list_baselines(session)) == 2
    assert source is not None
    assert [result.run_id for result in source.results] == [there]


def test_a_worse_candidate_fails_against_the_stored_baseline_with_its_flips() -> None:
    finished(MAIN)
    run_id, report = finished(STORED, wrong=60)
    assert report.verdict is Verdict.FAIL
    assert len(report.comparisons[0].flips) == 60
    with transaction() as session:
        assert get_run(session, run_id).submission.baseline_words == "sglang (stored)"


def test_a_baseline_that_is_demoted_meanwhile_stays_the_one_that_was_chosen() -> None:
    baseline, _ = finished(MAIN)
    run_id, jobs = submitted(STORED)
    with transaction() as session:
        demote(session, baseline, actor="bob", reason="meanwhile")
    answer(jobs[Role.CANDIDATE])
    assert reported(run_id).verdict is Verdict.PASS
    with pytest.raises(NoBaselineError):
        submitted(STORED)


def test_without_a_stored_baseline_a_submission_is_refused_and_what_is_near_is_named() -> None:
    with pytest.raises(NoBaselineError, match=r"no baseline is stored for gsm8k@\w{12} on sglang$") as caught:
        submitted(STORED)
    assert "backfill" in caught.value.remedy
    run_id, _ = finished(replace(PLAIN, limit=300))
    promoted(run_id)
    with pytest.raises(NoBaselineError, match=rf"others of the same model: gsm8k@\w+ on sglang \(run {run_id}\)"):
        submitted(STORED)
