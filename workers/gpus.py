"""See the host's GPUs through NVML, choose among the free ones, and describe the hardware for reports."""

from __future__ import annotations

import logging
import os
import platform
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pynvml

log = logging.getLogger(__name__)

GIB = 1024**3

REMOTE_HARDWARE = "not known: a remote engine"


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """Describe one GPU; `process_ids` are those that use it now, of anybody."""

    index: int
    uuid: str
    name: str
    memory_bytes: int
    driver: str
    process_ids: tuple[int, ...] = ()


def list_gpus() -> list[Gpu]:
    """Return the GPUs that the driver shows, () without a driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        found = [_gpu(index, driver) for index in range(pynvml.nvmlDeviceGetCount())]
        return visible([gpu for gpu in found if gpu is not None], os.environ.get("CUDA_VISIBLE_DEVICES"))
    except pynvml.NVMLError:
        log.exception("the GPUs cannot be listed")
        return []
    finally:
        pynvml.nvmlShutdown()


def visible(gpus: Sequence[Gpu], variable: str | None) -> list[Gpu]:
    """Return the GPUs that the operator has left to this worker through CUDA_VISIBLE_DEVICES. Pure."""
    if variable is None:
        return list(gpus)
    named = [name.strip() for name in variable.split(",") if name.strip()]
    return [gpu for gpu in gpus if str(gpu.index) in named or any(gpu.uuid.startswith(name) for name in named)]


def choose_devices(all_devices: Sequence[str], held: Collection[str], wanted: int) -> list[str] | None:
    """Return the first free devices, in their order; None when too few are free. Pure."""
    free = [device for device in all_devices if device not in held]
    return free[:wanted] if len(free) >= wanted else None


def hardware_facts(gpu_uuids: Sequence[str] = ()) -> dict[str, str]:
    """Return what a job ran on, GPUs or the host's processor and memory, as facts.

    hardware: in words. hardware_class: the same without the driver. driver: the GPUs', "none" without any.
    """
    if not gpu_uuids:
        found = cpu_description()
        return {"hardware": found, "hardware_class": found, "driver": "none"}
    gpus = [gpu for gpu in list_gpus() if gpu.uuid in set(gpu_uuids)]
    drivers = ", ".join(sorted({gpu.driver for gpu in gpus}))
    return {"hardware": gpu_description(gpus), "hardware_class": gpu_class(gpus), "driver": drivers}


def gpu_description(gpus: Sequence[Gpu]) -> str:
    """Return "2 x NVIDIA H200, 140 GiB each, driver 570.1". Pure."""
    kinds = Counter((gpu.name, round(gpu.memory_bytes / GIB), gpu.driver) for gpu in gpus)
    return "; ".join(
        f"{count} x {name}, {gib} GiB{' each' if count > 1 else ''}, driver {driver}"
        for (name, gib, driver), count in kinds.items()
    )


def gpu_class(gpus: Sequence[Gpu]) -> str:
    """Return "2 x NVIDIA H200, 140 GiB each": what decides whether speeds may be compared. Pure."""
    kinds = Counter((gpu.name, round(gpu.memory_bytes / GIB)) for gpu in gpus)
    return "; ".join(
        f"{count} x {name}, {gib} GiB{' each' if count > 1 else ''}" for (name, gib), count in kinds.items()
    )


def cpu_description(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return "2 x Intel(R) Xeon(R) Processor, 24 GiB": the cores this process may use, and the host's memory."""
    name = cpu_name(cpuinfo.read_text()) if cpuinfo.exists() else None
    cores = len(os.sched_getaffinity(0))
    return f"{cores} x {name or platform.machine()}, {round(psutil.virtual_memory().total / GIB)} GiB"


def cpu_name(cpuinfo: str) -> str | None:
    """Return the processor's name out of /proc/cpuinfo's text, or None. Pure."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name" and value.strip():
            return " ".join(value.split())
    return None


def _gpu(index: int, driver: str) -> Gpu | None:
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        return Gpu(
            index=index,
            uuid=str(pynvml.nvmlDeviceGetUUID(handle)),
            name=str(pynvml.nvmlDeviceGetName(handle)),
            memory_bytes=_memory_bytes(handle),
            driver=driver,
            process_ids=_process_ids(handle),
        )
    except pynvml.NVMLError:
        log.warning("GPU %d does not answer and gets no jobs", index)
        return None


def _memory_bytes(handle: object) -> int:
    try:
        return int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
    except pynvml.NVMLError:  # GPUs that share the host's memory have none of their own
        return psutil.virtual_memory().total


def _process_ids(handle: object) -> tuple[int, ...]:
    try:
        return tuple(int(process.pid) for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle))
    except pynvml.NVMLError:  # not permitted in some containers
        return ()
