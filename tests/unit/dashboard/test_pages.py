"""What stands on the pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.render import problem_page, run_page, runs_page
from dashboard.report_view import comparison_row, run_view
from dashboard.runs_view import RunsChosen, RunsView, run_rows
from dashboard.sides_view import fact_rows
from db.jobs import JobRecord
from db.runs import RunRecord
from db.states import JobState, Phase, RunState
from evals.metrics import EXACT_MATCH
from evals.result import Comparison, Measurement, Pairs, Report, SideSummary, Verdict
from evals.spec import EngineSpec, JobSpec, ModelSpec, Role, Submission
from tests.unit.evals.parity_examples import another_model, same_model
from tests.unit.evals.report_examples import failed

BEGIN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
MODEL = ModelSpec(path="/models/<i>tiny</i>")
RUN = RunRecord(
    id="r1",
    submission=Submission(
        model=MODEL, candidate=EngineSpec(kind="sglang"), baseline=EngineSpec(kind="hf"), suite="demo", limit=1000
    ),
    state=RunState.RUNNING,
    verdict=None,
    headline=None,
    cancel_requested=False,
    created_at=BEGIN,
    started_at=BEGIN,
    finished_at=None,
)
JOB = JobRecord(
    id="j1",
    run_id="r1",
    role=Role.CANDIDATE,
    spec=JobSpec(
        role=Role.CANDIDATE,
        model=MODEL,
        engine=EngineSpec(kind="sglang", args={"tp-size": 2, "flag": True}, device="cuda", gpus=2),
        workloads=(),
    ),
    queue="jobs.cuda",
    state=JobState.RUNNING,
    phase=Phase.EVALUATING,
    attempt=1,
    failures=0,
    cancel_requested=False,
    worker="h/1",
    progress={"gsm8k": {"done": 30, "total": 300, "right": 20, "scored": 25}},
    timeline=[
        {"phase": "preparing", "attempt": 1, "at": BEGIN.timestamp()},
        {"phase": "evaluating", "attempt": 1, "at": BEGIN.timestamp() + 5},
    ],
    facts={},
    error=None,
    log_path=None,
    created_at=BEGIN,
    started_at=BEGIN,
    finished_at=None,
)
COMPARISON = Comparison(
    workload="gsm8k",
    metric=EXACT_MATCH,
    filter="strict-match",
    verdict=Verdict.FAIL,
    decides=True,
    candidate=Measurement(metric=EXACT_MATCH, filter=None, value=0.7, n=10, low=0.4, high=0.9, unparsed=2),
    baseline=None,
    pairs=Pairs(both_right=7, only_candidate=0, only_baseline=2, neither=1),
    difference=-0.2,
    low=-0.3,
    high=-0.1,
    mcnemar_p=0.5,
    margin=0.05,
    detectable_drop=None,
)


def test_a_running_job_shows_speed_and_what_it_has_taken_so_far() -> None:
    job = run_view(RUN, [JOB], None, now=BEGIN.timestamp() + 15).jobs[0]
    assert (job.counts, job.accuracy, job.rate, job.elapsed) == ("30 of 300", "80.0 %", "3.0 samples/s", "15.0 s")
    assert (job.interval, job.so_far) == ("[60.9, 91.1]", "so far, 25 of 300 judged; no verdict")
    assert [(bar.name, bar.seconds, bar.width) for bar in job.phases] == [
        ("preparing", "5.0 s", 333.3),
        ("evaluating", "10.0 s", 666.7),
    ]
    assert (job.device, job.settings) == ("cuda × 2", "dtype auto · --tp-size=2 · --flag")


def test_the_speed_of_a_repeated_attempt_is_not_guessed() -> None:
    job = run_view(RUN, [replace(JOB, attempt=2)], None, now=BEGIN.timestamp() + 15).jobs[0]
    assert job.rate == "–"


def test_an_ended_job_took_from_its_start_to_its_end() -> None:
    ended = replace(JOB, state=JobState.SUCCEEDED, phase=None, finished_at=BEGIN + timedelta(seconds=105))
    job = run_view(RUN, [ended], None, now=BEGIN.timestamp() + 9999).jobs[0]
    assert job.elapsed == "1 min 45 s"
    assert job.rate == "0.3 samples/s"
    assert job.so_far == ""


def test_a_comparison_tells_numbers_from_what_was_not_measured() -> None:
    row = comparison_row(COMPARISON)
    assert row.candidate == ("70.0 %", "[40.0, 90.0]")
    assert row.baseline == ("not measured", "")
    assert row.difference == ("−20.0 pp", "[−30.0, −10.0]")
    assert (row.verdict, row.style, row.unparsed) == ("Failed", "fail", "2 / 0")
    beside = comparison_row(replace(COMPARISON, decides=False))
    assert (beside.verdict, beside.style) == ("reported only", "neutral")


def test_the_flips_of_a_report_lead_to_their_items() -> None:
    finished = replace(RUN, state=RunState.FINISHED, verdict=Verdict.FAIL, finished_at=BEGIN)
    view = run_view(finished, [JOB], failed(), now=0.0)
    flips = view.flips[0]
    assert (len(flips.rows), flips.more) == (20, len(failed().comparisons[0].flips) - 20)
    assert flips.rows[0].link.startswith("/runs/r1/samples/")
    assert {row.direction for row in flips.rows} <= {"lost", "gained"}
    page = run_page(view)
    assert flips.rows[0].link.replace("&", "&amp;") in page
    assert f"{flips.more} more" in page


def test_a_partial_run_says_so() -> None:
    assert run_view(RUN, [JOB], None, now=0.0).partial == "only the first 1,000 items of each task were asked"
    whole = replace(RUN, submission=replace(RUN.submission, limit=None))
    assert run_view(whole, [JOB], None, now=0.0).partial == ""
    early = replace(COMPARISON, decided_after=96)
    report = replace(failed(), comparisons=(early,))
    assert run_view(whole, [JOB], report, now=0.0).partial == "it stopped early, after 96 items"


def test_a_page_escapes_what_it_is_given_and_lives_while_the_run_does() -> None:
    page = run_page(run_view(RUN, [JOB], None, now=BEGIN.timestamp() + 15))
    assert "<i>tiny" not in page
    assert "/models/&lt;i&gt;tiny&lt;/i&gt;" in page
    assert "live.js" in page
    assert 'value="30"' in page
    done = replace(RUN, state=RunState.FINISHED, verdict=Verdict.PASS, headline="<b>", finished_at=BEGIN)
    page = run_page(run_view(done, [JOB], None, now=0.0))
    assert "live.js" not in page
    assert "&lt;b&gt;" in page


def test_the_list_says_what_a_run_is_doing() -> None:
    rows = run_rows([RUN], {"r1": [JOB]})
    assert (rows[0].word, rows[0].headline) == ("Running", "candidate evaluating, 30 of 300")
    view = RunsView(chosen=RunsChosen(), rows=rows, older=None, later=False, suites=("demo",))
    page = runs_page(view)
    assert "/runs/r1" in page
    assert 'hx-trigger="every 5s"' in page
    assert 'hx-trigger="every 5s"' not in runs_page(replace(view, later=True))
    assert "There is no run yet" in runs_page(replace(view, rows=()))
    assert "No run fits" in runs_page(replace(view, rows=(), chosen=RunsChosen(tag="x")))


def test_a_partial_run_is_marked_in_the_list() -> None:
    cut = replace(RUN, submission=replace(RUN.submission, limit=None))
    assert run_rows([cut], {})[0].partial == ""
    assert run_rows([RUN], {})[0].partial == "only the first 1,000 items"
    (row,) = run_rows([cut], {}, {"r1": "the run stopped early, after 300 items"})
    page = runs_page(RunsView(chosen=RunsChosen(), rows=(row,), older="/runs?before=r1", later=False, suites=()))
    assert 'class="chip partial"' in page
    assert "Partial: the run stopped early" in page
    assert 'href="/runs?before=r1"' in page


def test_a_problem_page_says_what_to_do() -> None:
    page = problem_page(title="Not Found", status=404, detail="<none>", remedy="look elsewhere")
    assert "&lt;none&gt;" in page
    assert "look elsewhere" in page


def test_the_facts_of_a_side_tell_what_was_reused() -> None:
    side = SideSummary(role="baseline", engine="hf", model="m", state="succeeded", reused={"j2": 10, "j1": 290})
    rows = {row.name: row for row in fact_rows(replace(side, reused={}), side)}
    assert (rows["reused answers"].candidate, rows["reused answers"].baseline) == ("–", "300 from j1, j2")


@pytest.mark.parametrize(("report", "word"), [(same_model(), "Passed"), (another_model(), "Failed")])
def test_parity_stands_above_the_comparison_with_its_positions(report: Report, word: str) -> None:
    done = replace(RUN, state=RunState.FINISHED, verdict=report.verdict, headline=report.headline, finished_at=BEGIN)
    view = run_view(done, [JOB], report, now=0.0)
    assert [row.workload for row in view.comparisons] == ["gsm8k", "gsm8k"]
    (parity,) = view.parity
    assert (parity.word, len(parity.checks)) == (word, 3)
    prefill = parity.checks[1]
    assert prefill.open is (word == "Failed")
    assert prefill.tables[-1].rows[0][3] == '"<|im_end|> | ``` @torvalds\\n"'
    page = run_page(view)
    assert page.index("Parity: parity") < page.index("Comparison")
    assert "&lt;|im_end|&gt;" in page
    assert "<|im_end|>" not in page
    assert ("&lt;/pre&gt;" in page) is (word == "Failed")
    assert "length/longest: longer than the context" in page
