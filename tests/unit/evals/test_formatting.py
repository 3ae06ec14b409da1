"""Numbers as people read them."""

from __future__ import annotations

import pytest

from evals import formatting
from evals.metrics import EXACT_MATCH, PARITY_METRICS
from evals.result import Measurement, SideSummary


def test_shares_and_differences_read_as_percent_and_points() -> None:
    assert formatting.percent(0.8234) == "82.3 %"
    assert formatting.points_with_interval(-0.0131, -0.0388, 0.0121) == "−1.3 pp [−3.9, +1.2]"


def test_a_difference_that_rounds_to_zero_has_no_sign() -> None:
    assert formatting.points(-0.0004) == "0.0 pp"


def test_missing_data_is_never_a_number() -> None:
    assert formatting.percent(None) == "not measured"
    assert formatting.points_with_interval(None, None, None) == "not measured"
    assert formatting.measured(None) == "not measured"


@pytest.mark.parametrize(("margin", "text"), [(0.02, "2 pp"), (0.07, "7 pp"), (0.0025, "0.25 pp"), (None, "–")])
def test_margins_keep_their_digits(margin: float | None, text: str) -> None:
    assert formatting.margin_of(margin, EXACT_MATCH) == text


@pytest.mark.parametrize(
    ("count", "text"), [(7, "7"), (4321, "4,300"), (189, "190"), (2_000_000, "more than a million")]
)
def test_counts_that_are_estimates_have_two_digits(count: int, text: str) -> None:
    assert formatting.about(count) == text


def test_foreign_text_becomes_one_visible_line() -> None:
    assert formatting.one_line("a\r\n b\u200b\u202ec\x1b[31m", 40) == "a b\ufffd\ufffdc\ufffd[31m"


@pytest.mark.parametrize("text", ["x" * 11, "x" * 10_000, "x" + " " * 10_000 + "y" * 9])
def test_long_text_is_cut_and_says_so(text: str) -> None:
    assert len(formatting.one_line(text, 10)) <= 10
    assert formatting.one_line(text, 10).endswith("…")


def test_a_worked_solution_is_shown_by_the_line_that_holds_its_answer() -> None:
    assert formatting.answer_line("Ivy prints 36 * 6 pages.\nThat leaves 40.\n#### 40\n\n") == "#### 40"
    assert formatting.answer_line("B") == "B"
    assert formatting.answer_line("") == ""


def side(role: str, reused: dict[str, int], **timings: float) -> SideSummary:
    return SideSummary(role=role, engine="hf", model="m", state="succeeded", timings_s=timings, reused=reused)


def test_reused_answers_name_their_jobs_and_whether_an_engine_ran_beside_them() -> None:
    part = formatting.reused_line(side("candidate", {"j_2": 1200, "j_1": 100}, launching=3.0))
    assert part == "1,300 answers of the candidate were reused from j_1, j_2."
    whole = formatting.reused_line(side("baseline", {"j_1": 1}, preparing=1.0))
    assert whole == "1 answer of the baseline was reused from j_1; no engine was launched for it."


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.14e-6, "3.1e-6"), (1e-4, "1e-4"), (0.0841, "0.084"), (0.25, "0.25"), (1.0, "1"), (9.96, "10"),
     (1234.0, "1,234"), (2.5e6, "2.5e6"), (float("inf"), "not finite")],
)  # fmt: skip
def test_quantities_keep_two_digits(value: float, text: str) -> None:
    assert formatting.quantity(value) == text


def test_parity_reads_in_nats_and_shares_of_what_is_equal() -> None:
    error, equal = PARITY_METRICS["prefill"], PARITY_METRICS["decode"]
    assert formatting.margin_of(1e-4, error) == "1e-4 nats"
    assert formatting.margin_of(1.0, equal) == "100.0 %"
    assert formatting.margin_of(None, error) == "–"
    measurement = Measurement(metric=error, filter="p99", value=3.1e-6, n=12, low=None, high=None, unparsed=0)
    assert formatting.measured(measurement) == "3.1e-6 nats"
