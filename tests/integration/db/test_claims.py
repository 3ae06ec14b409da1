"""Claims, leases and holds on a real Postgres."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from db.claims import end_job, requeue_job
from db.jobs import enter_phase, get_job, note_facts, renew_lease
from db.reconcile import MAX_LOSSES, expire_leases, lost_jobs
from db.runs import get_run, request_cancel
from db.session import transaction
from db.states import JobState, Phase, RunState
from db.tables import DeviceHold
from evals.errors import LeaseLostError
from tests.integration.db.builders import claim, claimed, new_run, one_slot, state_of

pytestmark = pytest.mark.usefixtures("database")


def test_of_many_workers_with_the_same_message_one_gets_the_job() -> None:
    _, jobs = new_run()
    with ThreadPoolExecutor(8) as pool:
        claims = [c for c in pool.map(lambda _: claim(jobs[0].id), range(8)) if c is not None]
    assert len(claims) == 1
    assert claims[0].job.attempt == 1
    assert state_of(jobs[0].id) == JobState.RUNNING


def test_two_jobs_never_hold_the_same_device() -> None:
    _, jobs = new_run()
    with ThreadPoolExecutor(2) as pool:
        claims = list(pool.map(lambda job: claim(job.id, choose=one_slot), jobs))
    assert sum(c is not None for c in claims) == 1
    winner = next(c for c in claims if c is not None)
    with transaction() as session:
        end_job(session, winner.lease, JobState.SUCCEEDED)
    loser = next(job for job in jobs if job.id != winner.job.id)
    assert claim(loser.id, choose=one_slot) is not None


def test_a_hold_is_void_once_its_lease_has_run_out() -> None:
    _, jobs = new_run()
    assert claim(jobs[0].id, choose=one_slot, lease_s=-1) is not None
    assert claim(jobs[1].id, choose=one_slot) is not None


def test_the_first_claim_starts_the_run() -> None:
    run, jobs = new_run()
    claim(jobs[0].id)
    with transaction() as session:
        assert get_run(session, run.id).state == RunState.RUNNING


def test_a_worker_that_lost_its_lease_can_write_nothing() -> None:
    _, jobs = new_run()
    old = claimed(jobs[0].id, lease_s=-1)
    with transaction() as session:
        assert [job.state for job in lost_jobs(session)] == [JobState.QUEUED]
    new = claimed(jobs[0].id)
    assert new.lease.attempt == 2
    with pytest.raises(LeaseLostError), transaction() as session:
        renew_lease(session, old.lease, lease_s=30, progress={"x": 1})
    with pytest.raises(LeaseLostError), transaction() as session:
        enter_phase(session, old.lease, Phase.LAUNCHING)
    with pytest.raises(LeaseLostError), transaction() as session:
        note_facts(session, old.lease, {"x": 1})
    with transaction() as session:
        assert end_job(session, old.lease, JobState.SUCCEEDED) is False
        assert requeue_job(session, old.lease, error=None, count_failure=True) is False
        job = get_job(session, jobs[0].id)
        assert (job.state, job.facts, job.progress, job.timeline) == (JobState.RUNNING, {}, {}, [])


def test_the_late_end_of_an_old_attempt_does_not_free_the_new_ones_device() -> None:
    _, jobs = new_run()
    old = claim(jobs[0].id, lease_s=-1, choose=one_slot)
    with transaction() as session:
        lost_jobs(session)
    claim(jobs[0].id, choose=one_slot)
    with transaction() as session:
        assert old is not None
        end_job(session, old.lease, JobState.SUCCEEDED)
        assert session.scalars(select(DeviceHold.device)).all() == ["cpu:0"]


def test_renewing_carries_progress_out_and_the_wish_to_cancel_in() -> None:
    run, jobs = new_run()
    held = claimed(jobs[0].id)
    with transaction() as session:
        assert renew_lease(session, held.lease, lease_s=30, progress={"gsm8k": {"done": 3}}) is False
        assert request_cancel(session, run.id) == [jobs[0].id]
    with transaction() as session:
        assert renew_lease(session, held.lease, lease_s=30, progress={"gsm8k": {"done": 4}}) is True
        assert get_job(session, jobs[0].id).progress == {"gsm8k": {"done": 4}}
    assert state_of(jobs[1].id) == JobState.CANCELLED


def test_a_renewed_lease_is_not_lost() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id, lease_s=-1)
    with transaction() as session:
        renew_lease(session, held.lease, lease_s=30, progress={})
        assert lost_jobs(session) == []


def test_a_lost_job_that_was_cancelled_is_not_started_again() -> None:
    run, jobs = new_run()
    claim(jobs[0].id, lease_s=-1)
    with transaction() as session:
        request_cancel(session, run.id)
        assert [job.state for job in lost_jobs(session)] == [JobState.CANCELLED]


def test_a_job_whose_workers_keep_dying_fails_in_the_end() -> None:
    _, jobs = new_run()
    for _attempt in range(MAX_LOSSES):
        assert claim(jobs[0].id, lease_s=-1) is not None
        with transaction() as session:
            lost_jobs(session)
    assert state_of(jobs[0].id) == JobState.FAILED
    with transaction() as session:
        error = get_job(session, jobs[0].id).error
    assert error is not None
    assert error["code"] == "worker_lost"


def test_a_lease_can_be_ended_early_for_a_worker_known_to_be_dead() -> None:
    _, jobs = new_run()
    claim(jobs[0].id, lease_s=300)
    with transaction() as session:
        assert lost_jobs(session) == []
        expire_leases(session, [jobs[0].id])
        assert [job.id for job in lost_jobs(session)] == [jobs[0].id]
