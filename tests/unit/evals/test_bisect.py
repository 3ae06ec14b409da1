"""Halving a line of commits: always the first bad one, never more runs than halving takes, and open steps."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from evals.bisect import Outcome, Search, contradiction, next_place, outcome_of, runs_left, suspects
from evals.outcome import Verdict

Says = Callable[[int], Outcome]


def searched(length: int, says: Says, *, verify: bool = False, runs: int = 1000) -> tuple[Search, list[int]]:
    """Run a search to its end; return it with the places in the order in which they were run."""
    search, places = Search(length=length, verify=verify), list[int]()
    while len(places) < runs and (place := next_place(search)) is not None:
        assert place not in search.outcomes
        places.append(place)
        search = Search(length=length, verify=verify, outcomes={**search.outcomes, place: says(place)})
    return search, places


def planted(bad: int, broken: frozenset[int] = frozenset()) -> Says:
    return lambda place: Outcome.OPEN if place in broken else Outcome.BAD if place >= bad else Outcome.GOOD


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("length", [2, 3, 4, 31, 32, 33, 100])
def test_the_first_bad_place_is_found_with_no_more_runs_than_were_announced(length: int, verify: bool) -> None:
    announced = runs_left(Search(length=length, verify=verify))
    for bad in range(1, length):
        search, places = searched(length, planted(bad), verify=verify)
        assert suspects(search) == (bad, bad)
        assert len(places) <= announced


def test_thirty_two_commits_take_five_runs_and_seven_with_both_ends() -> None:
    assert runs_left(Search(length=32)) == 5
    assert runs_left(Search(length=32, verify=True)) == 7


def test_open_steps_are_passed_by_and_the_first_bad_place_is_still_found() -> None:
    draw = random.Random(6)
    for _ in range(300):
        length = draw.randint(3, 60)
        bad = draw.randint(1, length - 1)
        others = [place for place in range(1, length - 1) if place not in (bad, bad - 1)]
        broken = frozenset(draw.sample(others, draw.randint(0, len(others))))
        search, _ = searched(length, planted(bad, broken))
        assert suspects(search) == (bad, bad)


def test_a_block_of_broken_commits_is_left_in_growing_steps() -> None:
    _, places = searched(64, planted(60, frozenset(range(20, 45))))
    assert places[:4] == [31, 32, 29, 36]
    assert len(places) <= 12


def test_where_there_is_no_room_for_a_long_step_aside_the_next_shorter_one_is_taken() -> None:
    assert next_place(Search(length=10, outcomes=dict.fromkeys((3, 4, 5), Outcome.OPEN))) == 7


def test_a_line_that_gets_good_again_is_searched_behind_its_last_good_place() -> None:
    assert suspects(Search(length=10, outcomes={3: Outcome.BAD, 6: Outcome.GOOD})) == (7, 9)


def test_where_the_change_lies_among_open_steps_the_range_is_named() -> None:
    search, places = searched(32, planted(12, frozenset({10, 11, 12, 13})))
    assert suspects(search) == (10, 14)
    assert set(places) >= {10, 11, 12, 13}


def test_no_run_is_wasted_behind_a_known_bad_place() -> None:
    _, places = searched(32, planted(8))
    assert max(places[1:]) < places[0]


@pytest.mark.parametrize(
    ("says", "reason", "runs"),
    [
        (planted(40), "the bad end passes", 1),
        (planted(0), "the good end fails too", 2),
        (planted(9, frozenset({31})), "the bad end gave neither", 1),
        (planted(9, frozenset({0})), "the good end gave neither", 2),
    ],
)
def test_ends_that_are_not_what_they_were_taken_for_end_the_search(says: Says, reason: str, runs: int) -> None:
    search, places = searched(32, says, verify=True)
    assert reason in (contradiction(search) or "")
    assert places == [31, 0][: len(places)]
    assert len(places) <= runs


def test_only_a_pass_is_good_and_only_a_fail_is_bad() -> None:
    assert outcome_of(Verdict.PASS) is Outcome.GOOD
    assert outcome_of(Verdict.FAIL) is Outcome.BAD
    for verdict in (Verdict.INCONCLUSIVE, Verdict.INCOMPARABLE, Verdict.ERROR, None):
        assert outcome_of(verdict) is Outcome.OPEN
