"""Count the kernel's out-of-memory kills, to tell them from other SIGKILLs."""

from __future__ import annotations

from pathlib import Path

COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))


def count_oom_kills(counters: tuple[Path, ...] = COUNTERS) -> int | None:
    """Return the sum of the counters of this container's and this host's kernel; None when neither is readable."""
    found = [count for path in counters if (count := _read(path)) is not None]
    return sum(found) if found else None


def _read(path: Path) -> int | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return None
