"""The table of items: its address holds the filters, its pages fit together."""

from __future__ import annotations

import json

import pytest

from dashboard.samples_view import SampleFilter, flip_words, item_link, neighbours, question_line, sample_row
from db.sample_pairs import SamplePair, SampleSide

SIDE = SampleSide(
    value=1.0,
    parsed=True,
    extracted="4",
    text="4",
    finish_reason="stop",
    prompt_tokens=1,
    completion_tokens=1,
    latency_ms=None,
)
NONE = SampleSide(
    value=None,
    parsed=None,
    extracted=None,
    text=None,
    finish_reason=None,
    prompt_tokens=None,
    completion_tokens=None,
    latency_ms=None,
)


def pair(doc_id: int, baseline: SampleSide = SIDE) -> SamplePair:
    return SamplePair(
        workload="w",
        task="t",
        doc_id=doc_id,
        metric="m",
        gold="so\n#### 4",
        prompt="example\n\nwhat?",
        flip=None,
        candidate=SIDE,
        baseline=baseline,
    )


def test_filters_that_are_left_alone_are_not_in_the_address() -> None:
    assert SampleFilter(workload="w", metric="m").as_query() == {"workload": "w", "metric": "m"}
    chosen = SampleFilter(workload="w", metric="m", flip="lost", text="a&b", within="prompts", task="t")
    assert chosen.as_query() == {
        "workload": "w",
        "metric": "m",
        "flip": "lost",
        "q": "a&b",
        "task": "t",
        "in": "prompts",
    }
    assert chosen.narrows
    assert not SampleFilter(workload="w", metric="m").narrows


def test_an_items_address_escapes_its_task() -> None:
    assert item_link("/runs/r/samples", "a/b?c#d", 3, {"metric": "x,y"}) == "/runs/r/samples/a/b%3Fc%23d/3?metric=x%2Cy"


@pytest.mark.parametrize(
    ("count", "after", "before", "docs", "earlier", "later"),
    [
        (2, False, False, [0, 1], False, False),
        (3, False, False, [0, 1], False, True),
        (3, True, False, [0, 1], True, True),
        (2, True, False, [0, 1], True, False),
        (3, True, True, [1, 2], True, True),
        (2, True, True, [0, 1], False, True),
    ],
)
def test_a_page_knows_its_neighbours(
    count: int, after: bool, before: bool, docs: list[int], earlier: bool, later: bool
) -> None:
    found = neighbours([pair(place) for place in range(count)], 2, after=after, before=before)
    assert ([one.doc_id for one in found[0]], found[1], found[2]) == (docs, earlier, later)


def test_a_row_tells_what_was_not_judged() -> None:
    row = sample_row(pair(1, NONE), "/x", chat=False)
    assert (row.candidate.word, row.candidate.style, row.candidate.found) == ("right", "pass", "4")
    assert (row.baseline.word, row.baseline.style) == ("not judged", "never")
    assert (row.gold, row.question) == ("#### 4", "what?")


def test_a_chats_question_is_its_last_turn() -> None:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "why?"}]}]
    assert question_line(json.dumps(messages), chat=True) == "why?"
    assert question_line(None, chat=True) == "the prompt was not stored"


def test_flips_are_told_by_the_names_of_the_sides() -> None:
    run, pair = (
        flip_words(names) for names in (("Candidate (sglang)", "Baseline (hf)"), ("Right run (x)", "Left run (y)"))
    )
    assert (run["lost"], run["gained"]) == ("lost: only the baseline is right", "gained: only the candidate is right")
    assert (pair["lost"], pair["gained"]) == ("lost: only the left run is right", "gained: only the right run is right")
