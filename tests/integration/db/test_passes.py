"""Passes of a duel on a real Postgres: kept as they were, under the lease, each attempt's apart."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from db.claims import requeue_job
from db.passes import passes_of, raw_of, save_pass
from db.reconcile import lost_jobs
from db.session import transaction
from db.tables import Job, StoredPass
from evals.duel.results import BASELINE, CANDIDATE, GpuUse, Pass
from evals.errors import LeaseLostError
from tests.integration.db.builders import claimed, new_run

pytestmark = pytest.mark.usefixtures("database")

GPU = GpuUse(
    uuid="GPU-1", name="NVIDIA H200", samples=3, sm_clock_mhz=(345.0, 1980.0, 1980.0), power_w=(512.25, 700.0),
    utilisation=0.93, memory_mib=70_123.5, temperature_c=float("nan"), throttled=("too hot",), strangers=(42,),
)  # fmt: skip
DONE = Pass(
    round=0, level=8, side=CANDIDATE, place=1, started_s=1_790_000_000.123456, length_s=12.5,
    values={"ttft_p50": 1.0 / 3.0, "itl_p50": None}, requests=16, whole=15, faults={"stalled": 1}, retried=2, shorter=1,
    longer=0, input_tokens=None, output_tokens=960, cached_tokens=0,
    curves={"ttft_ms": tuple(i / 7 for i in range(101))}, gpus=(replace(GPU, temperature_c=61.0),), spoiled=("client",),
)  # fmt: skip
RAW = b'{"records": [{"index": 0, "text": "\\u0000"}]}' * 200


def test_a_pass_comes_back_as_it_was_with_every_byte_that_its_client_recorded() -> None:
    held = claimed(new_run()[1][0].id)
    with transaction() as session:
        save_pass(session, held.lease, "serving", DONE, RAW)
    with transaction() as session:
        assert passes_of(session, held.job.id, "serving") == (DONE,)
        assert raw_of(session, held.job.id, "serving", DONE) == RAW
        assert raw_of(session, held.job.id, "serving", replace(DONE, round=1)) is None
        assert passes_of(session, held.job.id, "other") == ()
        assert session.scalar(select(func.length(StoredPass.raw))) < len(RAW) / 10  # type: ignore[operator]  # not None


def test_what_json_has_no_word_for_survives() -> None:
    held = claimed(new_run()[1][0].id)
    with transaction() as session:
        save_pass(session, held.lease, "serving", replace(DONE, gpus=(GPU,)), RAW)
        (found,) = passes_of(session, held.job.id, "serving")
    assert math.isnan(found.gpus[0].temperature_c)
    assert found.gpus[0].throttled == ("too hot",)


def test_passes_come_in_the_order_of_their_beginning_and_the_same_one_twice_is_one() -> None:
    held = claimed(new_run()[1][0].id)
    later = replace(DONE, side=BASELINE, started_s=DONE.started_s + 20)
    again = replace(DONE, started_s=DONE.started_s + 40, spoiled=())
    with transaction() as session:
        for one in (again, later, DONE, DONE):
            save_pass(session, held.lease, "serving", one, RAW)
        assert passes_of(session, held.job.id, "serving") == (DONE, later, again)


def test_a_new_attempt_begins_anew_and_the_earlier_passes_stay_to_be_read() -> None:
    first = claimed(new_run()[1][0].id)
    job_id = first.job.id
    with transaction() as session:
        save_pass(session, first.lease, "serving", DONE, RAW)
        requeue_job(session, first.lease, error=None, count_failure=True)
    second = claimed(job_id)
    with transaction() as session:
        assert passes_of(session, job_id, "serving") == ()
        save_pass(session, second.lease, "serving", replace(DONE, whole=16), b"second")
    with transaction() as session:
        assert [one.whole for one in passes_of(session, job_id, "serving")] == [16]
        assert [one.whole for one in passes_of(session, job_id, "serving", attempt=1)] == [15]
        assert raw_of(session, job_id, "serving", DONE) == b"second"
        assert raw_of(session, job_id, "serving", DONE, attempt=1) == RAW


def test_a_worker_that_lost_its_lease_saves_no_pass() -> None:
    held = claimed(new_run()[1][0].id, lease_s=-1)
    with transaction() as session:
        lost_jobs(session)
    with pytest.raises(LeaseLostError), transaction() as session:
        save_pass(session, held.lease, "serving", DONE, RAW)
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(StoredPass)) == 0


def test_passes_save_no_job_whose_workers_keep_dying() -> None:
    """A duel keeps nothing of a lost attempt, so passes are no progress: else it would be tried for ever."""
    job_id = new_run()[1][0].id
    for losses in (1, 2):
        held = claimed(job_id, lease_s=30)
        with transaction() as session:
            save_pass(session, held.lease, "serving", DONE, RAW)
        with transaction() as session:
            job = session.get_one(Job, job_id)
            job.lease_expires_at = job.created_at
        with transaction() as session:
            lost_jobs(session)
            assert session.get_one(Job, job_id).losses == losses
