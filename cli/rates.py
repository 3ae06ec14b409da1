"""How fast a job goes and when it will be done, out of two or more looks at it; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

WINDOW_S = 20.0


@dataclass
class RateMeter:
    """Remember how many samples were done when, over the last 20 s."""

    looks: deque[tuple[float, int]] = field(default_factory=deque)

    def look(self, at: float, done: int) -> None:
        """Note a count (time in seconds); a count that falls begins anew."""
        if self.looks and done < self.looks[-1][1]:
            self.looks.clear()
        self.looks.append((at, done))
        while len(self.looks) > 2 and self.looks[1][0] <= at - WINDOW_S:
            self.looks.popleft()

    def per_second(self) -> float | None:
        """Return samples per second over the window, or None before two looks saw progress."""
        if len(self.looks) < 2:
            return None
        (first_at, first), (last_at, last) = self.looks[0], self.looks[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at and last > first else None


@dataclass(frozen=True, kw_only=True)
class JobLook:
    """What a bar shows of a job; None is unknown."""

    title: str
    state: str
    doing: str
    done: int
    total: int | None
    accuracy: float | None
    error: str | None


def look_at(job: dict[str, Any]) -> JobLook:
    """Return what a bar shows of a job's resource."""
    progress = job["progress"].values()
    totals = [item.get("total") for item in progress]
    scored = sum(item.get("scored") or 0 for item in progress)
    right = sum(item.get("right") or 0 for item in progress)
    error = job["error"]
    return JobLook(
        title=f"{job['role']} ({job['engine']})",
        state=job["state"],
        doing=job["phase"] or job["state"],
        done=sum(item["done"] for item in progress),
        total=sum(totals) if totals and None not in totals else None,
        accuracy=right / scored if scored else None,
        error=error["message"] if error else None,
    )


def remaining_s(look: JobLook, per_second: float | None) -> float | None:
    """Return the seconds until the last sample at this speed, or None when nobody knows."""
    if look.doing != "evaluating" or look.total is None or not per_second:
        return None
    return (look.total - look.done) / per_second
