"""Runs against stored, named, published and backfilled baselines on a real Postgres, and what becomes a baseline."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from cli.tables import print_report
from db.baseline_choice import NoBaselineError
from db.baselines import (
    NothingToPromoteError,
    VerdictForbidsError,
    demote,
    history,
    list_baselines,
    promote,
)
from db.codec import to_json
from db.lineages import results_of
from db.promotions import Action
from db.reports import save_report
from db.runs import finish_run, get_run, retry_run
from db.session import transaction
from db.settings import settings
from db.states import RunState
from db.tables import Run
from db.tables_baselines import LineageResult, Promotion
from evals.baseline import BaselineKind, BaselineSource, PublishedValue
from evals.errors import InvalidSubmissionError
from evals.fingerprinting import lineage_of
from evals.lineage import Lineage
from evals.plan import load_suite
from evals.render.markdown import render_markdown
from evals.result import Report, Verdict
from evals.spec import CUSTOM_SUITE, EngineSpec, PullRequest, Role, Submission
from tests.integration.workers.baseline_world import (
    DEMO,
    MAIN,
    PLAIN,
    STORED,
    against_run,
    answer,
    fail,
    finished,
    reported,
    submitted,
)
from workers import tasks
from workers.reporting import report_of
from workers.rescoring import rescore_run

pytestmark = pytest.mark.usefixtures("database", "redis_url")

LINEAGE = lineage_of(PLAIN.model, DEMO, "sglang", "2 cores")
BACKFILL = replace(STORED, baseline_from=BaselineSource(kind=BaselineKind.STORED, backfill=True))


def baseline_run(lineage: Lineage = LINEAGE) -> str | None:
    with transaction() as session:
        found = list_baselines(session, lineage=lineage.key)
    return found[0].result.run_id if found else None


def promoted(run_id: str, *, despite_verdict: bool = False) -> int:
    with transaction() as session:
        return len(promote(session, run_id, actor="ann", reason="good", despite_verdict=despite_verdict))


def log(lineage: Lineage = LINEAGE) -> list[tuple[str, str, str]]:
    with transaction() as session:
        return [(one.action.value, one.actor, one.result.run_id) for one in history(session, lineage.key)]


def printed(report: Report) -> str:
    console = Console(width=400)
    with console.capture() as captured:
        print_report(console, report)
    return captured.get()


def test_a_passed_run_tagged_main_becomes_the_baseline_by_itself_once() -> None:
    run_id, report = finished(MAIN)
    assert report.verdict is Verdict.PASS
    assert log() == [("promoted", "main passed", run_id)]
    with transaction() as session:
        (result,) = results_of(session, run_id)
        assert promote(session, run_id, actor="ann", reason="again") == []
    deciding = result.metrics["exact_match,strict-match"]
    assert (result.role, result.verdict, result.partial, result.tags) == (Role.CANDIDATE, "pass", None, ("main",))
    assert (deciding["value"], deciding["n"], deciding["decides"]) == (1.0, 300, True)
    assert result.fingerprint["sampling"]["max_tokens"] == "128"
    assert result.fingerprint_sha256 == report.fingerprints[0].candidate_sha256


@pytest.mark.parametrize(
    ("submission", "wrong"),
    [
        (PLAIN, 0),
        (MAIN, 60),
        (replace(MAIN, limit=300), 0),
        (replace(MAIN, pull_request=PullRequest(repository="o/r", number=1)), 0),
    ],
)
def test_a_run_that_is_not_mains_or_failed_or_a_part_or_of_a_pull_request_never_does(
    submission: Submission, wrong: int
) -> None:
    run_id, _ = finished(submission, wrong=wrong)
    with transaction() as session:
        assert len(results_of(session, run_id)) == 1
        assert list_baselines(session) == []


def test_a_side_that_lacks_answers_is_no_result_and_nobody_can_promote_it() -> None:
    run_id, report = finished(MAIN, missing=5)
    assert report.verdict is Verdict.INCOMPARABLE
    with transaction() as session:
        assert results_of(session, run_id) == []
    with pytest.raises(NothingToPromoteError, match="no whole result"):
        promoted(run_id, despite_verdict=True)


def test_a_run_with_a_failed_job_is_no_result_until_its_retry_has_passed() -> None:
    run_id, jobs = submitted(MAIN)
    answer(jobs[Role.BASELINE])
    fail(jobs[Role.CANDIDATE])
    assert reported(run_id).verdict is Verdict.ERROR
    with pytest.raises(NothingToPromoteError):
        promoted(run_id)
    with transaction() as session:
        retry_run(session, run_id)
    answer(jobs[Role.CANDIDATE])
    assert reported(run_id).verdict is Verdict.PASS
    assert baseline_run() == run_id


def test_a_failed_run_is_promoted_only_when_a_person_insists() -> None:
    run_id, report = finished(MAIN, wrong=60)
    assert report.verdict is Verdict.FAIL
    with pytest.raises(VerdictForbidsError, match="the verdict about gsm8k is fail"):
        promoted(run_id)
    assert baseline_run() is None
    assert promoted(run_id, despite_verdict=True) == 1
    assert baseline_run() == run_id


def test_a_demotion_brings_the_baseline_before_it_back_and_history_keeps_all() -> None:
    first, _ = finished(MAIN)
    second, _ = finished(MAIN)
    assert baseline_run() == second
    with transaction() as session:
        demote(session, second, actor="bob", reason="wrong driver")
    assert baseline_run() == first
    with transaction() as session, pytest.raises(NothingToPromoteError, match="no result of run"):
        demote(session, second, actor="bob", reason="again")
    assert promoted(first) == 0
    assert promoted(second) == 1
    assert log() == [
        ("promoted", "ann", second),
        ("demoted", "bob", second),
        ("promoted", "main passed", second),
        ("promoted", "main passed", first),
    ]
    with transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Promotion)) == 4
        measured = sa.select(LineageResult.run_id).where(LineageResult.lineage == LINEAGE.key)
        assert session.scalars(measured.order_by(LineageResult.id)).all() == [first, second]
        assert [one.action for one in list_baselines(session)] == [Action.PROMOTED]


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


def test_without_a_stored_baseline_a_submission_is_refused_and_what_is_near_is_named() -> None:
    with pytest.raises(NoBaselineError, match=r"no baseline is stored for gsm8k@\w{12} on sglang$") as caught:
        submitted(STORED)
    assert "backfill" in caught.value.remedy
    run_id, _ = finished(replace(PLAIN, limit=300))
    promoted(run_id)
    with pytest.raises(NoBaselineError, match=rf"others of the same model: gsm8k@\w+ on sglang \(run {run_id}\)"):
        submitted(STORED)


def test_a_missing_baseline_is_backfilled_and_then_stored() -> None:
    run_id, jobs = submitted(BACKFILL)
    assert list(jobs) == [Role.CANDIDATE, Role.BASELINE]
    answer(jobs[Role.CANDIDATE], wrong=60)
    answer(jobs[Role.BASELINE])
    assert reported(run_id).verdict is Verdict.FAIL
    assert log() == [("promoted", "backfill", run_id)]
    with transaction() as session:
        (one,) = list_baselines(session, lineage=LINEAGE.key)
    found = one.result
    assert (found.job_id, found.verdict, found.role) == (jobs[Role.BASELINE].id, None, Role.BASELINE)
    _, again = submitted(BACKFILL)
    assert list(again) == [Role.CANDIDATE]


def backfilled(submission: Submission = BACKFILL, **baseline: Any) -> str:
    """Return a reported run that launched its baseline; baseline: what is other about it (see `answer`)."""
    run_id, jobs = submitted(submission)
    answer(jobs[Role.CANDIDATE])
    answer(jobs[Role.BASELINE], **baseline)
    reported(run_id)
    return run_id


THERE = replace(LINEAGE, hardware="96 cores")


@pytest.mark.parametrize("hardware", ["2 cores", "96 cores"])
def test_a_backfill_replaces_no_accepted_baseline_on_any_hardware(hardware: str) -> None:
    waiting, jobs = submitted(BACKFILL)
    accepted, _ = finished(MAIN)
    answer(jobs[Role.CANDIDATE])
    answer(jobs[Role.BASELINE], facts={"hardware_class": hardware})
    reported(waiting)
    assert log() == [("promoted", "main passed", accepted)]
    assert baseline_run(THERE) is None


def test_of_backfills_at_once_only_one_is_accepted() -> None:
    waiting = [submitted(BACKFILL) for _ in range(2)]
    for run_id, jobs in waiting:
        for job in jobs.values():
            answer(job)
        with transaction() as session:
            assert finish_run(session, run_id)
    (first, _), (second, _) = waiting
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            save_report(session, report_of(session, first))
            other = pool.submit(tasks._save_report, second, None)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.5)
        other.result(timeout=30)
    assert log() == [("promoted", "backfill", first)]


PULL = PullRequest(repository="o/r", number=1)
BUILT = replace(BACKFILL.baseline, source="git:https://x.org/r@main")
PACKAGED = replace(BACKFILL.baseline, external_package="/code/p")


@pytest.mark.parametrize(
    ("submission", "accepted"),
    [
        (replace(BACKFILL, pull_request=PULL), False),
        (replace(BACKFILL, pull_request=PULL, tags=("main",)), False),
        (replace(BACKFILL, baseline=BUILT), False),
        (replace(BACKFILL, baseline=PACKAGED), False),
        (replace(BACKFILL, baseline=BUILT, tags=("main",)), True),
    ],
)
def test_a_backfill_of_a_pull_request_or_of_code_from_elsewhere_is_accepted_only_with_the_tag_main(
    submission: Submission, accepted: bool
) -> None:
    run_id = backfilled(submission)
    with transaction() as session:
        assert Role.BASELINE in [result.role for result in results_of(session, run_id)]
    assert (("promoted", "backfill", run_id) in log()) is accepted


def test_a_backfill_that_could_not_be_compared_is_not_accepted() -> None:
    run_id = backfilled(found={"prompts_sha256": "q"})
    with transaction() as session:
        assert len(results_of(session, run_id)) == 2
    assert log() == []


def of_the_past(run_id: str) -> None:
    with transaction() as session:
        gone = to_json(replace(MAIN, suite="a suite of the past"))
        session.execute(sa.update(Run).where(Run.id == run_id).values(submission=gone))


def test_what_the_jobs_were_asked_is_the_lineage_whatever_became_of_the_suite() -> None:
    run_id, jobs = submitted(MAIN)
    for job in jobs.values():
        answer(job)
    of_the_past(run_id)
    assert reported(run_id).verdict is Verdict.PASS
    assert baseline_run() == run_id


def test_a_report_without_findings_ends_its_run_whatever_else_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no points today")

    monkeypatch.setattr("db.reports.save_points", broken)
    run_id, report = finished(MAIN)
    assert "no points today" in report.headline
    with transaction() as session:
        assert get_run(session, run_id).state is RunState.FINISHED


def test_a_stored_run_that_could_stop_early_draws_no_other_into_its_way_of_judging() -> None:
    run_id, jobs = submitted(PLAIN)
    answer(jobs[Role.BASELINE])
    answer(jobs[Role.CANDIDATE], facts={"order:gsm8k": {"seed": 1, "subjects": [["gsm8k", 300]]}})
    reported(run_id)
    _, report = finished(against_run(run_id))
    (row,) = report.comparisons
    assert (row.decided_after, row.candidate and row.candidate.n) == (None, 300)


def test_a_backfill_that_failed_stores_nothing() -> None:
    run_id, jobs = submitted(BACKFILL)
    answer(jobs[Role.CANDIDATE])
    fail(jobs[Role.BASELINE])
    assert reported(run_id).verdict is Verdict.ERROR
    assert baseline_run() is None


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


def test_no_scorer_judges_a_published_value() -> None:
    run_id, _ = finished(PUBLISHED)
    with pytest.raises(InvalidSubmissionError, match="published value"):
        rescore_run(run_id, "flexible-extract", settings())
