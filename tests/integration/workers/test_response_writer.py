"""Saving responses on a real Postgres: all of them, or the job hears why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.observations import observation_of
from db.reconcile import lost_jobs
from db.samples import responses_of
from db.session import StorageError, transaction
from evals.accuracy.questions import Asked
from evals.errors import LeaseLostError
from evals.parity.records import Form, Tokenized
from tests.integration.db.builders import claimed, new_run, response
from workers import response_writer as module
from workers.response_writer import ObservationWriter, ResponseWriter

pytestmark = pytest.mark.usefixtures("database")


def question(doc_id: int) -> Asked:
    return Asked(key=response(doc_id).key, prompt="a prompt", prompt_sha256="p")


def test_everything_put_is_saved_when_the_block_ends() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    with ResponseWriter(held.lease) as writer:
        for number in range(500):
            writer.put(("gsm8k", question(number), response(number)))
    with transaction() as session:
        assert len(responses_of(session, jobs[0].id, "gsm8k")) == 500


def test_characters_that_postgres_cannot_hold_are_replaced_and_the_rest_stays() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    with ResponseWriter(held.lease) as writer:
        writer.put(("gsm8k", replace(question(1), prompt="p\x00"), response(1, "a\x00b\ud800c 🐎")))
    with transaction() as session:
        assert [r.text for r in responses_of(session, jobs[0].id, "gsm8k")] == ["a\ufffdb\ufffdc 🐎"]


def test_an_unforeseen_error_ends_the_job_instead_of_losing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)

    def break_down(*_: object) -> None:
        raise ZeroDivisionError("while saving")

    monkeypatch.setattr(module, "save_responses", break_down)
    with pytest.raises(StorageError, match="while saving"), ResponseWriter(held.lease) as writer:
        writer.put(("gsm8k", question(1), response(1)))


def test_a_worker_without_the_lease_hears_so() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id, lease_s=-1)
    with transaction() as session:
        lost_jobs(session)
    with pytest.raises(LeaseLostError), ResponseWriter(held.lease) as writer:
        writer.put(("gsm8k", question(1), response(1)))


def test_what_parity_hears_is_saved_for_each_workload() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    heard = [Tokenized(prompt=f"p{number}", form=Form.TEXT, token_ids=(number,)) for number in range(50)]
    with ObservationWriter(held.lease) as writer:
        for number, one in enumerate(heard):
            writer.put((f"parity {number % 2}", one))
    with transaction() as session:
        for part in (0, 1):
            assert set(observation_of(session, held.job.id, f"parity {part}").tokenized) == set(heard[part::2])
