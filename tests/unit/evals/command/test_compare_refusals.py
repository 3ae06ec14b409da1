"""`python -m evals compare` with lines, margins and options that make no comparison."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from evals.__main__ import main
from tests.unit.evals.command.compare_world import rows


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
