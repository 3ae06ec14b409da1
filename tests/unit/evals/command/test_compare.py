"""`python -m evals compare`: files in, JSON and an exit status out."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from evals.__main__ import main
from evals.compare import compare_workload
from tests.unit.evals.report_examples import WORKLOAD, two_sides

Rows = Iterable[dict[str, Any]]


def written(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def command(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    folder: Path,
    sides: tuple[Rows, Rows],
    *more: str,
    margin: str = "0.03",
) -> tuple[int, dict[str, Any], str]:
    candidate, baseline = written(folder / "a.jsonl", sides[0]), written(folder / "b.jsonl", sides[1])
    words = ["compare", "--candidate", str(candidate), "--baseline", str(baseline), "--margin", margin, *more]
    monkeypatch.setattr(sys, "argv", ["evals", *words])
    status = main()
    out, err = capfd.readouterr()
    return status, json.loads(out) if out else {}, err


def rows(both: int, won: int, lost: int, neither: int, **fields: Any) -> tuple[list[dict[str, Any]], ...]:
    outcomes = [(1, 1)] * both + [(1, 0)] * won + [(0, 1)] * lost + [(0, 0)] * neither
    random.Random(3).shuffle(outcomes)
    return tuple([{"id": f"q{n}", "score": pair[side], **fields} for n, pair in enumerate(outcomes)] for side in (0, 1))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    return lambda sides, *more, **options: command(monkeypatch, capfd, tmp_path, sides, *more, **options)


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda ours, theirs: (ours[:-3], theirs), "the candidate is partial: 3 of 500 items"),
        (lambda ours, theirs: (ours, theirs[1:]), "the baseline is partial: 1 of 500 items"),
        (lambda ours, theirs: ([*ours, ours[4]], theirs), "1 item scored more than once"),
        (lambda ours, theirs: ([{**ours[0], "score": float("nan")}, *ours[1:]], theirs), "without a finite value"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--sequential",)])
def test_what_cannot_be_paired_is_incomparable_with_the_reason(
    run: Any, change: Any, reason: str, more: tuple[str, ...]
) -> None:
    status, found, _ = run(change(*rows(400, 6, 7, 87)), *more)
    assert (status, found["verdict"], found["difference"], found["n"]) == (2, "incomparable", None, None)
    assert reason in found["reasons"][0]


def test_missing_items_are_named(run: Any) -> None:
    ours, theirs = rows(400, 6, 7, 87)
    found = run((ours[:-30], theirs))[1]
    assert found["only_in_baseline"] == 30
    assert found["first_only_in_baseline"] == [f"q{n}" for n in range(470, 490)]
    assert (found["only_in_candidate"], found["first_only_in_candidate"]) == (0, [])


def test_items_in_other_groups_are_incomparable(run: Any) -> None:
    ours, theirs = rows(400, 6, 7, 87, part="a")
    status, found, _ = run((ours, [{**theirs[0], "part": "b"}, *theirs[1:]]), "--cluster", "part")
    assert (status, found["verdict"]) == (2, "incomparable")
    assert "the two sides differ in 'part' of 1 item (first: q0)" in found["reasons"][0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no JSON"),
        ("[1]", "has no id or no number"),
        ('{"id": 1}', "has no id or no number"),
        ('{"id": null, "score": 1}', "has no id or no number"),
        ('{"id": 1, "score": "1"}', "has no id or no number"),
        ('{"id": 1, "score": 1' + "0" * 400 + "}", "has no id or no number"),
        ('{"id": 1, "score": 1}', "has no 'part'"),
    ],
)
def test_a_line_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path, line: str, said: str
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text('{"id": 0, "score": 1, "part": "x"}\n')
    bad.write_text('{"id": 0, "score": 1, "part": "x"}\n\n' + line)
    words = ["compare", "--candidate", str(good), "--baseline", str(bad), "--margin", "0.02", "--cluster", "part"]
    monkeypatch.setattr(sys, "argv", ["evals", *words])
    assert main() == 2
    err = capfd.readouterr().err
    assert f"line 3 of {bad}" in err
    assert said in err


def test_an_empty_file_and_one_that_is_not_there_are_errors(run: Any, tmp_path: Path) -> None:
    status, found, err = run(([], rows(4, 0, 0, 0)[1]))
    assert (status, found) == (2, {})
    assert "holds no scores" in err


@pytest.mark.parametrize("margin", ["-0.1", "nan", "inf"])
def test_a_margin_that_is_none_is_refused(run: Any, margin: str) -> None:
    status, _, err = run(rows(4, 0, 0, 0), margin=margin)
    assert status == 2
    assert "a margin of" in err


def test_clusters_and_a_sequence_exclude_each_other(run: Any) -> None:
    status, found, err = run(rows(400, 6, 7, 87, part="a"), "--cluster", "part", "--sequential")
    assert (status, found) == (2, {})
    assert "does not count that items of a cluster are alike" in err


@pytest.mark.parametrize("margin", ["1", "2"])
def test_a_margin_that_all_keep_to_is_refused_for_shares_alone(run: Any, margin: str) -> None:
    status, _, err = run(rows(300, 4, 56, 40), margin=margin)
    assert status == 2
    assert "0.02 means 2 points" in err
    wide = tuple([{"id": n, "score": n * step % 11} for n in range(300)] for step in (3, 7))
    assert run(wide, margin=margin)[0] == 0


@pytest.mark.parametrize("size", [1e101, 1.7e308])
def test_scores_beyond_all_bounds_are_no_finite_values(run: Any, size: float) -> None:
    ours, theirs = rows(400, 6, 7, 87)
    status, found, _ = run(([*({"id": row["id"], "score": size} for row in ours[:2]), *ours[2:]], theirs))
    assert (status, found["verdict"]) == (2, "incomparable")
    assert "2 items without a finite value" in found["reasons"][0]


def test_ids_with_half_surrogates_are_told(run: Any) -> None:
    ours, theirs = rows(400, 6, 7, 87)
    status, found, _ = run(([*ours, {"id": "\ud800", "score": 1}], theirs))
    assert (status, found["first_only_in_candidate"]) == (2, ["\ud800"])


def test_what_nobody_expected_is_no_fail(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr("evals.command.compare.read_scores", broken)
    status, _, err = run(rows(4, 0, 0, 0))
    assert status == 2
    assert "Traceback" in err
    assert "RuntimeError" in err
