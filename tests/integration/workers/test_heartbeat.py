"""The heartbeat on a real Postgres: leases are renewed, and a job learns when it must stop."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from db.jobs import get_job
from db.reconcile import lost_jobs
from db.runs import request_cancel
from db.session import transaction
from evals.errors import CancelledError, LeaseLostError
from tests.integration.db.builders import claimed, new_run
from workers import heartbeat as module
from workers.heartbeat import Heartbeat

pytestmark = pytest.mark.usefixtures("database")


def until(check: Callable[[], None], expected: type[Exception], *, timeout_s: float = 10) -> None:
    """Call a check until it raises, and require that it raises what is expected."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            check()
        except expected:
            return
        time.sleep(0.02)
    raise AssertionError(f"no {expected.__name__} within {timeout_s} s")


def test_progress_is_carried_out_and_the_last_one_stays() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)
    with Heartbeat(held.lease, lease_s=30, every_s=60) as beat:
        beat.show("gsm8k", {"done": 7})
    with transaction() as session:
        assert get_job(session, jobs[0].id).progress == {"gsm8k": {"done": 7}}


def test_a_lease_shorter_than_the_work_does_not_run_out() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id, lease_s=0.5)
    with Heartbeat(held.lease, lease_s=0.5, every_s=0.1) as beat:
        time.sleep(1.2)
        beat.check()
        with transaction() as session:
            assert lost_jobs(session) == []


def test_a_cancelled_run_stops_the_job() -> None:
    run, jobs = new_run()
    held = claimed(jobs[0].id)
    with Heartbeat(held.lease, lease_s=30, every_s=0.05) as beat:
        beat.check()
        with transaction() as session:
            request_cancel(session, run.id)
        until(beat.check, CancelledError)


def test_a_job_that_another_worker_has_stops() -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id, lease_s=-1)
    with transaction() as session:
        lost_jobs(session)
    with Heartbeat(held.lease, lease_s=30, every_s=0.05) as beat:
        until(beat.check, LeaseLostError)


@pytest.mark.parametrize("trouble", ["raises", "hangs"])
def test_a_lease_that_cannot_be_renewed_stops_the_job(trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, jobs = new_run()
    held = claimed(jobs[0].id)

    def broken(*_: object, **__: object) -> bool:
        if trouble == "hangs":
            time.sleep(1.5)
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(module, "renew_lease", broken)
    with Heartbeat(held.lease, lease_s=0.5, every_s=0.05) as beat:
        beat.check()
        until(beat.check, LeaseLostError)
