"""The queue and the workers as their page shows them; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.words import duration, seconds_between, short_model
from db.queue_state import RunningJob, WaitingJob
from evals.formatting import plural


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """A job in one line. place: the queue it waits in, or the worker that holds it. lease: "" while it waits."""

    run_id: str
    role: str
    engine: str
    model: str
    place: str
    devices: str
    phase: str
    since: str
    lease: str
    late: bool


@dataclass(frozen=True, kw_only=True)
class QueueView:
    """All that waits and runs. more: how many wait beyond those shown. queues: each one's depth in words."""

    running: tuple[JobRow, ...]
    waiting: tuple[JobRow, ...]
    hosts: tuple[tuple[str, str], ...]
    queues: tuple[tuple[str, str], ...]
    more: int


def queue_view(
    running: Sequence[RunningJob], waiting: Sequence[WaitingJob], depths: Mapping[str, int], *, now: datetime
) -> QueueView:
    """Return the page's content; times count from `now`."""
    return QueueView(
        running=tuple(_running(job, now) for job in running),
        waiting=tuple(_waiting(job, now) for job in waiting),
        hosts=_hosts(running),
        queues=tuple((queue, f"{plural(count, 'job')} waiting") for queue, count in sorted(depths.items())),
        more=sum(depths.values()) - len(waiting),
    )


def _running(job: RunningJob, now: datetime) -> JobRow:
    lost = job.lease_s is not None and job.lease_s <= 0
    return JobRow(
        run_id=job.run_id,
        role=job.role,
        engine=job.engine,
        model=short_model(job.model),
        place=_worker(job.worker),
        devices=", ".join(device for _, device in job.devices) or "none",
        phase=job.phase or "beginning",
        since=duration(seconds_between(job.started_at, now)),
        lease="lost" if lost else f"{duration(job.lease_s)} left",
        late=lost,
    )


def _worker(name: str | None) -> str:
    """Return a worker's host and process out of its name, whose third part tells processes of one number apart."""
    host, _, rest = (name or "–").partition("/")
    return f"{host}, process {rest.partition('/')[0]}" if rest else host


def _waiting(job: WaitingJob, now: datetime) -> JobRow:
    return JobRow(
        run_id=job.run_id,
        role=job.role,
        engine=job.engine,
        model=short_model(job.model),
        place=job.queue,
        devices="",
        phase="again" if job.attempt else "for the first time",
        since=duration(seconds_between(job.enqueued_at, now)),
        lease="",
        late=False,
    )


def _hosts(running: Sequence[RunningJob]) -> tuple[tuple[str, str], ...]:
    """Return each host that computes, with what of it is held."""
    held = Counter(host for job in running for host, _ in job.devices)
    return tuple((host, f"{plural(count, 'device')} held") for host, count in sorted(held.items()))
