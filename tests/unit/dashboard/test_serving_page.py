"""A run with a serving workload on its page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dashboard.job_view import job_view
from dashboard.render import run_page
from dashboard.report_view import RunView, run_view
from dashboard.serving_view import serving_view
from db.codec import from_json, to_json
from db.jobs import JobRecord
from db.states import RunState
from evals.metrics import SERVING_METRICS
from evals.outcome import Verdict
from evals.plan import load_suite
from evals.result import Report
from evals.spec import EngineSpec, Role
from tests.unit.dashboard.test_pages import BEGIN, JOB, RUN
from tests.unit.evals.serving_examples import EXAMPLES, client_limited, serving_fail, serving_pass, twenty_levels

DUEL = replace(
    JOB,
    role=Role.DUEL,
    spec=replace(JOB.spec, role=Role.DUEL, opponent=EngineSpec(kind="hf", dtype="float32")),
    progress={"serving": {"done": 9, "total": 36, "right": None, "scored": None}},
)


def viewed(report: Report, job: JobRecord = DUEL) -> RunView:
    done = replace(RUN, state=RunState.FINISHED, verdict=report.verdict, headline=report.headline, finished_at=BEGIN)
    return run_view(done, [job], report, now=BEGIN.timestamp() + 15)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_page_shows_every_example_and_runs_nothing_of_its_texts(name: str) -> None:
    report = from_json(Report, to_json(EXAMPLES[name]()))
    page = run_page(viewed(report))
    assert "<script" not in page[page.index("<main") :]
    assert '<img src="http' not in page
    assert "style=" not in page  # the page's policy forbids it
    section = page[page.index("<h2>Serving: ") : page.index("<h2>Comparison</h2>")]
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", section)
    assert page.count("<svg") == page.count("</svg>")
    assert page.count("<details") == page.count("</details>")


def test_a_row_shows_both_sides_the_ratio_and_its_verdict() -> None:
    view = serving_view(serving_pass())
    level, ours, theirs, ratio, *_ = view.rows[1]
    assert (level.text, ours.text, theirs.text) == ("8", "51.85", "56.00")
    assert (ratio.text, ratio.interval, ratio.style, ratio.word) == ("0.926 ×", "[0.912, 0.940]", "pass", "Passed")
    assert view.heads[1:4] == ("median TTFT in ms, candidate", "baseline", "ratio [98.75 %]")


def test_plots_stand_by_level_and_only_the_first_levels_are_open() -> None:
    view = serving_view(twenty_levels())
    assert [group.title for group in view.plots[:2]] == ["Throughput", "At 1 in flight"]
    assert [group.open for group in view.plots] == [True] * 4 + [False] * 17
    assert {len(group.pictures) for group in view.plots[1:]} == {5}


def test_what_a_reader_must_not_miss_is_open() -> None:
    assert not any(grid.open for grid in serving_view(serving_pass()).grids)
    assert [grid.title for grid in serving_view(serving_fail()).grids if grid.open] == ["what became of the requests"]
    titles = [grid.title for grid in serving_view(client_limited()).grids if grid.open]
    assert titles == ["self-check of the client", "GPUs beside the rounds"]


def test_ratios_stand_in_no_table_of_differences() -> None:
    report = EXAMPLES["serving-pass"]()
    row = replace(report.comparisons[0], workload="serving", metric=SERVING_METRICS["ttft_p50"], verdict=Verdict.FAIL)
    view = viewed(replace(report, comparisons=(*report.comparisons, row)))
    assert {one.workload for one in view.comparisons} == {"gsm8k"}


def test_a_duel_counts_passes_and_names_both_engines() -> None:
    view = job_view(DUEL, now=BEGIN.timestamp() + 15)
    assert (view.noun, view.counts, view.opponent) == ("passes", "9 of 36", "hf")
    assert view.settings == "dtype auto · --tp-size=2 · --flag against dtype float32"
    page = run_page(viewed(EXAMPLES["serving-pass"]()))
    assert "Duel: sglang against hf" in page
    alone = replace(DUEL, spec=replace(DUEL.spec, workloads=load_suite("demo-serving")))
    assert not job_view(alone, now=0.0).judged
