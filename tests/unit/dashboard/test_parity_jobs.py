"""A run of parity alone on its page: its jobs count prompts, and nothing speaks of right answers."""

from __future__ import annotations

from dataclasses import replace

from dashboard.job_view import job_view
from dashboard.render import run_page
from dashboard.report_view import run_view
from db.states import RunState
from evals.metrics import PARITY_METRICS
from evals.plan import load_suite
from evals.result import Report, SideSummary, Verdict
from tests.unit.dashboard.test_pages import BEGIN, COMPARISON, JOB, RUN

SPEC = replace(JOB.spec, workloads=load_suite("parity"))
PARITY_JOB = replace(JOB, spec=SPEC, progress={"parity": {"done": 30, "total": 76, "right": None, "scored": None}})
SIDE = SideSummary(role="candidate", engine="sglang", model="m", state="succeeded")
LOST = SideSummary(
    role="reference", engine="hf", model="m", state="failed", settings={"dtype": "float32", "command": "python -m hf"},
    error={"message": "out of <b>memory</b>"},
)  # fmt: skip
PARITY_ROW = replace(COMPARISON, workload="parity", metric=PARITY_METRICS["prefill"], verdict=Verdict.PASS, pairs=None)
REPORT = Report(
    run_id="r1", suite="parity", verdict=Verdict.PASS, headline="same model", comparisons=(PARITY_ROW,),
    candidate=SIDE, baseline=SIDE, created_at="2026-01-31T12:00:00+00:00", plumbline_version="0", companions=(LOST,),
)  # fmt: skip


def page(report: Report) -> str:
    done = replace(RUN, state=RunState.FINISHED, verdict=report.verdict, headline=report.headline, finished_at=BEGIN)
    return run_page(run_view(done, [PARITY_JOB], report, now=0.0))


def test_prompts_are_counted_and_no_answers_judged() -> None:
    view = job_view(PARITY_JOB, now=BEGIN.timestamp() + 15)
    assert (view.noun, view.judged, view.counts, view.rate) == ("prompts", False, "30 of 76", "3.0 prompts/s")
    mixed = replace(PARITY_JOB, spec=replace(SPEC, workloads=load_suite("new-model")))
    assert (job_view(mixed, now=0.0).noun, job_view(mixed, now=0.0).judged) == ("samples", True)


def test_nothing_is_said_of_flips_and_right_answers_and_the_lost_companion_is_shown() -> None:
    text = page(REPORT)
    assert "Questions that flipped" not in text
    assert "What became of the pairs" not in text
    assert "Right answers" not in text
    assert "Further jobs" in text
    assert "out of &lt;b&gt;memory&lt;/b&gt;" in text
    assert "python -m hf" in text


def test_beside_an_accuracy_benchmark_flips_are_shown() -> None:
    text = page(replace(REPORT, comparisons=(PARITY_ROW, COMPARISON), companions=()))
    assert "Questions that flipped" in text
    assert "What became of the pairs" in text
    assert "Further jobs" not in text
