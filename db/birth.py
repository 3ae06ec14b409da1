"""When a process was born, in a form that no change of the clock alters: with its id, one process for ever."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

_START_TICKS = 19
"""Where /proc/PID/stat holds the start time, counted behind the command's closing parenthesis (proc(5), field 22)."""


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return the kernel's name for this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def born(pid: int) -> str | None:
    """Return the boot and the clock ticks since it at which a process started; None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return f"{boot_id()}:{stat.rpartition(')')[2].split()[_START_TICKS]}"
