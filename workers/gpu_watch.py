"""Watch GPUs while a pass runs: clocks, power, memory, what slows them down, and who else is on them."""

from __future__ import annotations

import logging
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psutil
import pynvml

from evals.duel.results import GpuUse

log = logging.getLogger(__name__)

EVERY_S = 0.5
UNKNOWN = float("nan")

REASONS = {
    pynvml.nvmlClocksThrottleReasonHwSlowdown: "hardware slowdown",
    pynvml.nvmlClocksThrottleReasonSwThermalSlowdown: "too hot (software)",
    pynvml.nvmlClocksThrottleReasonHwThermalSlowdown: "too hot (hardware)",
    pynvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown: "power brake",
}
"""What lowers clocks against the load's will; a power limit that a full load reaches is not among it."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Say what one GPU did at one moment; NaN is not known. pids: who computes on it, of anybody."""

    sm_clock_mhz: float
    power_w: float
    utilisation: float
    memory_mib: float
    temperature_c: float
    throttled: frozenset[str] = frozenset()
    pids: frozenset[int] = frozenset()


def use_of(uuid: str, name: str, samples: Sequence[Sample], ours: frozenset[int]) -> GpuUse:
    """Sum up the samples of one pass. Pure.

    ours: the process ids of all engines. Where none of them is ever seen on the GPU, NVML names processes otherwise
    than this host's /proc does (in a container), and strangers cannot be told from ours (see `blurred`).
    """
    seen = _seen(samples)
    clocks = _known([sample.sm_clock_mhz for sample in samples])
    power = _known([sample.power_w for sample in samples])
    return GpuUse(
        uuid=uuid,
        name=name,
        samples=len(samples),
        sm_clock_mhz=(min(clocks), statistics.median(clocks), max(clocks)),
        power_w=(statistics.fmean(power), max(power)),
        utilisation=statistics.fmean(_known([sample.utilisation for sample in samples])),
        memory_mib=max(_known([sample.memory_mib for sample in samples])),
        temperature_c=max(_known([sample.temperature_c for sample in samples])),
        throttled=tuple(sorted(frozenset().union(*(sample.throttled for sample in samples)))),
        strangers=tuple(sorted(seen - ours)) if seen & ours else (),
    )


def blurred(name: str, samples: Sequence[Sample], ours: frozenset[int]) -> str | None:
    """Return in words that a GPU's other users are not known, because none of ours was seen on it. Pure."""
    if _seen(samples) & ours:
        return None
    return (
        f"other users of the GPU ({name}) cannot be told apart: the driver does not show the engine's own processes "
        "under the ids that they have here, as in a container"
    )


def _seen(samples: Sequence[Sample]) -> frozenset[int]:
    return frozenset().union(*(sample.pids for sample in samples))


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if value == value] or [UNKNOWN]


@contextmanager
def watching(
    uuids: Sequence[str], note: Callable[[str], None] = lambda words: None
) -> Iterator[Callable[[], tuple[GpuUse, ...]]]:
    """Sample GPUs twice a second while the block lasts; what is yielded returns what they did so far.

    All processes below this one count as ours. Without GPUs, or where NVML says nothing, there is nothing to return.
    note: is told, in words, what keeps the samples from saying who else is on a GPU.
    """
    handles = _handles(uuids)
    if not handles:
        yield tuple
        return
    found: dict[str, list[Sample]] = {uuid: [] for uuid in handles}
    ended = threading.Event()
    thread = threading.Thread(target=_sample, args=(handles, found, ended), name="GPU watch", daemon=True)
    thread.start()

    def told() -> tuple[GpuUse, ...]:
        ours = frozenset(process.pid for process in psutil.Process().children(recursive=True))
        taken = {uuid: list(samples) for uuid, samples in found.items()}
        names = {uuid: _name(handle) for uuid, handle in handles.items() if taken[uuid]}
        for words in (blurred(name, taken[uuid], ours) for uuid, name in names.items()):
            if words is not None:
                note(words)
        return tuple(use_of(uuid, name, taken[uuid], ours) for uuid, name in names.items())

    try:
        yield told
    finally:
        ended.set()
        thread.join()
        pynvml.nvmlShutdown()


def _handles(uuids: Sequence[str]) -> dict[str, Any]:
    if not uuids:
        return {}
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        log.warning("the GPUs cannot be watched: NVML does not answer")
        return {}
    try:
        return {uuid: pynvml.nvmlDeviceGetHandleByUUID(uuid) for uuid in uuids}
    except pynvml.NVMLError as error:
        log.warning("the GPUs cannot be watched: %s", error)
        pynvml.nvmlShutdown()
        return {}


def _sample(handles: dict[str, Any], found: dict[str, list[Sample]], ended: threading.Event) -> None:
    while True:
        for uuid, handle in handles.items():
            found[uuid].append(look(handle))
        if ended.wait(EVERY_S):
            return


def look(handle: Any) -> Sample:
    """Return what a GPU does now; what it does not tell is NaN or empty."""
    reasons = _asked(lambda: pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle), 0)
    processes = _asked(lambda: pynvml.nvmlDeviceGetComputeRunningProcesses(handle), [])
    clock = partial(pynvml.nvmlDeviceGetClockInfo, handle, pynvml.NVML_CLOCK_SM)
    temperature = partial(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU)
    return Sample(
        sm_clock_mhz=_asked(lambda: float(clock()), UNKNOWN),
        power_w=_asked(lambda: pynvml.nvmlDeviceGetPowerUsage(handle) / 1000, UNKNOWN),
        utilisation=_asked(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100, UNKNOWN),
        memory_mib=_asked(lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).used / 2**20, UNKNOWN),
        temperature_c=_asked(lambda: float(temperature()), UNKNOWN),
        throttled=frozenset(word for bit, word in REASONS.items() if reasons & bit),
        pids=frozenset(int(process.pid) for process in processes),
    )


def _asked(ask: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return ask()
    except pynvml.NVMLError:
        return otherwise


def _name(handle: Any) -> str:
    return str(_asked(lambda: pynvml.nvmlDeviceGetName(handle), "a GPU"))
