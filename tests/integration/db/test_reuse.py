"""The result cache on a real Postgres: only answers of the same engine to the same request, and never within a run."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from db.claims import Claim
from db.jobs import note_facts
from db.reuse import Identity, reuse_responses, reused_by
from db.samples import responses_of, save_responses
from db.session import transaction
from db.tables import StoredResponse
from evals.errors import LeaseLostError
from evals.result import Response, SampleKey
from tests.integration.db.builders import claimed, new_run, response

pytestmark = pytest.mark.usefixtures("database")

WHO = Identity(answered_by="engine-1", hardware="2 x CPU")


def answered(doc_id: int, text: str = "#### 4", *, at: float = 1.5) -> Response:
    return replace(response(doc_id, text), request_sha256=f"request-{doc_id}", ended_at=at)


def held(who: Identity | None = WHO, *answers: Response) -> Claim:
    """Return the claim on a job of a new run that has given some answers."""
    _, jobs = new_run()
    return claimed_by(jobs[0].id, who, *answers)


def claimed_by(job_id: str, who: Identity | None, *answers: Response) -> Claim:
    taken = claimed(job_id)
    with transaction() as session:
        if who is not None:
            note_facts(session, taken.lease, {"answered_by": who.answered_by, "hardware": who.hardware})
        save_responses(session, taken.lease, [("gsm8k", answer) for answer in answers], {"p": "prompt"})
    return taken


def reuse(taken: Claim, *doc_ids: int, who: Identity = WHO) -> int:
    wanted = {f"request-{doc_id}": [SampleKey(task="gsm8k", doc_id=doc_id)] for doc_id in doc_ids}
    with transaction() as session:
        return reuse_responses(session, taken.lease, "again", wanted=wanted, prompts={"p": "prompt"}, identity=who)


def texts(taken: Claim) -> dict[int, str]:
    with transaction() as session:
        return {found.key.doc_id: found.text for found in responses_of(session, taken.lease.job_id, "again")}


def test_known_answers_are_copied_with_where_they_came_from() -> None:
    earlier, now = held(WHO, answered(1, "one"), answered(2, "two")), held()
    assert reuse(now, 1, 2, 3) == 2
    assert texts(now) == {1: "one", 2: "two"}
    with transaction() as session:
        rows = session.scalars(sa.select(StoredResponse).where(StoredResponse.job_id == now.lease.job_id))
        assert {row.reused_from for row in rows} == {earlier.lease.job_id}


def test_a_copy_of_a_copy_names_the_job_that_asked() -> None:
    first, second = held(WHO, answered(1)), held()
    reuse(second, 1)
    third = held()
    assert reuse(third, 1) == 1
    with transaction() as session:
        assert reused_by(session, third.lease.job_id) == {first.lease.job_id: 1}


@pytest.mark.parametrize(
    "other",
    [Identity(answered_by="engine-2", hardware="2 x CPU"), Identity(answered_by="engine-1", hardware="GPU"), None],
)
def test_another_engine_or_machine_lends_nothing(other: Identity | None) -> None:
    held(other, answered(1))
    now = held()
    assert reuse(now, 1) == 0
    assert texts(now) == {}


def test_the_two_sides_of_a_run_lend_each_other_nothing() -> None:
    _, jobs = new_run()
    claimed_by(jobs[0].id, WHO, answered(1))
    other_side = claimed_by(jobs[1].id, WHO)
    assert reuse(other_side, 1) == 0


def test_the_newest_of_several_answers_is_taken() -> None:
    held(WHO, answered(1, "older", at=1.0))
    held(WHO, answered(1, "newer", at=2.0))
    now = held()
    reuse(now, 1)
    assert texts(now) == {1: "newer"}


def test_one_answer_serves_every_item_that_asks_the_same() -> None:
    held(WHO, answered(1, "one"))
    now = held()
    keys = [SampleKey(task="gsm8k", doc_id=doc_id) for doc_id in (5, 6)]
    with transaction() as session:
        reuse_responses(session, now.lease, "again", wanted={"request-1": keys}, prompts={"p": "prompt"}, identity=WHO)
    assert texts(now) == {5: "one", 6: "one"}


def test_a_worker_without_the_lease_reuses_nothing() -> None:
    held(WHO, answered(1))
    now = held()
    stale = replace(now, lease=replace(now.lease, token="another"))
    with pytest.raises(LeaseLostError):
        reuse(stale, 1)


def test_weights_that_were_touched_since_lend_nothing() -> None:
    before, after = replace(WHO, files_as_of="monday"), replace(WHO, files_as_of="tuesday")
    earlier = held(before, answered(1))
    with transaction() as session:
        note_facts(session, earlier.lease, {"files_as_of": "monday"})
    now = held(after)
    assert reuse(now, 1, who=after) == 0
    assert reuse(now, 1, who=before) == 1


def test_an_answer_to_a_changed_request_takes_the_place_of_the_old_one() -> None:
    now = held()
    for request, text in (("old", "first"), ("old", "again"), ("new", "second")):
        given = replace(answered(1, text), request_sha256=request)
        with transaction() as session:
            save_responses(session, now.lease, [("again", given)], {"p": "prompt"})
        assert texts(now)[1] == ("second" if request == "new" else "first")
