"""Which positions of which prompts are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evals.parity.judging.pairing import line_up, scores
from evals.parity.records import Mode, Record
from tests.unit.evals.parity.judging.worlds import record

NAMES = ("the candidate", "the baseline")


def a_record(mode: Mode = Mode.ALONE, noise: float = 0.0) -> Record:
    return record("text/0", mode, noise, np.random.default_rng(1))


def test_every_position_but_the_first_is_compared_by_the_token_that_stands_there() -> None:
    ours, theirs = a_record(noise=0.1), a_record()
    (pair,) = line_up({"text/0": ours}, {"text/0": theirs}, NAMES).pairs
    assert list(pair.positions) == list(range(1, len(ours.prompt_ids)))
    found = scores(pair, 5)
    assert list(found.ours) == list(ours.prefill.logprobs)
    assert list(found.theirs) == list(theirs.prefill.logprobs)


def test_positions_that_either_side_calls_meaningless_are_left_out_without_a_complaint() -> None:
    ours, theirs = replace(a_record(), unscored=(3, 4)), replace(a_record(), unscored=(4, 5))
    lineup = line_up({"text/0": ours}, {"text/0": theirs}, NAMES)
    assert not {3, 4, 5} & set(lineup.pairs[0].positions)
    assert len(lineup.pairs[0].positions) == len(ours.prompt_ids) - 4
    assert lineup.reasons == ()


def test_a_mode_that_starts_late_is_compared_from_there_on() -> None:
    late, whole = a_record(Mode.CACHED), a_record()
    (pair,) = line_up({"text/0": late}, {"text/0": whole}, NAMES, partly=True).pairs
    assert pair.positions[0] == late.start
    found = scores(pair, 5)
    assert list(found.ours) == list(found.theirs)


def test_positions_that_one_side_alone_scored_are_not_dropped_in_silence() -> None:
    lineup = line_up({"text/0": a_record(Mode.CACHED)}, {"text/0": a_record()}, NAMES)
    assert lineup.reasons == (
        "the candidate and the baseline scored different positions in 1 of 1 prompt (first: text/0)",
    )


def test_a_prompt_that_both_saw_differently_is_not_compared() -> None:
    ours = a_record()
    theirs = replace(ours, prompt_ids=(*ours.prompt_ids[:-1], 39 - ours.prompt_ids[-1]))
    lineup = line_up({"text/0": ours}, {"text/0": theirs}, NAMES)
    assert lineup.pairs == ()
    assert lineup.reasons == ("the candidate and the baseline saw different tokens in 1 of 1 prompt (first: text/0)",)
