"""Several answers to each item: the mean, whether any is right, and the vote; and comparisons of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.compare import compare_workload
from evals.repeats import by_item
from evals.result import Score, Verdict
from evals.spec import Workload

METRIC = "exact_match,strict-match"
WORKLOAD = Workload(name="w", benchmark="gsm8k", metric=METRIC, margin=0.05, repeats=4, temperature=0.7)


def answers(doc_id: int, *given: tuple[float, str | None], metric: str = METRIC) -> list[Score]:
    return [
        Score(task="t", doc_id=doc_id, metric=metric, value=value, parsed=found is not None, extracted=found, gold="1",
              prompt_sha256=f"p{doc_id}", repeat=repeat)
        for repeat, (value, found) in enumerate(given)
    ]  # fmt: skip


def values(scores: list[Score]) -> dict[str, float]:
    return {score.metric.partition(",")[0].removeprefix("exact_match"): score.value for score in by_item(scores)}


def test_an_item_has_its_mean_whether_any_answer_is_right_and_what_most_say() -> None:
    assert values(answers(0, (1, "1"), (0, "2"), (0, "2"), (1, "1"), (1, "1"))) == {
        "": 0.6, "_pass_at_all": 1.0, "_majority": 1.0,
    }  # fmt: skip
    assert values(answers(0, (1, "1"), (0, "2"), (0, "2"))) == {
        "": pytest.approx(1 / 3),
        "_pass_at_all": 1.0,
        "_majority": 0.0,
    }
    assert values(answers(0, (0, "3"), (0, "2"))) == {"": 0.0, "_pass_at_all": 0.0, "_majority": 0.0}


def test_of_equally_many_votes_the_answer_given_first_wins_whatever_the_order_of_the_scores() -> None:
    scores = answers(0, (0, "2"), (1, "1"), (0, "2"), (1, "1"))
    for order in (scores, scores[::-1]):
        (vote,) = [score for score in by_item(order) if score.metric == "exact_match_majority,strict-match"]
        assert (vote.value, vote.extracted) == (0.0, "2")


def test_answers_in_which_nothing_was_found_have_no_vote() -> None:
    (vote,) = [s for s in by_item(answers(0, (0, None), (0, None), (1, "1"))) if "majority" in s.metric]
    assert (vote.value, vote.extracted, vote.parsed) == (1.0, "1", True)
    (vote,) = [s for s in by_item(answers(0, (0, None), (0, None))) if "majority" in s.metric]
    assert (vote.value, vote.extracted, vote.parsed) == (0.0, None, False)


def test_single_answers_stay_as_they_are() -> None:
    scores = [*answers(0, (1, "1")), *answers(1, (0, None))]
    assert by_item(scores) == scores


def test_each_item_and_metric_counts_once() -> None:
    scores = [
        *answers(0, (1, "1"), (0, "2")),
        *answers(1, (1, "1"), (1, "1")),
        *answers(0, (1, "1"), (1, "1"), metric="acc,x"),
    ]
    found = by_item(scores)
    assert len({(score.doc_id, score.metric) for score in found}) == len(found) == 9
    assert {score.repeat for score in found} == {0}


def test_a_chance_credit_has_its_mean_alone_and_for_all_items() -> None:
    official = "acc_official,mmmu@1"
    scores = [*answers(0, (0.25, None), (1, "B"), metric=official), *answers(1, (1, "A"), (1, "A"), metric=official)]
    assert [(score.doc_id, score.metric, score.value) for score in by_item(scores)] == [
        (0, official, 0.625),
        (1, official, 1.0),
    ]


def test_a_credit_on_one_side_makes_no_vote_on_the_other() -> None:
    official = "acc_official,mmmu@1"
    ours = answers(0, (1, "A"), (1, "A"), metric=official)
    theirs = answers(0, (0.25, None), (1, "A"), metric=official)
    assert [score.metric for score in by_item(ours, beside=theirs)] == [official]
    found = compare_workload(workload=replace(WORKLOAD, metric=official), candidate=ours, baseline=theirs)
    assert [comparison.metric.name for comparison in found] == ["acc_official"]


def sides(items: int, *, better: int = 0) -> tuple[list[Score], list[Score]]:
    """Return both sides' four answers to each item; of the baseline's, `better` items are all right."""
    half = ((1, "1"), (0, "2"), (1, "1"), (0, None))
    candidate = [score for item in range(items) for score in answers(item, *half)]
    baseline = [s for item in range(items) for s in answers(item, *(((1, "1"),) * 4 if item < better else half))]
    return candidate, baseline


def test_comparisons_are_over_items_and_not_over_answers() -> None:
    ours, theirs = sides(100)
    decided, *others = compare_workload(workload=WORKLOAD, candidate=ours, baseline=theirs)
    assert decided.candidate is not None
    assert (decided.candidate.n, decided.candidate.value, decided.difference) == (100, 0.5, 0.0)
    assert [comparison.metric.name for comparison in others] == ["exact_match_majority", "exact_match_pass_at_all"]
    assert all(comparison.candidate is not None and comparison.candidate.n == 100 for comparison in others)
    assert not any(comparison.decides for comparison in others)


def test_four_times_the_same_answers_prove_no_more_than_the_items() -> None:
    def width(repeats: int) -> float:
        ours = [s for i in range(60) for s in answers(i, *(((float(i % 2), "1"),) * repeats))]
        theirs = [s for i in range(60) for s in answers(i, *(((float(i % 3 == 0), "1"),) * repeats))]
        found = compare_workload(workload=WORKLOAD, candidate=ours, baseline=theirs)[0]
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    assert width(4) == pytest.approx(width(1))


def test_a_drop_over_many_items_fails() -> None:
    ours, theirs = sides(200, better=80)
    decided = compare_workload(workload=WORKLOAD, candidate=ours, baseline=theirs)[0]
    assert decided.difference == pytest.approx(-0.2)
    assert decided.verdict is Verdict.FAIL
    assert decided.high is not None
    assert decided.high < -0.05


def test_unparsed_counts_are_of_answers_and_of_votes_the_items_without_any() -> None:
    ours, theirs = sides(10)
    ours += answers(10, (0, None), (0, None), (0, None), (0, None))
    theirs += answers(10, (1, "1"), (1, "1"), (1, "1"), (1, "1"))
    found = {c.metric.name: c for c in compare_workload(workload=WORKLOAD, candidate=ours, baseline=theirs)}
    counts = {
        name: (c.candidate.unparsed, c.baseline.unparsed) for name, c in found.items() if c.candidate and c.baseline
    }
    assert counts == {"exact_match": (14, 10), "exact_match_majority": (1, 0), "exact_match_pass_at_all": (1, 0)}


def test_known_metrics_keep_their_direction_and_unit_in_a_vote() -> None:
    ours, theirs = sides(10)
    majority = compare_workload(workload=WORKLOAD, candidate=ours, baseline=theirs)[1]
    assert (majority.metric.unit, majority.metric.title) == ("share", "exact match majority")


def test_sides_that_answered_an_item_unequally_often_are_incomparable() -> None:
    full = [one for item in range(20) for one in answers(item, (1, "1"), (1, "1"))]
    short = [one for one in full if (one.doc_id, one.repeat) != (3, 1)]
    for candidate, baseline in ((full, short), (short, full)):
        row = compare_workload(workload=WORKLOAD, candidate=candidate, baseline=baseline)[0]
        assert row.verdict is Verdict.INCOMPARABLE
        assert "different numbers of answers to 1 of 20 items (first: t" in row.reasons[0]
