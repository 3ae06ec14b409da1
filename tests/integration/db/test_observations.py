"""What parity hears, on a real Postgres: kept as it was, under the lease, and gone with the model it came from."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from db.observations import end_observation, forget_observation, is_observed, observation_of, save_observed
from db.reconcile import lost_jobs
from db.samples import forget_responses
from db.session import transaction
from db.tables import Job
from evals.errors import LeaseLostError
from evals.parity.records import Form, Mode, Observation, Record, Scored, Tokenized
from tests.integration.db.builders import claimed, new_run

pytestmark = pytest.mark.usefixtures("database")

ODD = Scored(
    token_ids=(1, 2, 3),
    logprobs=(float("nan"), float("-inf"), -1.2345678901234567),
    top_ids=((1, 5), (), (3, 2)),
    top_logprobs=((-0.1, float("nan")), (), (-1e-300, -0.0)),
)
RECORD = Record(
    prompt="chat/a", mode=Mode.ALONE, prompt_ids=(9, 1, 2, 3), start=1, prefill=ODD, decode=ODD,
    text="a\x00b\ud800🐎", finish_reason=None, unscored=(0,), cached_tokens=None,
)  # fmt: skip
TOKENIZED = Tokenized(prompt="chat/a", form=Form.CHAT, token_ids=None)
WHOLE = Observation(records=(), left_out={"long": "too long"}, facts={"prompts": "x"}, notes={"chunk": "128"})


def same(a: Scored, b: Scored) -> bool:
    """Compare with NaN equal to NaN; repr tells -0.0 from 0.0 and shows every digit."""
    return repr(a) == repr(b)


def test_everything_comes_back_as_it_was_also_what_json_has_no_word_for() -> None:
    held = claimed(new_run()[1][0].id)
    with transaction() as session:
        save_observed(session, held.lease, "parity", [RECORD, TOKENIZED])
        end_observation(session, held.lease, "parity", WHOLE)
    with transaction() as session:
        found = observation_of(session, held.job.id, "parity")
    (record,) = found.records
    assert same(record.prefill, ODD)
    assert same(record.decode, ODD)
    assert math.isnan(record.prefill.logprobs[0])
    assert replace(record, prefill=ODD, decode=ODD) == RECORD
    assert found.tokenized == (TOKENIZED,)
    assert (found.left_out, found.facts, found.notes) == (WHOLE.left_out, WHOLE.facts, WHOLE.notes)


def test_modes_and_forms_of_one_prompt_stand_beside_each_other_and_a_second_hearing_replaces() -> None:
    held = claimed(new_run()[1][0].id)
    texts = replace(TOKENIZED, form=Form.TEXT, token_ids=(4,))
    with transaction() as session:
        save_observed(session, held.lease, "parity", [RECORD, replace(RECORD, mode=Mode.TOGETHER), TOKENIZED, texts])
        save_observed(session, held.lease, "parity", [replace(RECORD, text="again")])
        save_observed(session, held.lease, "other", [RECORD])
        found = observation_of(session, held.job.id, "parity")
    assert {record.mode: record.text for record in found.records} == {Mode.ALONE: "again", Mode.TOGETHER: RECORD.text}
    assert set(found.tokenized) == {TOKENIZED, texts}


def test_a_workload_is_done_only_when_it_says_so() -> None:
    held = claimed(new_run()[1][0].id)
    with transaction() as session:
        save_observed(session, held.lease, "parity", [RECORD])
        assert not is_observed(session, held.job.id, "parity")
        end_observation(session, held.lease, "parity", WHOLE)
        assert is_observed(session, held.job.id, "parity")
        assert not is_observed(session, held.job.id, "other")


def test_a_worker_without_the_lease_writes_nothing() -> None:
    held = claimed(new_run()[1][0].id, lease_s=-1)
    with transaction() as session:
        lost_jobs(session)
    for write in (
        lambda session: save_observed(session, held.lease, "parity", [RECORD]),
        lambda session: end_observation(session, held.lease, "parity", WHOLE),
        lambda session: forget_observation(session, held.lease, "parity"),
    ):
        with pytest.raises(LeaseLostError), transaction() as session:
            write(session)
    with transaction() as session:
        assert observation_of(session, held.job.id, "parity").records == ()
        assert not is_observed(session, held.job.id, "parity")


def test_what_another_model_said_is_forgotten_with_the_answers() -> None:
    held = claimed(new_run()[1][0].id)
    with transaction() as session:
        for workload in ("parity", "again"):
            save_observed(session, held.lease, workload, [RECORD])
        forget_observation(session, held.lease, "parity")
        assert observation_of(session, held.job.id, "parity").records == ()
        assert len(observation_of(session, held.job.id, "again").records) == 1
        forget_responses(session, held.lease)
        assert observation_of(session, held.job.id, "again").records == ()


def test_a_worker_that_died_after_it_heard_something_counts_as_no_loss() -> None:
    held = claimed(new_run()[1][0].id, lease_s=30)
    for heard, losses in (([], 1), ([RECORD], 0)):
        with transaction() as session:
            save_observed(session, held.lease, "parity", heard)
        with transaction() as session:
            job = session.get_one(Job, held.job.id)
            job.lease_expires_at = job.created_at
        with transaction() as session:
            assert [job.id for job in lost_jobs(session)] == [held.job.id]
            assert session.get_one(Job, held.job.id).losses == losses
        held = claimed(held.job.id)
