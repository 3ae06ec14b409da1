"""The overview's cells, families and small lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.news_view import NewsView
from dashboard.overview_cell import Cell, CellFacts, cell_of, change_since
from dashboard.overview_choice import Chosen
from dashboard.overview_view import Measured, overview, shown_results
from dashboard.render import overview_page
from dashboard.spark import HEIGHT, WIDTH, spark
from db.overview import AcceptedValue, NewestResult
from db.states import JobState
from db.work_by_cell import CellWork
from evals.lineage import Lineage

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LINEAGE = Lineage(model="/m/<b>tiny</b>", workload="gsm8k@0123456789ab", engine="sglang", hardware="2 cores")
RESULT = NewestResult(
    lineage=LINEAGE.key, model=LINEAGE.model, workload_key=LINEAGE.workload, engine="sglang", hardware="2 cores",
    run_id="r2", metric="acc,none", setup="s", unit="share", direction="higher", value=0.8, low=0.78, high=0.82,
    n=1319, source="installed", version="0.5.10", partial=None, reused=False, finished_at=NOW - timedelta(days=1),
    verdict="pass",
)  # fmt: skip
ACCEPTED = AcceptedValue(run_id="r1", setup="s", value=0.85, low=0.83, high=0.87, at=NOW - timedelta(days=9))
FAILED = CellWork(
    model=LINEAGE.model, workload_key=LINEAGE.workload, engine="sglang", run_id="r3", state=JobState.FAILED,
    failed_at=NOW,
)  # fmt: skip


def _cell(result: NewestResult = RESULT, **changed: object) -> Cell:
    facts = CellFacts(result=result, trail=(), accepted=None, newest="0.5.10", failed=None, work=None)
    return cell_of(replace(facts, **changed), now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "newest", "style", "was"),
    [
        (RESULT, "0.5.10", "pass", ""),
        (replace(RESULT, verdict="fail"), "0.5.10", "fail", ""),
        (replace(RESULT, verdict=None), "0.5.10", "none", ""),
        (RESULT, "0.5.11", "stale", "was: Passed"),
        (replace(RESULT, finished_at=NOW - timedelta(days=30), verdict="fail"), None, "stale", "was: Failed"),
    ],
)
def test_a_cells_state_is_its_verdict_unless_it_is_stale(
    result: NewestResult, newest: str | None, style: str, was: str
) -> None:
    cell = _cell(result, newest=newest)
    assert (cell.style, cell.was) == (style, was)
    assert (cell.value, cell.interval) == ("80.0 %", "[78.0, 82.0]")


def test_a_later_failure_outweighs_what_was_measured_before() -> None:
    cell = _cell(failed=FAILED)
    assert (cell.style, cell.was, cell.run_id) == ("error", "was: Passed", "r3")
    assert _cell(failed=replace(FAILED, failed_at=RESULT.finished_at - timedelta(hours=1))).style == "pass"


def test_a_change_since_the_baseline_has_the_interval_of_two_measurements() -> None:
    change = change_since(RESULT, ACCEPTED)
    assert (change.text, change.word) == ("−5.0 pp [−7.8, −2.2]", "worse")
    near = change_since(RESULT, replace(ACCEPTED, value=0.81, low=0.79, high=0.83))
    assert near.text.startswith("−1.0 pp [−3.8, +1.8]")
    assert near.word == ""
    assert change_since(RESULT, replace(ACCEPTED, low=None)).text == "−5.0 pp"
    slower = replace(RESULT, unit="ms", direction="lower", value=120.0, low=118.0, high=122.0)
    change = change_since(slower, replace(ACCEPTED, value=100.0, low=99.0, high=101.0))
    assert (change.text, change.word) == ("+20.0 % [+17.7, +22.3]", "worse")


def test_what_cannot_be_held_against_a_baseline_says_why() -> None:
    assert change_since(RESULT, replace(ACCEPTED, run_id="r2")).why == "is the baseline"
    assert "other settings" in change_since(RESULT, replace(ACCEPTED, setup="t")).why


def test_the_family_with_most_lineages_then_the_newest_is_shown_unless_another_is_chosen() -> None:
    older = replace(RESULT, hardware="H100", finished_at=NOW - timedelta(days=3))
    nightly = [older, replace(older, lineage="another", workload_key="mmlu@0123456789ab")]
    assert shown_results([RESULT, *nightly], Chosen()) == nightly
    assert shown_results([RESULT, older], Chosen()) == [RESULT]
    assert shown_results([RESULT, older], Chosen(hardware="H100")) == [older]
    assert shown_results([RESULT, older], Chosen(model="TINY")) == [RESULT]
    assert shown_results([RESULT], Chosen(engine="hf")) == []


def test_the_page_shows_what_never_ran_and_escapes_names() -> None:
    other = replace(
        RESULT, model="/m/other", workload_key="mmlu@0123456789ab", lineage="o", partial="a part", reused=True
    )
    measured = Measured(all_results=[RESULT, other], accepted={RESULT.lineage: ACCEPTED}, trails={"o": (0.1, 0.3, 0.2)})
    view = overview(Chosen(tag="a&b"), measured, NewsView(), now=NOW)
    assert view.counts == (("never", "Never run", 2), ("pass", "Passed", 2))
    page = overview_page(view)
    assert "&lt;b&gt;tiny" in page
    assert "<b>tiny" not in page
    assert page.count("Never run") == 3, "two cells and their count"
    assert '<a href="/" aria-current="page">Overview</a>' in page
    assert page.count("aria-current") == 1
    assert "with answers of an earlier job" in page
    assert 'class="chip partial" title="a part"' in page
    assert "3 results: 10.0 % first, 10.0 % lowest, 30.0 % highest, 20.0 % last" in page
    assert "style=" not in page
    assert 'value="a&amp;b"' in page


def test_a_small_line_keeps_within_its_frame_and_says_its_values() -> None:
    line = spark([1.0, 3.0, 2.0], "ms", 1.5)
    assert line is not None
    places = [tuple(map(float, place.split(","))) for place in line.points.split()]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert places[1][1] < places[2][1] < places[0][1]
    assert line.level is not None
    assert line.text == "3 results: 1 ms first, 1 ms lowest, 3 ms highest, 2 ms last"
    assert spark([1.0], "ms") is None
    assert spark([float("nan"), 1.0], "ms") is None
    flat = spark([2.0, 2.0], "ms", 9.0)
    assert flat is not None
    assert flat.level is None
