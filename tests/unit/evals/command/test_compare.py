"""`python -m evals compare`: files in, JSON and an exit status out."""

from __future__ import annotations

from typing import Any

import pytest

from evals.compare import compare_workload
from tests.unit.evals.command.compare_world import rows
from tests.unit.evals.report_examples import WORKLOAD, two_sides


@pytest.mark.parametrize(
    ("counts", "status", "verdict"),
    [
        ((400, 6, 7, 87), 0, "pass"),
        ((300, 4, 56, 40), 1, "fail"),
        ((38, 2, 3, 7), 2, "inconclusive"),
    ],
)
def test_it_says_what_the_service_says(run: Any, counts: tuple[int, ...], status: int, verdict: str) -> None:
    code, found, _ = run(rows(*counts))
    candidate, baseline = two_sides(*counts)
    own = compare_workload(workload=WORKLOAD, candidate=candidate, baseline=baseline)[0]
    assert (code, found["verdict"], found["n"]) == (status, verdict, sum(counts))
    assert found["discordant"] == counts[1] + counts[2]
    assert (found["difference"], found["interval"]) == (own.difference, [own.low, own.high])
    assert (found["p"], found["p_pass"], found["p_fail"]) == (own.mcnemar_p, own.p_pass, own.p_fail)
    assert (found["detectable_drop"], found["margin"]) == (own.detectable_drop, 0.03)
    assert found["reasons"] == list(own.reasons)


def test_ids_pair_the_lines_whatever_their_order_and_type(run: Any) -> None:
    ours, theirs = rows(400, 6, 7, 87)
    numbers = [{"id": int(row["id"][1:]), "score": row["score"]} for row in ours]
    texts = [{"id": row["id"][1:], "score": row["score"]} for row in reversed(theirs)]
    assert run((numbers, texts))[1] == {**run((ours, theirs))[1]}


def test_groups_widen_the_interval(run: Any) -> None:
    ours, theirs = rows(400, 20, 20, 60)
    both = sorted(zip(ours, theirs, strict=True), key=lambda pair: pair[0]["score"] - pair[1]["score"])
    grouped = tuple([{**pair[side], "part": f"p{n // 100}"} for n, pair in enumerate(both)] for side in (0, 1))
    plain, clustered = run(grouped)[1], run(grouped, "--cluster", "part")[1]
    assert (plain["groups"], clustered["groups"]) == (None, 5)
    assert clustered["interval"][0] < plain["interval"][0]


def test_a_sequential_comparison_takes_fewer_items_and_says_how_many(run: Any) -> None:
    status, found, _ = run(rows(1200, 8, 8, 784), "--sequential")
    assert (status, found["verdict"]) == (0, "pass")
    assert found["n"] == found["sequential"]["decided_after"] < 1200
    assert found["sequential"]["items"] == 2000
    assert found["sequential"]["order"] == "random, in proportion to the groups, seed 1234"
    again, other = (
        run(rows(1200, 8, 8, 784), "--sequential")[1],
        run(rows(1200, 8, 8, 784), "--sequential", "--seed", "7")[1],
    )
    assert again == found
    assert other["pairs"] != found["pairs"]


def test_the_files_own_order_is_taken_when_it_is_said_to_be_random(run: Any) -> None:
    ours, theirs = rows(1000, 0, 0, 1000)
    late = [{**row, "score": 0} if n >= 1500 else row for n, row in enumerate(ours)]
    found = run((late, theirs), "--sequential", "--in-file-order")[1]
    assert (found["verdict"], found["sequential"]["order"]) == ("pass", "the candidate's file")
    assert run((late, theirs), "--sequential")[1]["verdict"] == "fail"


def test_scores_that_are_errors_fail_by_a_rise(run: Any) -> None:
    sides = rows(300, 56, 4, 40)
    assert run(sides)[0] == 0
    assert run(sides, "--lower-is-better")[0] == 1


def test_real_values_are_compared_by_their_means(run: Any) -> None:
    sides = tuple([{"id": n, "score": (n * step % 11) / 10} for n in range(300)] for step in (3, 7))
    found = run(sides)[1]
    assert (found["pairs"], found["p"]) == (None, None)
    assert found["interval"][0] < found["difference"] < found["interval"][1]
