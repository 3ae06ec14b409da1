"""Where greedy tokens part, and what that means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.parity.findings import Divergence
from evals.parity.judging.divergence import END, decodes, divergence, margin_noise
from evals.parity.judging.judge import ids_in_words
from evals.parity.judging.pairing import Lineup, Pair, line_up
from evals.parity.judging.tolerance import Near
from evals.parity.records import Mode, Record, Scored

NEAR = Near(allowed=0.1, doubtful=1.0)


def decoded(
    chosen: list[int],
    tops: list[dict[int, float]],
    *,
    finish_reason: str = "length",
    prompt: str = "text/0",
    end_token: int | None = None,
) -> Record:
    nothing = Scored(token_ids=(), logprobs=(), top_ids=(), top_logprobs=())
    return Record(
        prompt=prompt,
        mode=Mode.ALONE,
        prompt_ids=(5,),
        start=1,
        prefill=nothing,
        decode=Scored(
            token_ids=tuple(chosen),
            logprobs=tuple(top[token] for token, top in zip(chosen, tops, strict=True)),
            top_ids=tuple(tuple(top) for top in tops),
            top_logprobs=tuple(tuple(top.values()) for top in tops),
        ),
        text="",
        finish_reason=finish_reason,
        end_token=end_token,
    )


def pair(ours: Record, theirs: Record) -> Pair:
    return line_up({ours.prompt: ours}, {theirs.prompt: theirs}, ("a", "b")).pairs[0]


def parted(margin: float, near: Near = NEAR) -> Divergence:
    theirs = decoded([1, 2], [{1: -0.1, 9: -3.0}, {2: -0.5, 3: -0.5 - margin}])
    ours = decoded([1, 3], [{1: -0.1, 9: -3.0}, {3: -0.5, 2: -0.6}])
    found = divergence(pair(ours, theirs), near, ids_in_words)
    assert found is not None
    return found


def test_equal_tokens_do_not_diverge() -> None:
    record = decoded([1, 2], [{1: -0.1}, {2: -0.2}])
    assert divergence(pair(record, record), NEAR, ids_in_words) is None


@pytest.mark.parametrize(
    ("margin", "benign", "unknown"), [(0.15, True, False), (0.3, False, True), (1.9, False, True), (2.1, False, False)]
)
def test_a_near_tie_is_a_margin_of_two_allowed_errors(margin: float, benign: bool, unknown: bool) -> None:
    found = parted(margin)
    assert (found.position, found.candidate_token, found.reference_token) == (1, "<3>", "<2>")
    assert found.common_text == "<1>"
    assert found.margin == pytest.approx(margin)
    assert (found.benign, found.open) == (benign, unknown)


def test_a_token_that_the_reference_did_not_record_is_at_least_as_far_as_the_last_recorded() -> None:
    theirs = decoded([2], [{2: -0.5, 3: -4.5}])
    found = divergence(pair(decoded([7], [{7: -0.1}]), theirs), NEAR, ids_in_words)
    assert found is not None
    assert (found.margin, found.at_least, found.benign, found.open) == (4.0, True, False, False)
    close = divergence(pair(decoded([7], [{7: -0.1}]), decoded([2], [{2: -0.5, 3: -0.6}])), NEAR, ids_in_words)
    assert close is not None
    assert (close.benign, close.open) == (False, True)


@pytest.mark.parametrize("row", [{2: -0.5, 3: float("nan"), 7: -9.0}, {2: float("nan"), 3: -9.0}])
def test_a_reference_without_numbers_leaves_a_divergence_open(row: dict[int, float]) -> None:
    found = divergence(pair(decoded([3], [{3: -0.1}]), decoded([2], [row])), NEAR, ids_in_words)
    assert found is not None
    assert (found.benign, found.open) == (False, True)


def test_an_end_that_only_one_side_reached_is_open() -> None:
    ours = decoded([1], [{1: -0.1}], finish_reason="stop")
    theirs = decoded([1, 2, 3], [{1: -0.1}, {2: -0.1}, {3: -0.1}])
    found = divergence(pair(ours, theirs), NEAR, ids_in_words)
    assert found is not None
    assert (found.position, found.candidate_token, found.open) == (1, END, True)


def stopped(chosen: list[int], end_token: int | None) -> Record:
    return decoded(chosen, [{token: -0.1} for token in chosen], finish_reason="stop", end_token=end_token)


@pytest.mark.parametrize(("of_the_short", "of_the_long"), [(2, 2), (None, 2), (2, None)])
def test_an_end_token_that_only_one_side_records_is_no_divergence(
    of_the_short: int | None, of_the_long: int | None
) -> None:
    short, long = stopped([1], of_the_short), stopped([1, 2], of_the_long)
    assert divergence(pair(short, long), NEAR, ids_in_words) is None
    assert divergence(pair(long, short), NEAR, ids_in_words) is None


@pytest.mark.parametrize(
    ("of_the_short", "of_the_long"),
    [(None, None), (9, None), (None, 9), (9, 2), (1, 2), (1, 1)],
    ids=["unknown", "other", "other-of-the-long", "two-ends", "recorded-by-both", "one-ends-before"],
)
def test_one_real_token_more_is_a_divergence_though_both_stop(
    of_the_short: int | None, of_the_long: int | None
) -> None:
    short, long = stopped([1], of_the_short), stopped([1, 2], of_the_long)
    for found in (divergence(pair(*sides), NEAR, ids_in_words) for sides in ((short, long), (long, short))):
        assert found is not None
        assert (found.position, END in (found.candidate_token, found.reference_token)) == (1, True)


def test_an_end_that_is_said_twice_is_one_token_too_many() -> None:
    assert divergence(pair(stopped([1, 2], 2), stopped([1, 2, 2], 2)), NEAR, ids_in_words) is not None


def test_the_noise_of_margins_ends_with_the_first_divergence() -> None:
    theirs = decoded([1, 2, 3], [{1: -0.1, 9: -3.0}, {2: -0.5, 4: -0.7}, {3: -0.1, 4: -9.0}])
    ours = decoded([1, 4, 3], [{1: -0.2, 9: -3.6}, {4: -0.5, 2: -0.6}, {3: -5.0, 4: -6.0}])
    lineup = Lineup(pairs=(pair(ours, theirs),))
    assert margin_noise(lineup) == [pytest.approx(0.5), pytest.approx(0.3)]


def test_greedy_tokens_without_a_number_are_named() -> None:
    sound = decoded([1], [{1: -0.1}])
    broken = replace(sound, decode=replace(sound.decode, logprobs=(float("nan"),)))
    assert decodes(Lineup(pairs=(pair(broken, sound),)), NEAR, ids_in_words).broken == ("text/0",)
