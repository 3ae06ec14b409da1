"""Keep the service's processes running until somebody asks it to stop."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from db.embedded import EmbeddedServers
from db.processes import Child, ChildSpec, ChildStartError, last_lines, start_log

_POLL_S = 0.2
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _STEADY_S = 1.0, 60.0, 60.0

Say = Callable[[str], None]


class StopRequest:
    """Remember that SIGINT or SIGTERM has come; a second one changes nothing, for the end is under way."""

    def __init__(self) -> None:
        self.made = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Take the signal."""
        self.made = True


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn SIGINT and SIGTERM into a StopRequest for the length of a block."""
    request = StopRequest()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    earlier = {number: signal.signal(number, request) for number in numbers}
    try:
        yield request
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


@dataclass(kw_only=True)
class _Watched:
    child: Child
    started_at: float = 0.0
    restart_at: float | None = None
    pause_s: float = _FIRST_PAUSE_S


class Supervisor:
    """Run children in order, start again what dies (after 1, 2, 4 ... 60 s), and stop them in reverse order."""

    def __init__(self, specs: Sequence[ChildSpec], *, say: Say, servers: EmbeddedServers | None = None) -> None:
        self._watched = [_Watched(child=Child(spec)) for spec in specs]
        self._servers = servers
        self._say = say

    def start(self) -> None:
        """Start every child with a fresh log."""
        for watched in self._watched:
            start_log(watched.child.spec.log)
            self._start(watched)

    def run(self, request: StopRequest, *, each_round: Callable[[], None] = lambda: None) -> None:
        """Watch the children until a stop is requested."""
        while not request.made:
            self._revive_servers()
            for watched in self._watched:
                self._look_after(watched, time.monotonic())
            each_round()
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Stop the children, the last one first."""
        for watched in reversed(self._watched):
            watched.child.stop()

    def _start(self, watched: _Watched) -> None:
        watched.child.start()
        watched.started_at = time.monotonic()
        watched.restart_at = None

    def _look_after(self, watched: _Watched, now: float) -> None:
        if watched.restart_at is not None:
            if now >= watched.restart_at:
                self._start(watched)
        elif not watched.child.running():
            self._note_death(watched, now)

    def _note_death(self, watched: _Watched, now: float) -> None:
        spec, status = watched.child.spec, watched.child.exit_status()
        if now - watched.started_at > _STEADY_S:
            watched.pause_s = _FIRST_PAUSE_S
        watched.child.stop()
        watched.restart_at = now + watched.pause_s
        self._say(f"{spec.name} ended with status {status}; next start in {watched.pause_s:.0f} s; its log: {spec.log}")
        for line in last_lines(spec.log, 5):
            self._say(f"  {spec.name}: {line}")
        watched.pause_s = min(2 * watched.pause_s, _LONGEST_PAUSE_S)

    def _revive_servers(self) -> None:
        if self._servers is None:
            return
        try:
            for name in self._servers.revive():
                self._say(f"{name} had ended and was started again")
        except ChildStartError as error:
            self._say(f"{error.message}; {error.remedy}")
            time.sleep(_FIRST_PAUSE_S)
