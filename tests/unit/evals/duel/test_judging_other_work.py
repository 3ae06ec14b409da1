"""What makes a ratio no comparison: lost answers, other lengths, caches, other first tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.duel.spoiling import GONE
from evals.outcome import Verdict
from evals.serving.record import Basis
from tests.unit.evals.duel.examples import a_duel, a_pass, faulty
from tests.unit.evals.duel.judging_world import NEAR, QUICK, SLOW, deciding, judged


def test_unknown_counts_are_inconclusive_in_words() -> None:
    dumb = [replace(one, values={"ttft_p50": 100.0 + one.round}) for one in a_duel(NEAR)]
    rate = deciding(judged(dumb))[1]
    assert (rate.verdict, rate.value) == (Verdict.INCONCLUSIVE, None)
    assert "counts of tokens" in rate.reasons[0]


# Lost answers


def with_faults(ratios: Sequence[float], *, ours: Sequence[int], theirs: Sequence[int]) -> list[Pass]:
    counts = {CANDIDATE: ours, BASELINE: theirs}
    passes = a_duel(ratios)
    return [faulty(one, counts[one.side][one.round]) if counts[one.side][one.round] else one for one in passes]


@pytest.mark.parametrize(
    ("ratios", "ours", "theirs", "verdict"),
    [
        (NEAR, [1, 0, 0, 0, 0, 0], [0] * 6, Verdict.INCONCLUSIVE),
        (SLOW, [1, 0, 0, 0, 0, 0], [0] * 6, Verdict.FAIL),
        (NEAR, [30, 0, 0, 0, 0, 0], [0] * 6, Verdict.INCONCLUSIVE),
        (NEAR, [5] * 6, [0] * 6, Verdict.FAIL),
        (QUICK, [5] * 6, [5] * 6, Verdict.INCONCLUSIVE),
        (SLOW, [0] * 6, [1, 0, 0, 0, 0, 0], Verdict.INCONCLUSIVE),
        (QUICK, [40, 0, 0, 0, 0, 0], [0] * 6, Verdict.INCONCLUSIVE),
        (QUICK, [40, 40, 0, 0, 0, 0], [0] * 6, Verdict.FAIL),
        (QUICK, [40, 40, 0, 0, 0, 0], [0, 0, 30, 30, 20, 0], Verdict.INCONCLUSIVE),
        (SLOW, [0] * 6, [40, 0, 0, 0, 0, 0], Verdict.INCONCLUSIVE),
        (NEAR, [40, 0, 0, 0, 0, 0], [40, 0, 0, 0, 0, 0], Verdict.INCONCLUSIVE),
    ],
)
def test_lost_answers(ratios: list[float], ours: list[int], theirs: list[int], verdict: Verdict) -> None:
    result = judged(with_faults(ratios, ours=ours, theirs=theirs))
    assert result.verdict is verdict
    if sum(ours) + sum(theirs) and ratios is not SLOW:
        assert "stalled" in deciding(result)[0].reasons[0]


def test_an_engine_that_went_away_once_is_no_pass_and_no_fail() -> None:
    passes = later_duel(NEAR, by=1)
    died = replace(faulty(a_pass(CANDIDATE, 0), 60, "cut"), spoiled=(GONE,))
    result = judged([died, a_pass(BASELINE, 0), *passes])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "60 cut" in result.headline


def later_duel(ratios: Sequence[float], *, by: int) -> list[Pass]:
    return [replace(one, round=one.round + by) for one in a_duel(ratios)]


def changed(passes: Sequence[Pass], **fields: Any) -> list[Pass]:
    """Return passes of which the candidate's have other fields."""
    return [replace(one, **fields) if one.side == CANDIDATE else one for one in passes]


COUNTED = [replace(one, input_tokens=6400, output_tokens=640, cached_tokens=0) for one in a_duel(NEAR)]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"cached_tokens": 384}, "6% of its input tokens in a cache"),
        ({"output_tokens": 620}, "9.7 output tokens with the candidate, 10.0 with the baseline"),
        ({"input_tokens": 6600}, "103.1 input tokens with the candidate"),
    ],
)
@pytest.mark.parametrize("slower", [1.0, 1.3])
def test_other_work_on_one_side_neither_passes_nor_fails(fields: dict[str, int], says: str, slower: float) -> None:
    passes = [replace(one, values=a_pass(one.side, 0, ttft=100 * slower).values) if one.side == CANDIDATE else one
              for one in COUNTED]  # fmt: skip
    passes = [replace(one, values={**one.values, "ttft_p50": (one.values["ttft_p50"] or 0) + 0.01 * one.round})
              if one.side == CANDIDATE else one for one in passes]  # fmt: skip
    result = judged(changed(passes, **fields))
    assert result.verdict is Verdict.INCONCLUSIVE
    for ratio in deciding(result):
        assert ratio.verdict is Verdict.INCONCLUSIVE
        assert says in ratio.reasons[0]


def test_a_little_of_it_and_meant_prefixes_change_nothing() -> None:
    assert judged(changed(COUNTED, cached_tokens=320, output_tokens=630)).verdict is Verdict.PASS
    assert judged(changed(COUNTED, cached_tokens=3000), shared_prefix_len=64).verdict is Verdict.PASS


def test_a_cache_that_nobody_tells_of_is_noted() -> None:
    result = judged(changed(COUNTED, cached_tokens=None))
    assert result.verdict is Verdict.PASS
    assert result.notes == ("the candidate does not tell how many of its input tokens it found in a cache",)


COUNTS, EVENTS, FIRST = ({str(basis): 64} for basis in (Basis.COUNTS, Basis.EVENTS, Basis.FIRST_EVENT))


def test_first_tokens_that_are_told_otherwise_decide_nothing() -> None:
    alike = [replace(one, ttft_by=COUNTS) for one in COUNTED]
    assert judged(alike).verdict is Verdict.PASS
    for other, says in ((EVENTS, "not told in the same way"), (COUNTS | FIRST, "only the first event")):
        ttft, rate = deciding(judged(changed(alike, ttft_by=other)))
        assert (ttft.verdict, rate.verdict) == (Verdict.INCONCLUSIVE, Verdict.PASS)
        assert says in ttft.reasons[0]
    both = [replace(one, ttft_by=FIRST) for one in COUNTED]
    assert deciding(judged(both))[0].verdict is Verdict.INCONCLUSIVE
    uncounted = [replace(one, output_tokens=None) for one in both]
    assert "candidate and the baseline are not counted" in deciding(judged(uncounted))[1].reasons[0]
