"""The candidate against itself: in batches, from the prefix cache, in chunks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.outcome import Verdict
from evals.parity.records import (
    CHUNK,
    KEEPS_NO_CACHE,
    PREFIX_CACHE,
    RUNNING,
    Mode,
    Observation,
)
from tests.unit.evals.parity.judging.judging_world import NOISE, SETTINGS, check, judged
from tests.unit.evals.parity.judging.worlds import in_chunks, observed, truth


def test_the_candidate_is_held_against_itself_in_batches_from_the_cache_and_in_chunks() -> None:
    def wrong(mode: Mode) -> Observation:
        fine, faulty = (observed(noise, 1, modes=tuple(Mode)) for noise in (NOISE, 0.5))
        others = tuple(one for one in fine.records if one.mode is not mode)
        return replace(fine, records=(*others, *(one for one in faulty.records if one.mode is mode)))

    for mode, name in ((Mode.TOGETHER, "batch"), (Mode.CACHED, "cache")):
        result = judged(candidate=wrong(mode))
        assert [one.name for one in result.checks if one.verdict is Verdict.FAIL] == [name]
    assert [one.name for one in judged(chunked=in_chunks(0.5, 4)).checks if one.verdict is Verdict.FAIL] == ["chunk"]


def test_only_prompts_longer_than_a_chunk_are_compared_in_chunks() -> None:
    longer = [ids for ids, *_ in truth().values() if len(ids) > 80]
    assert check(judged(), "chunk").n == sum(len(ids) - 1 for ids in longer)
    none = check(judged(chunked=in_chunks(NOISE, 4, chunk=500)), "chunk")
    assert (none.verdict, none.reasons) == (Verdict.INCONCLUSIVE, ("no prompt was asked this way",))


def test_the_chunk_is_the_one_that_the_server_says_and_not_the_one_it_was_asked_for() -> None:
    found = check(judged(replace(SETTINGS, chunk_tokens=20), chunked=in_chunks(NOISE, 4, chunk=100)), "chunk")
    assert found.title == "Prefill in chunks of 100 tokens against whole"
    assert found.n == sum(len(ids) - 1 for ids, *_ in truth().values() if len(ids) > 100)


@pytest.mark.parametrize(
    ("limits", "own", "said"),
    [
        ({}, {CHUNK: 4096}, "does not say how large they are"),
        ({CHUNK: -1}, {CHUNK: 4096}, "prefills whole prompts"),
        ({CHUNK: 0}, {}, "prefills whole prompts"),
        ({CHUNK: 80}, {CHUNK: 80}, "its prefill chunk of 80 tokens is not smaller than the candidate's own of 80"),
    ],
)
def test_chunks_that_were_not_small_decide_nothing(limits: dict[str, int], own: dict[str, int], said: str) -> None:
    candidate = replace(observed(NOISE, 1, modes=tuple(Mode)), limits=own)
    result = judged(candidate=candidate, chunked=replace(observed(NOISE, 4), limits=limits))
    assert {one.name for one in result.checks if one.verdict is not Verdict.PASS} == {"chunk"}
    assert said in check(result, "chunk").reasons[0]
    assert check(result, "chunk").verdict is Verdict.INCONCLUSIVE


def test_chunks_are_held_against_a_candidate_that_prefills_whole_prompts_or_does_not_say() -> None:
    for own in ({CHUNK: -1}, {}):
        candidate = replace(observed(NOISE, 1, modes=tuple(Mode)), limits=own)
        assert judged(candidate=candidate).verdict is Verdict.PASS


def test_a_candidate_that_runs_one_request_at_a_time_has_shown_no_batch() -> None:
    result = judged(candidate=replace(observed(NOISE, 1, modes=tuple(Mode)), limits={RUNNING: 1}))
    assert {one.name for one in result.checks if one.verdict is not Verdict.PASS} == {"batch"}
    assert "one request at a time" in result.headline


@pytest.mark.parametrize(("mode", "name"), [(Mode.TOGETHER, "batch"), (Mode.CACHED, "cache")])
def test_prompts_that_got_no_answer_together_or_from_the_cache_are_no_pass(mode: Mode, name: str) -> None:
    candidate = observed(NOISE, 1, modes=tuple(Mode))
    kept = tuple(one for one in candidate.records if (one.prompt, one.mode) != ("code/0", mode))
    found = check(judged(candidate=replace(candidate, records=kept)), name)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons == ("1 prompt got no answer this way (first: code/0)",)


def warm(candidate: Observation, tokens: int | None, *, kept: int = 0) -> Observation:
    """A candidate that says of its prompts, but the first `kept`, that so many tokens came from the cache."""
    first = list(truth())[:kept]
    return replace(
        candidate,
        records=tuple(
            one if one.mode is not Mode.CACHED or one.prompt in first else replace(one, cached_tokens=tokens)
            for one in candidate.records
        ),
    )


def test_an_engine_without_a_prefix_cache_has_no_check_of_it_and_the_report_says_so() -> None:
    without = replace(observed(NOISE, 1, modes=(Mode.ALONE, Mode.TOGETHER)), notes={PREFIX_CACHE: KEEPS_NO_CACHE})
    result = judged(candidate=without)
    assert result.verdict is Verdict.PASS
    assert "cache" not in {one.name for one in result.checks}
    assert "keeps no prefix cache" in " ".join(result.coverage)


@pytest.mark.parametrize(("told", "said"), [(0, "took nothing from a prefix cache"), (None, "does not say how much")])
def test_a_cache_that_nothing_came_from_is_no_pass(told: int | None, said: str) -> None:
    result = judged(candidate=warm(observed(NOISE, 1, modes=tuple(Mode)), told))
    assert (result.verdict, check(result, "cache").verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert said in check(result, "cache").reasons[0]


def test_only_what_came_from_the_cache_is_compared() -> None:
    candidate = observed(NOISE, 1, modes=tuple(Mode))
    some, few = (check(judged(candidate=warm(candidate, 0, kept=kept)), "cache") for kept in (12, 3))
    first = list(truth())[:12]
    assert some.n == sum(len(one.prefill.token_ids) for one in candidate.records
                         if one.mode is Mode.CACHED and one.prompt in first)  # fmt: skip
    assert some.verdict is Verdict.PASS
    assert "nothing came from the cache of 18 prompts" in " ".join(some.notes)
    assert (few.verdict, "of 3 prompts could be compared" in " ".join(few.reasons)) == (Verdict.INCONCLUSIVE, True)
