"""Hosts as their page shows them: devices with who holds them, engine environments, and the age of the queues; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard.words import duration, moment, seconds_between
from db.host_records import EVERY_S, DeviceRecord, EnvironmentRecord, HostRecord
from db.queue_state import QueueAge, RunningJob
from evals.formatting import one_line, plural

SILENT_S = 4 * EVERY_S
"""A worker that has said nothing for this long is called silent."""

GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The job that holds a device."""

    run_id: str
    job: str
    phase: str
    since: str
    lease: str
    lost: bool


@dataclass(frozen=True, kw_only=True)
class DeviceRow:
    """A device in one line; holder: None while it is free."""

    id: str
    name: str
    memory: str
    holder: Holder | None


@dataclass(frozen=True, kw_only=True)
class EnvironmentRow:
    """An engine's environment in one line."""

    engine: str
    device: str
    version: str
    packages: str
    python: str
    size: str
    installed: str


@dataclass(frozen=True, kw_only=True)
class HostView:
    """A worker and its host. style, word: whether it was heard; known: whether a worker has described the host."""

    name: str
    worker: str
    style: str
    word: str
    known: bool
    heard: str
    started: str
    hardware: str
    driver: str
    version: str
    queues: tuple[str, ...]
    free: str
    devices: tuple[DeviceRow, ...]
    environments: tuple[EnvironmentRow, ...]


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """A queue in one line. served: whether a worker that was heard serves it."""

    name: str
    waiting: int
    oldest: str
    served: bool


@dataclass(frozen=True, kw_only=True)
class HostsView:
    """All hosts and queues. answered: whether Redis told what workers have said."""

    hosts: tuple[HostView, ...]
    queues: tuple[QueueRow, ...]
    answered: bool


def hosts_view(
    records: Sequence[HostRecord] | None, running: Sequence[RunningJob], queues: Sequence[QueueAge], *, now: datetime
) -> HostsView:
    """Return the page's content; hosts that hold devices and that no worker has described are listed too."""
    holders = {held: job for job in running for held in job.devices}
    known = list(records or ())
    hosts = [_host(record, holders, now) for record in known]
    others = sorted({host for host, _ in holders} - {record.host for record in known})
    served = {queue for record in known if not _is_silent(record, now) for queue in record.queues}
    return HostsView(
        hosts=(*hosts, *(_unknown(host, holders, now) for host in others)),
        queues=tuple(
            QueueRow(
                name=one.queue,
                waiting=one.waiting,
                oldest=duration(seconds_between(one.oldest, now)),
                served=one.queue in served,
            )
            for one in queues
        ),
        answered=records is not None,
    )


Holders = Mapping[tuple[str, str], RunningJob]


def _is_silent(record: HostRecord, now: datetime) -> bool:
    return now.timestamp() - record.seen_s > SILENT_S


def _host(record: HostRecord, holders: Holders, now: datetime) -> HostView:
    silent = _is_silent(record, now)
    devices = tuple(_device(record.host, device, holders, now) for device in record.devices)
    free = sum(device.holder is None for device in devices)
    return HostView(
        name=one_line(record.host, 80),
        worker=one_line(record.worker, 100),
        style="error" if silent else "running",
        word="Silent" if silent else "Serving",
        known=True,
        heard=f"{duration(now.timestamp() - record.seen_s)} ago",
        started=moment(datetime.fromtimestamp(record.started_s, UTC)),
        hardware=one_line(record.hardware, 200),
        driver=record.driver or "no GPUs",
        version=record.version,
        queues=record.queues,
        free=f"{free} of {plural(len(devices), 'device')} free",
        devices=devices,
        environments=tuple(_environment(one) for one in record.environments),
    )


def _unknown(host: str, holders: Holders, now: datetime) -> HostView:
    ids = sorted(device for name, device in holders if name == host)
    devices = (DeviceRecord(id=device, kind="", name="held device") for device in ids)
    return HostView(
        name=one_line(host, 80),
        worker="",
        style="stale",
        word="Not described",
        known=False,
        heard="",
        started="",
        hardware="",
        driver="",
        version="",
        queues=(),
        free="",
        devices=tuple(_device(host, device, holders, now) for device in devices),
        environments=(),
    )


def _device(host: str, device: DeviceRecord, holders: Holders, now: datetime) -> DeviceRow:
    job = holders.get((host, device.id))
    return DeviceRow(
        id=one_line(device.id, 60),
        name=one_line(device.name, 80),
        memory=f"{device.memory_bytes / GIB:.0f} GiB" if device.memory_bytes else "–",
        holder=_holder(job, now) if job else None,
    )


def _holder(job: RunningJob, now: datetime) -> Holder:
    lost = job.lease_s is not None and job.lease_s <= 0
    return Holder(
        run_id=job.run_id,
        job=f"{job.role} ({job.engine})",
        phase=job.phase or "beginning",
        since=duration(seconds_between(job.started_at, now)),
        lease="lost" if lost else f"{duration(job.lease_s)} left",
        lost=lost,
    )


def _environment(record: EnvironmentRecord) -> EnvironmentRow:
    return EnvironmentRow(
        engine=record.engine,
        device=record.device,
        version=record.version or "unfinished",
        packages=", ".join(f"{name} {version}" for name, version in record.packages.items() if name != record.engine),
        python=record.python or "–",
        size=f"{record.size_bytes / GIB:.1f} GiB" if record.size_bytes else "–",
        installed=record.installed_at[:10] or "–",
    )
