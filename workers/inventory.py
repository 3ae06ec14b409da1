"""What this worker's host has, recorded when the worker is ready and twice a minute from then on."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from celery.signals import worker_ready, worker_shutdown

from db.host_records import EVERY_S, DeviceRecord, EnvironmentRecord, HostRecord, forget_host, record_host
from db.settings import Settings, settings
from workers.engines.environments import Manifest, installed
from workers.gpus import Gpu, cpu_description, list_gpus
from workers.identity import HOST

log = logging.getLogger(__name__)

_PACKAGES = ("torch", "transformers", "sglang", "sgl-kernel", "flashinfer-python", "triton")
"""The packages of an environment that a reader asks for first."""


@worker_ready.connect
def begin(sender: Any, **_: Any) -> None:
    """Record the host now and again and again, from the worker's own event loop."""
    found = host_record(sender.hostname, tuple(sorted(sender.app.amqp.queues.consume_from)), settings())

    def say() -> None:
        environments = environment_records(installed(settings()))
        record_host(replace(found, seen_s=time.time(), environments=environments))

    say()
    sender.timer.call_repeatedly(EVERY_S, say)


@worker_shutdown.connect
def end(sender: Any, **_: Any) -> None:
    """Forget a worker that ends in order; one that is killed is shown as silent."""
    forget_host(sender.hostname)


def host_record(worker: str, queues: tuple[str, ...], configured: Settings) -> HostRecord:
    """Return what this host has, the GPUs as they are now."""
    gpus = list_gpus()
    return HostRecord(
        worker=worker,
        host=HOST,
        seen_s=time.time(),
        started_s=time.time(),
        version=_version(),
        hardware=cpu_description(),
        driver=", ".join(sorted({gpu.driver for gpu in gpus})),
        queues=queues,
        devices=device_records(gpus, cpu_slots=configured.cpu_slots, remote_slots=configured.remote_slots),
        environments=(),
    )


def device_records(gpus: list[Gpu], *, cpu_slots: int, remote_slots: int) -> tuple[DeviceRecord, ...]:
    """Return the devices under the names by which jobs hold them. Pure."""
    cards = (DeviceRecord(id=gpu.uuid, kind="gpu", name=gpu.name, memory_bytes=gpu.memory_bytes) for gpu in gpus)
    slots = (
        DeviceRecord(id=f"{kind}:{number}", kind=kind, name=name)
        for kind, name, count in (("cpu", "CPU slot", cpu_slots), ("remote", "slot for a remote engine", remote_slots))
        for number in range(count)
    )
    return (*cards, *slots)


def environment_records(found: list[tuple[Path, Manifest | None]]) -> tuple[EnvironmentRecord, ...]:
    """Return the engines' environments. Pure."""
    return tuple(_environment(folder.name, manifest) for folder, manifest in found)


def _environment(name: str, manifest: Manifest | None) -> EnvironmentRecord:
    engine, _, device = name.rpartition("-")
    if manifest is None:
        return EnvironmentRecord(engine=engine, device=device, version="")
    return EnvironmentRecord(
        engine=manifest.engine,
        device=manifest.device,
        version=manifest.version,
        python=manifest.python,
        installed_at=manifest.created_at,
        size_bytes=manifest.size_bytes,
        packages={name: manifest.versions[name] for name in _PACKAGES if name in manifest.versions},
    )


def _version() -> str:
    try:
        return version("plumbline")
    except PackageNotFoundError:
        return "0"
