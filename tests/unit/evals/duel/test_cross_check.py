"""The cross-check: what other clients are told, what they wrote, and how differences are explained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.duel.cross_causes import FIGURES, IN_FLIGHT, PYTHON, RUST, Theirs
from evals.duel.cross_check import compared, failed, in_order, read_theirs, words_of
from evals.duel.cross_load import cross_load
from evals.duel.results import CrossCheck
from evals.duel.settings import ServingSettings

SETTINGS = ServingSettings(concurrency="4,8", requests=40, input_len="100", output_len="3")
OURS: dict[str, float | None] = {
    "requests/s": 10.0, "output tokens/s": 30.0, "TTFT p50": 100.0, "TTFT p99": 200.0, "ITL p50": 10.0,
    "E2E p50": 120.0, IN_FLIGHT: 8.0,
}  # fmt: skip


class Address:
    base_url, served_model, api_key = "http://x:1", "m", None


def words(client: str = PYTHON, settings: ServingSettings = SETTINGS, level: int = 8) -> list[str]:
    there = {"base_url": "http://x:1", "model": "m", "folder": Path("/models/m"), "file": Path("/tmp/f")}
    return words_of(client, settings, level=level, seed=2**40 + 5, **there)  # type: ignore[arg-type]


def value(said: list[str], name: str) -> str:
    return said[said.index(name) + 1]


def test_both_clients_are_told_the_same_load_without_any_network() -> None:
    said = words()
    asked = {"--num-prompts": "40", "--max-concurrency": "8", "--random-input-len": "100", "--random-output-len": "3"}
    asked["--random-range-ratio"] = "1"  # of the lengths: all alike
    assert {name: value(said, name) for name in asked} == asked
    assert (value(said, "--dataset-name"), value(said, "--tokenizer")) == ("random-ids", "/models/m")
    assert 0 <= int(value(said, "--seed")) < 2**31
    assert words(RUST) == [*said, "--disable-retokenize"]
    paced = words(settings=replace(SETTINGS, rate=2.5), level=0)
    assert value(paced, "--request-rate") == "2.5"
    assert "--max-concurrency" not in paced


def test_drawn_lengths_become_alike_for_both_clients_and_ours() -> None:
    settings = replace(SETTINGS, input_len="100:300", output_len="lognormal:64:0.5", shared_prefix_len=50)
    said = words(settings=settings)
    assert (value(said, "--random-input-len"), value(said, "--random-output-len")) == ("200", "64")
    load = cross_load(settings, Address(), tokenizer=None, level=8, number=0)
    assert (load.input_len.low, load.input_len.high, load.output_len.low, load.output_len.high) == (200, 200, 64, 64)
    assert (load.requests, load.concurrency, load.shared_prefix_len) == (40, 8, 0)
    other = cross_load(settings, Address(), tokenizer=None, level=8, number=1)
    assert load.seed != other.seed
    differences = check(settings=settings).differences
    assert any("200 in, 64 out" in one for one in differences)
    assert any("prefix" in one for one in differences)


def line(**changes: Any) -> str:
    said = {theirs: OURS[ours] for ours, theirs in FIGURES.items()} | {"concurrency": 8.0}
    rows = {
        "ttfts": [0.1, 0.2, 0.0, 0.0],
        "itls": [[0.01, 0.01], [0.03], [], []],
        "output_lens": [3, 3, 3, 0],
        "errors": ["", "", "", "refused"],
    }
    return json.dumps(said | rows | changes)


def test_what_a_client_wrote_is_read_with_what_explains_it() -> None:
    theirs = read_theirs("an older line\n" + line() + "\n")
    assert theirs.figures == OURS
    assert (theirs.requests, theirs.whole, theirs.textless) == (4, 3, 1)
    assert theirs.late_firsts == 0.5, "one of the two with text began with two tokens"
    assert theirs.itl_mean == pytest.approx(50 / 3)


@pytest.mark.parametrize("text", ["", "{}", "Traceback", line(errors=[]), line(ttfts=None), "[]"])
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|argument|JSON|value|Expecting|shorter"):
        read_theirs(text)


def check(
    client: str = PYTHON,
    settings: ServingSettings = SETTINGS,
    ours: tuple[dict[str, float | None], ...] = (OURS, OURS),
    theirs: dict[str, float | None] | None = None,
    **details: Any,
) -> CrossCheck:
    quiet: dict[str, Any] = {"requests": 40, "whole": 40, "textless": 0, "late_firsts": 0.0, "itl_mean": 10.0}
    said = Theirs(figures=OURS | (theirs or {}), **(quiet | details))
    return compared(client, settings, level=8, command="python -m x", theirs=said, ours=ours)


def test_equal_figures_need_no_explanation() -> None:
    found = check(theirs={"TTFT p50": 109.0, "requests/s": 9.2})
    assert found.figures["TTFT p50"] == (109.0, pytest.approx(100.0))
    assert set(found.figures) == set(FIGURES)
    assert found.differences == ()
    assert found.error is None


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_a_difference_without_a_known_cause_is_said_to_be_unexplained(name: str, factor: float) -> None:
    (said,) = check(theirs={name: (OURS[name] or 0) * factor}).differences
    assert said.startswith(name)
    assert f"{factor - 1:+.0%}" in said
    assert "unexplained" in said


@pytest.mark.parametrize(
    ("theirs", "details", "cause"),
    [
        ({"TTFT p50": 130.0}, {"late_firsts": 0.4}, "waits for text: in 40%"),
        ({"TTFT p99": 250.0}, {"late_firsts": 0.02}, "waits for text"),
        ({"TTFT p50": 0.0}, {"textless": 40}, "40 answers without any text"),
        ({"ITL p50": 1.0}, {}, "in bursts"),
        ({"requests/s": 6.0, IN_FLIGHT: 5.0}, {}, "5.0 requests were in flight on average, 8.0 with ours"),
        ({"TTFT p50": 180.0, IN_FLIGHT: 5.0}, {}, "does not keep up"),
        ({"output tokens/s": 20.0}, {"whole": 30}, "failed requests do not count"),
    ],
)
def test_a_known_cause_is_named_where_it_fits(
    theirs: dict[str, float | None], details: dict[str, Any], cause: str
) -> None:
    said = check(theirs=theirs, **details).differences[-1]
    assert cause in said
    assert "unexplained" not in said


@pytest.mark.parametrize(
    ("theirs", "details"),
    [
        ({"TTFT p50": 130.0}, {"late_firsts": 0.02}),  # too few to move a median
        ({"TTFT p50": 70.0}, {"late_firsts": 0.9}),  # waiting makes nothing quicker
        ({"TTFT p50": 130.0}, {"textless": 40}),  # nor does a TTFT of 0 make a median higher
        ({"ITL p50": 30.0}, {"itl_mean": 90.0}),  # bursts make no median higher
        ({"requests/s": 15.0, IN_FLIGHT: 5.0}, {}),  # fewer in flight explain no higher rate
        ({"E2E p50": 200.0}, {"late_firsts": 1.0}),  # an answer's end has nothing to do with text
    ],
)
def test_a_cause_that_does_not_fit_is_not_named(theirs: dict[str, float | None], details: dict[str, Any]) -> None:
    assert "unexplained" in check(theirs=theirs, **details).differences[-1]


def test_a_new_connection_explains_milliseconds_of_the_python_client_alone() -> None:
    quick = {**OURS, "TTFT p50": 5.0}
    assert "connection" in check(ours=(quick, quick), theirs={"TTFT p50": 6.0}).differences[0]
    assert "unexplained" in check(RUST, ours=(quick, quick), theirs={"TTFT p50": 6.0}).differences[0]
    assert "unexplained" in check(ours=(quick, quick), theirs={"TTFT p50": 25.0}).differences[0]


def test_with_a_rate_the_schedules_differ() -> None:
    paced = replace(SETTINGS, rate=10.0)
    assert "does not catch up" in check(settings=paced, theirs={"requests/s": 7.0}).differences[0]
    assert "scheduled time" in check(settings=paced, theirs={"E2E p50": 60.0}).differences[0]


def test_our_own_spread_is_said_where_it_is_as_large() -> None:
    other = {**OURS, "TTFT p50": 150.0}
    (said,) = check(ours=(OURS, other), theirs={"TTFT p50": 150.0}).differences
    assert "50% apart" in said
    (far,) = check(ours=(OURS, other), theirs={"TTFT p50": 300.0}).differences
    assert "unexplained" in far


def test_failed_requests_and_failed_clients_are_said() -> None:
    assert "3 of the client's 40 requests failed" in check(whole=37).differences
    assert failed(RUST, 8, "it is not there").error == "it is not there"


def test_figures_come_back_in_the_order_in_which_they_are_shown() -> None:
    found = check()
    stored = replace(found, figures=dict(sorted(found.figures.items())))
    assert list(stored.figures) != list(FIGURES)
    assert list(in_order(stored).figures) == list(FIGURES)
    assert in_order(stored) == found
    nothing = failed(RUST, 8, "it is not there")
    assert in_order(nothing) == nothing
