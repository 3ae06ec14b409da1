"""Two runs beside each other: matrices lead to their items, serving figures keep to their own run."""

from __future__ import annotations

from dataclasses import replace

from dashboard.compare_serving import serving_compared
from dashboard.compare_view import workload_compared
from tests.unit.dashboard.test_pages import COMPARISON
from tests.unit.evals.serving_examples import serving_pass


def test_a_matrix_leads_to_the_items_of_each_kind() -> None:
    query = {"left": "r1", "right": "r2"}
    view = workload_compared("gsm8k", [COMPARISON], query=query, differing=("x differs",), allowed=())
    (matrix,) = view.matrices
    assert (matrix.both[0], matrix.only_left[0], matrix.only_right[0], matrix.neither[0]) == ("7", "2", "0", "1")
    assert "flip=lost" in matrix.only_left[1]
    assert "flip=gained" in matrix.only_right[1]
    assert "left=r1&right=r2" in matrix.both[1]
    assert view.differing == ("x differs",)
    bare = workload_compared("gsm8k", [replace(COMPARISON, pairs=None)], query=query, differing=(), allowed=())
    assert bare.matrices == ()


def test_serving_figures_are_each_runs_own() -> None:
    right = serving_pass()
    left = replace(right, ratios=tuple(replace(one, candidate=(one.candidate or 0) / 2) for one in right.ratios))
    found = serving_compared(left, right, ("candidate", "candidate"))
    assert {row.times for row in found.rows if row.times != "–"} == {"2.000"}
    assert all("run" in picture for picture in found.pictures)
    assert not any("candidate: p" in picture for picture in found.pictures)
    itself = serving_compared(right, right, ("baseline", "candidate"))
    own = {(one.name, one.level): one for one in right.ratios}[("output_tokens_per_s", 8)]
    (row,) = [
        one
        for one in itself.rows
        if "in flight" in one.level and one.level.startswith("at 8 ") and "output" in one.figure
    ]
    assert own.candidate is not None
    assert own.baseline is not None
    assert row.times == f"{own.candidate / own.baseline:.3f}"
    assert row.left_range.startswith("[")
