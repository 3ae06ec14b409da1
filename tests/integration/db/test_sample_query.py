"""Items are found by text, by what is wrong with them and page by page, on a real Postgres."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from db.sample_detail import item_side
from db.sample_pairs import sample_pairs
from db.sample_query import SampleQuery, sample_items
from db.sample_tasks import tasks_of
from db.samples import save_responses, save_scores
from db.session import transaction
from evals.result import Response, SampleKey, Score
from tests.integration.db.builders import claimed, new_run, response, score

pytestmark = pytest.mark.usefixtures("database")

METRIC = "exact_match,strict-match"


@pytest.fixture
def base(database: str) -> SampleQuery:
    """Six items: 1 lost, 2 gained, 3 unanswered by the baseline, 4 cut, 5 unparsed and in another task."""
    _, jobs = new_run()
    ids = []
    for place, job in enumerate(jobs):
        held = claimed(job.id)
        answers, scores = [], []
        for doc_id in range(6):
            if doc_id == 3 and place:
                continue
            task = "zebra" if doc_id == 5 else "gsm8k"
            text = f"It is 100% Side_{place} {doc_id}"
            found = replace(response(doc_id, text, f"p{doc_id}"), finish_reason="length" if doc_id == 4 else "stop")
            answers.append(("gsm8k", _at(found, task)))
            right = float(doc_id != (1, 2)[place])
            scores.append(replace(score(doc_id, right, parsed=doc_id != 5), task=task))
        with transaction() as session:
            prompts = {f"p{doc_id}": f"examples\n\nQuestion {doc_id}?" for doc_id in range(6)}
            save_responses(session, held.lease, answers, prompts)
            save_scores(session, held.lease, "gsm8k", scores)
        ids.append(job.id)
    return SampleQuery(candidate_job=ids[0], baseline_job=ids[1], workload="gsm8k", metric=METRIC)


def _at(found: Response, task: str) -> Response:
    return replace(found, key=SampleKey(task=task, doc_id=found.key.doc_id))


def docs(query: SampleQuery, **changes: Any) -> list[int]:
    with transaction() as session:
        return [doc_id for _, doc_id in sample_items(session, replace(query, **changes))]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"flip": "any"}, [1, 2]),
        ({"flip": "lost"}, [1]),
        ({"flip": "gained"}, [2]),
        ({"unparsed": True}, [5]),
        ({"errors": True}, [3, 4]),
        ({"task": "zebra"}, [5]),
        ({"task": "none"}, []),
        ({"text": "side_1 2"}, [2]),
        ({"text": "100%"}, [0, 1, 2, 3, 4, 5]),
        ({"text": "1%0"}, []),
        ({"text": "sidex"}, []),
        ({"text": "question 4", "within": "prompts"}, [4]),
        ({"text": "side_1", "within": "prompts"}, []),
        ({"item": ("gsm8k", 2)}, [2]),
        ({"after": ("gsm8k", 2)}, [3, 4, 5]),
        ({"after": ("gsm8k", 2), "backwards": True}, [1, 0]),
        ({"after": ("gsm8k", 4), "backwards": True, "limit": 2}, [3, 2]),
        ({"flip": "any", "after": ("gsm8k", 1), "limit": 1}, [2]),
        ({"repeat": 1}, []),
    ],
)
def test_filters_let_the_right_items_through(base: SampleQuery, changes: dict[str, Any], found: list[int]) -> None:
    assert docs(base, **changes) == found


def test_a_side_without_a_job_lacks_nothing(base: SampleQuery) -> None:
    assert docs(base, baseline_job="", errors=True) == [4]
    assert docs(base, candidate_job="", text="side_1 3") == []


def test_a_page_read_backwards_stands_in_order(base: SampleQuery) -> None:
    with transaction() as session:
        pairs = sample_pairs(session, replace(base, after=("zebra", 0), backwards=True, limit=3))
    assert [pair.doc_id for pair in pairs] == [2, 3, 4]
    assert (pairs[1].baseline.value, pairs[1].candidate.text) == (None, "It is 100% Side_0 3")


def test_an_item_is_read_whole_from_either_side(base: SampleQuery) -> None:
    with transaction() as session:
        ours = item_side(session, base.candidate_job, "gsm8k", ("gsm8k", 3), 0)
        theirs = item_side(session, base.baseline_job, "gsm8k", ("gsm8k", 3), 0)
        nobody = item_side(session, "", "gsm8k", ("gsm8k", 3), 0)
    assert ours.response is not None
    assert (ours.response.text, ours.prompt, ours.requests) == ("It is 100% Side_0 3", "examples\n\nQuestion 3?", 1)
    assert [(one.metric, one.value) for one in ours.scores] == [(METRIC, 1.0)]
    assert isinstance(ours.scores[0], Score)
    assert (theirs.response, theirs.scores, nobody.response) == (None, (), None)


def test_tasks_are_found_in_their_order(base: SampleQuery) -> None:
    with transaction() as session:
        assert tasks_of(session, base.candidate_job, "gsm8k") == ["gsm8k", "zebra"]
        assert tasks_of(session, base.candidate_job, "mmlu") == []
