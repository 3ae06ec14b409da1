"""A run's progress on the terminal: one bar for each job, or a line now and then where no person watches."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from cli.rates import JobLook, RateMeter, look_at, remaining_s
from evals.formatting import one_line

LINE_EVERY_S = 5.0


class ProgressView(Protocol):
    """What shows a run's snapshots."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, run: dict[str, Any]) -> None:
        """Show a snapshot."""


def progress_view(console: Console) -> ProgressView:
    """Return bars for a terminal and lines for everything else."""
    return Bars(console) if console.is_terminal else Lines(console)


class Bars:
    """One live bar for each job."""

    def __init__(self, console: Console) -> None:
        self._meters: dict[str, RateMeter] = {}
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            TextColumn("{task.fields[doing]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[numbers]}"),
            console=console,
            expand=True,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, run: dict[str, Any]) -> None:
        """Move the bars."""
        for job in run["jobs"]:
            look = look_at(job)
            if job["id"] not in self._bars:
                self._bars[job["id"]] = self._progress.add_task(look.title, total=None, doing="", numbers="")
            text = numbers(look, measured_rate(self._meters, job, look))
            bar = self._bars[job["id"]]
            ended = look.state not in ("queued", "running")
            total = (look.total or 1) if ended else look.total
            self._progress.update(
                bar, total=total, completed=(look.done or 1) if ended else look.done, doing=look.doing, numbers=text
            )


class Lines:
    """A line when a job enters a phase, and one every few seconds while it counts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._meters: dict[str, RateMeter] = {}
        self._said: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def show(self, run: dict[str, Any]) -> None:
        """Print what is new."""
        for job in run["jobs"]:
            look = look_at(job)
            rate = measured_rate(self._meters, job, look)
            doing, said_at = self._said.get(job["id"], ("", 0.0))
            due = look.doing == "evaluating" and time.monotonic() - said_at >= LINE_EVERY_S
            if look.doing != doing or due:
                self._said[job["id"]] = (look.doing, time.monotonic())
                line = ", ".join(filter(None, (f"{look.title}: {look.doing}", numbers(look, rate))))
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def measured_rate(meters: dict[str, RateMeter], job: dict[str, Any], look: JobLook) -> float | None:
    """Note how far a job is and return its samples per second."""
    meter = meters.setdefault(job["id"], RateMeter())
    meter.look(time.monotonic(), look.done)
    return meter.per_second()


def numbers(look: JobLook, per_second: float | None) -> str:
    """Return "120 of 300, 12.3/s, 81.7 % right, 15 s left", without what is unknown."""
    parts = []
    if look.total is not None:
        parts.append(f"{look.done:,} of {look.total:,}")
    if look.doing == "evaluating" and per_second:
        parts.append(f"{per_second:.1f}/s")
    if look.accuracy is not None:
        parts.append(f"{100 * look.accuracy:.1f} % right")
    left = remaining_s(look, per_second)
    if left is not None:
        parts.append(f"{left:,.0f} s left")
    if look.error and look.state in ("failed", "queued"):
        parts.append(one_line(look.error, 120))
    return ", ".join(parts)
