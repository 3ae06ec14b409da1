"""What stands on the pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.flip_view import flip_view
from dashboard.render import problem_page, run_page, runs_page
from dashboard.report_view import comparison_row, fact_rows, run_view
from dashboard.runs_view import run_rows
from db.jobs import JobRecord
from db.runs import RunRecord
from db.sample_pairs import SamplePair, SampleSide
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
    job = run_view(RUN, [JOB], None, [], now=BEGIN.timestamp() + 15).jobs[0]
    assert (job.counts, job.accuracy, job.rate, job.elapsed) == ("30 of 300", "80.0 %", "3.0 samples/s", "15.0 s")
    assert [(bar.name, bar.seconds, bar.width) for bar in job.phases] == [
        ("preparing", "5.0 s", 333.3),
        ("evaluating", "10.0 s", 666.7),
    ]
    assert (job.device, job.settings) == ("cuda × 2", "dtype auto · --tp-size=2 · --flag")


def test_the_speed_of_a_repeated_attempt_is_not_guessed() -> None:
    job = run_view(RUN, [replace(JOB, attempt=2)], None, [], now=BEGIN.timestamp() + 15).jobs[0]
    assert job.rate == "–"


def test_an_ended_job_took_from_its_start_to_its_end() -> None:
    ended = replace(JOB, state=JobState.SUCCEEDED, phase=None, finished_at=BEGIN + timedelta(seconds=105))
    job = run_view(RUN, [ended], None, [], now=BEGIN.timestamp() + 9999).jobs[0]
    assert job.elapsed == "1 min 45 s"
    assert job.rate == "0.3 samples/s"


def test_a_comparison_tells_numbers_from_what_was_not_measured() -> None:
    row = comparison_row(COMPARISON)
    assert row.candidate == ("70.0 %", "[40.0, 90.0]")
    assert row.baseline == ("not measured", "")
    assert row.difference == ("−20.0 pp", "[−30.0, −10.0]")
    assert (row.verdict, row.style, row.unparsed) == ("Failed", "fail", "2 / 0")
    beside = comparison_row(replace(COMPARISON, decides=False))
    assert (beside.verdict, beside.style) == ("reported only", "neutral")


def test_a_flip_shows_the_question_behind_the_examples() -> None:
    side = SampleSide(
        value=0.0,
        parsed=False,
        extracted=None,
        text="well",
        finish_reason="length",
        prompt_tokens=1,
        completion_tokens=1200,
        latency_ms=None,
    )
    pair = SamplePair(
        workload="gsm8k",
        task="gsm8k",
        doc_id=3,
        metric="m",
        gold="4",
        prompt="Q: a?\nA: 1\n\nQ: b?\nA:",
        flip="lost",
        candidate=side,
        baseline=replace(side, value=None, text=None, completion_tokens=None, finish_reason=None),
    )
    view = flip_view(pair)
    assert view.question == "Q: b?\nA:"
    assert (view.candidate.right, view.candidate.extracted) == (False, "nothing found in the answer")
    assert view.candidate.note == "1,200 tokens, ended by length"
    assert (view.baseline.right, view.baseline.shared) == (None, "no answer was recorded")
    assert view.parting == ""
    theirs = replace(side, value=1.0, parsed=True, extracted="4", text="well, <b>4</b> it is")
    parted = flip_view(replace(pair, candidate=replace(side, text="well, 5 it is"), baseline=theirs))
    assert parted.parting == "The texts part at word 2."
    assert (parted.candidate.shared, parted.candidate.differing, parted.candidate.rest) == ("well,", " 5", " it is")
    finished = replace(RUN, state=RunState.FINISHED, verdict=Verdict.FAIL, finished_at=BEGIN)
    flips = [replace(pair, candidate=replace(side, text="well, 5 it is"), baseline=theirs)]
    report = failed()
    page = run_page(run_view(finished, [JOB], report, flips, now=0.0))
    assert "<pre>well,<mark> &lt;b&gt;4&lt;/b&gt;</mark> it is</pre>" in page


def test_a_page_escapes_what_it_is_given_and_lives_while_the_run_does() -> None:
    page = run_page(run_view(RUN, [JOB], None, [], now=BEGIN.timestamp() + 15))
    assert "<i>tiny" not in page
    assert "/models/&lt;i&gt;tiny&lt;/i&gt;" in page
    assert "live.js" in page
    assert 'value="30"' in page
    done = replace(RUN, state=RunState.FINISHED, verdict=Verdict.PASS, headline="<b>", finished_at=BEGIN)
    page = run_page(run_view(done, [JOB], None, [], now=0.0))
    assert "live.js" not in page
    assert "&lt;b&gt;" in page


def test_the_list_says_what_a_run_is_doing() -> None:
    rows = run_rows([RUN], {"r1": [JOB]})
    assert (rows[0].word, rows[0].headline) == ("Running", "candidate evaluating, 30 of 300")
    assert "/runs/r1" in runs_page(rows)
    assert "There is no run yet" in runs_page([])


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
    view = run_view(done, [JOB], report, [], now=0.0)
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
