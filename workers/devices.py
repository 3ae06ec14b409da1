"""Which devices of this host a job wants, and which of them are free."""

from __future__ import annotations

from collections.abc import Sequence

from db.claims import Chooser, wanted_gpus
from db.jobs import JobRecord
from db.settings import Settings
from evals.errors import ResourceError
from evals.spec import Role
from workers.gpus import choose_devices, list_gpus


def chooser(settings: Settings) -> Chooser:
    """Return the function that picks devices for a job: GPUs by their UUID, a CPU slot, or a slot for remote engines.

    A duel without GPUs takes all slots and all GPUs, because whatever else this host computes would be in its figures.
    A job that this host could never serve gets no device at all, and `require_devices` then says so.
    """
    remote_slots = [f"remote:{number}" for number in range(settings.remote_slots)]
    cpu_slots = [f"cpu:{number}" for number in range(settings.cpu_slots)]

    def choose(job: JobRecord, held: frozenset[str]) -> Sequence[str] | None:
        if wanted := wanted_gpus(job):
            gpus = [gpu.uuid for gpu in list_gpus()]
            return () if len(gpus) < wanted else choose_devices(gpus, held, wanted)
        if job.spec.role is Role.DUEL:
            everything = [*cpu_slots, *remote_slots, *(gpu.uuid for gpu in list_gpus())]
            return choose_devices(everything, held, len(everything))
        return choose_devices(remote_slots if job.spec.engine.kind == "remote" else cpu_slots, held, 1)

    return choose


def require_devices(job: JobRecord, devices: Sequence[str]) -> None:
    """Raise ResourceError when a job holds fewer GPUs than it asked for, because this host has no more."""
    wanted = wanted_gpus(job)
    if len(gpus_of(devices)) < wanted:
        raise ResourceError(
            f"the job wants {wanted} GPUs, and this host has {len(list_gpus())}",
            remedy="submit with fewer --gpus or with --device cpu, or start the worker on a larger host",
        )


def gpus_of(devices: Sequence[str]) -> tuple[str, ...]:
    """Return the GPUs among a job's devices, for CUDA_VISIBLE_DEVICES."""
    return tuple(device for device in devices if not device.startswith(("cpu:", "remote:")))
