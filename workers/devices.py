"""Which devices of this host a job wants, and which of them are free."""

from __future__ import annotations

from collections.abc import Sequence

from db.claims import Chooser
from db.jobs import JobRecord
from db.settings import Settings
from evals.errors import ResourceError
from workers.gpus import choose_devices, list_gpus


def chooser(settings: Settings) -> Chooser:
    """Return the function that picks devices for a job: GPUs by their UUID, a CPU slot, or a slot for remote engines.

    A job that this host could never serve gets no device at all, and `require_devices` then says so.
    """

    def choose(job: JobRecord, held: frozenset[str]) -> Sequence[str] | None:
        engine = job.spec.engine
        if engine.kind == "remote":
            return choose_devices([f"remote:{number}" for number in range(settings.remote_slots)], held, 1)
        if engine.device == "cuda":
            gpus = [gpu.uuid for gpu in list_gpus()]
            return () if len(gpus) < _wanted(job) else choose_devices(gpus, held, _wanted(job))
        return choose_devices([f"cpu:{number}" for number in range(settings.cpu_slots)], held, 1)

    return choose


def require_devices(job: JobRecord, devices: Sequence[str]) -> None:
    """Raise ResourceError when a job holds fewer GPUs than it asked for, because this host has no more."""
    engine = job.spec.engine
    if engine.kind != "remote" and engine.device == "cuda" and len(devices) < _wanted(job):
        raise ResourceError(
            f"the job wants {_wanted(job)} GPUs, and this host has {len(list_gpus())}",
            remedy="submit with fewer --gpus or with --device cpu, or start the worker on a larger host",
        )


def _wanted(job: JobRecord) -> int:
    return max(1, job.spec.engine.gpus)


def gpus_of(devices: Sequence[str]) -> tuple[str, ...]:
    """Return the GPUs among a job's devices, for CUDA_VISIBLE_DEVICES."""
    return tuple(device for device in devices if not device.startswith(("cpu:", "remote:")))
