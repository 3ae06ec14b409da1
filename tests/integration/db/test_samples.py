"""Responses and scores on a real Postgres: each exactly once, and only from the worker that holds the job."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from db.claims import end_job
from db.reconcile import lost_jobs
from db.sample_pairs import SampleQuery, sample_pairs
from db.samples import forget_responses, responses_of, save_responses, save_scores, scores_of
from db.session import transaction
from db.states import JobState
from db.tables import Prompt
from evals.errors import LeaseLostError
from tests.integration.db.builders import claim, claimed, new_run, response, score

pytestmark = pytest.mark.usefixtures("database")

METRIC = "exact_match,strict-match"


def test_a_response_that_is_known_is_kept_as_it_first_came() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    with transaction() as session:
        save_responses(session, held.lease, [("gsm8k", response(1, "first"))], {"p": "prompt"})
    with transaction() as session:
        save_responses(session, held.lease, [("gsm8k", response(1, "second")), ("gsm8k", response(2))], {"p": "prompt"})
    with transaction() as session:
        texts = {r.key.doc_id: r.text for r in responses_of(session, jobs[0].id, "gsm8k")}
        assert texts == {1: "first", 2: "#### 4"}
        assert session.scalar(select(func.count()).select_from(Prompt)) == 1


def test_a_response_comes_back_as_it_went_in() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    original = replace(response(7, "žluťoučký 🐎"), finish_reason=None, completion_tokens=None)
    with transaction() as session:
        save_responses(session, held.lease, [("gsm8k", original)], {})
        assert responses_of(session, jobs[0].id, "gsm8k") == [original]


def test_a_worker_without_the_lease_saves_nothing() -> None:
    _, jobs = new_run()
    old = claimed(jobs[0].id, lease_s=-1)
    with transaction() as session:
        lost_jobs(session)
    assert claim(jobs[0].id) is not None
    with pytest.raises(LeaseLostError), transaction() as session:
        save_responses(session, old.lease, [("gsm8k", response(1))], {"p": "prompt"})
    with pytest.raises(LeaseLostError), transaction() as session:
        save_scores(session, old.lease, "gsm8k", [score(1, 1.0)])
    with transaction() as session:
        assert responses_of(session, jobs[0].id, "gsm8k") == []
        assert session.scalar(select(func.count()).select_from(Prompt)) == 0


def test_an_ended_job_takes_no_more_responses() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    with transaction() as session:
        end_job(session, held.lease, JobState.CANCELLED)
    with pytest.raises(LeaseLostError), transaction() as session:
        save_responses(session, held.lease, [("gsm8k", response(1))], {})


def test_scores_of_a_second_attempt_replace_the_first() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    with transaction() as session:
        save_scores(session, held.lease, "gsm8k", [score(1, 0.0), score(2, 1.0)])
    with transaction() as session:
        save_scores(session, held.lease, "gsm8k", [score(1, 1.0)])
        assert scores_of(session, jobs[0].id, "gsm8k") == [score(1, 1.0)]


def pair_of_jobs() -> tuple[str, str]:
    _, jobs = new_run()
    sides = {0: [1.0, 1.0, 0.0, 0.0], 1: [1.0, 0.0, 1.0, 0.0]}
    for index, values in sides.items():
        held = claimed(jobs[index].id)
        with transaction() as session:
            save_responses(session, held.lease, [("gsm8k", response(i)) for i in range(4)], {"p": "the prompt"})
            rows = [score(i, value, parsed=i != 3) for i, value in enumerate(values)]
            save_scores(session, held.lease, "gsm8k", rows)
    return jobs[0].id, jobs[1].id


@pytest.mark.parametrize(
    ("flip", "docs"), [(None, [0, 1, 2, 3]), ("any", [1, 2]), ("lost", [2]), ("gained", [1]), ("none", [0, 3])]
)
def test_samples_can_be_chosen_by_what_became_of_them(flip: str | None, docs: list[int]) -> None:
    candidate, baseline = pair_of_jobs()
    query = SampleQuery(candidate_job=candidate, baseline_job=baseline, workload="gsm8k", metric=METRIC, flip=flip)
    with transaction() as session:
        assert [pair.doc_id for pair in sample_pairs(session, query)] == docs


def test_pages_of_samples_follow_one_another_without_gap_or_overlap() -> None:
    candidate, baseline = pair_of_jobs()
    query = SampleQuery(candidate_job=candidate, baseline_job=baseline, workload="gsm8k", metric=METRIC, limit=3)
    with transaction() as session:
        first = sample_pairs(session, query)
        second = sample_pairs(session, replace(query, after=(first[-1].task, first[-1].doc_id)))
    assert [pair.doc_id for pair in first + second] == [0, 1, 2, 3]
    assert (first[0].prompt, first[0].candidate.text) == ("the prompt", "#### 4")
    assert first[0].candidate.latency_ms == pytest.approx(500)


def test_an_item_that_one_side_lacks_is_shown_with_nothing_measured_there() -> None:
    candidate, _ = pair_of_jobs()
    query = SampleQuery(candidate_job=candidate, baseline_job="j-none", workload="gsm8k", metric=METRIC, limit=1)
    with transaction() as session:
        (pair,) = sample_pairs(session, query)
    assert (pair.candidate.value, pair.baseline.value, pair.baseline.text, pair.flip) == (1.0, None, None, None)


def test_unparsed_answers_can_be_picked_out() -> None:
    candidate, baseline = pair_of_jobs()
    query = SampleQuery(candidate_job=candidate, baseline_job=baseline, workload="gsm8k", metric=METRIC, unparsed=True)
    with transaction() as session:
        assert [pair.doc_id for pair in sample_pairs(session, query)] == [3]


def test_answers_of_another_engine_can_be_forgotten_by_the_holder_alone() -> None:
    _, jobs = new_run()
    old = claimed(jobs[0].id, lease_s=-1)
    with transaction() as session:
        save_responses(session, old.lease, [("gsm8k", response(1))], {})
        save_scores(session, old.lease, "gsm8k", [score(1, 1.0)])
        lost_jobs(session)
    new = claimed(jobs[0].id)
    with pytest.raises(LeaseLostError), transaction() as session:
        forget_responses(session, old.lease)
    with transaction() as session:
        forget_responses(session, new.lease)
        assert responses_of(session, jobs[0].id, "gsm8k") == []
        assert scores_of(session, jobs[0].id, "gsm8k") == []
