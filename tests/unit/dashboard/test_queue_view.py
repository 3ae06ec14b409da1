"""What waits and what runs, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboard.queue_view import queue_view
from dashboard.render import queue_page
from db.queue_state import RunningJob, WaitingJob

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def waiting(job_id: str, attempt: int = 0) -> WaitingJob:
    return WaitingJob(
        job_id=job_id,
        run_id="r1",
        role="candidate",
        engine="sglang",
        model="/models/<b>tiny",
        queue="jobs.cuda",
        attempt=attempt,
        enqueued_at=NOW - timedelta(seconds=90),
    )


RUNNING = RunningJob(
    job_id="j1",
    run_id="r1",
    role="duel",
    engine="sglang",
    model="org/large",
    queue="jobs.cuda",
    phase=None,
    worker="host-a/7",
    devices=(("host-a", "GPU-1"), ("host-a", "GPU-2")),
    started_at=NOW - timedelta(minutes=3),
    lease_s=12.0,
)


def test_times_count_from_now_and_devices_by_host() -> None:
    view = queue_view([RUNNING], [waiting("j2"), waiting("j3", attempt=1)], {"jobs.cuda": 5}, now=NOW)
    assert [(row.since, row.devices, row.phase, row.lease) for row in view.running] == [
        ("3 min 00 s", "GPU-1, GPU-2", "beginning", "12.0 s left")
    ]
    assert [(row.since, row.phase) for row in view.waiting] == [
        ("1 min 30 s", "for the first time"),
        ("1 min 30 s", "again"),
    ]
    assert view.hosts == (("host-a", "2 devices held"),)
    assert view.queues == (("jobs.cuda", "5 jobs waiting"),)
    assert view.more == 3


def test_an_empty_queue_says_so_and_names_come_escaped() -> None:
    assert "Nothing waits." in queue_page(queue_view([], [], {}, now=NOW))
    assert "plumbline doctor" in queue_page(queue_view([], [], {}, now=NOW))
    page = queue_page(queue_view([], [waiting("j2")], {"jobs.cuda": 1}, now=NOW))
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
