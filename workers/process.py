"""Start one engine's process behind a keeper, and end all that came of it."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.errors import EngineDiedError

KEEPER = Path(__file__).with_name("keeper.py")
START_S = 20.0
STOP_S = 45.0

_log = logging.getLogger(__name__)


class GuardedProcess:
    """Hold a running engine: `pid`, `log_path`, and from which byte of the log its own lines begin.

    `start()` makes one; `stop()` must be called, and is safe to call twice and from a `finally`.
    """

    def __init__(self, keeper: subprocess.Popen[bytes], log_path: Path, log_start: int) -> None:
        self.log_path = log_path
        self.log_start = log_start
        self.pid = 0
        self.exit_status: int | None = None
        self.left: list[int] = []
        self.is_gone = False
        self._keeper = keeper
        self._log_end = log_start
        self._unread = b""
        self._reading = threading.Lock()

    def has_ended(self) -> bool:
        """Tell whether the engine has ended; `exit_status` stays None when that took its keeper with it."""
        self._read(timeout_s=0)
        return self.exit_status is not None or self.is_gone

    def has_written(self) -> bool:
        """Tell whether the log has grown since the last time this was asked."""
        before, self._log_end = self._log_end, self.log_path.stat().st_size
        return self._log_end > before

    def wait_started(self) -> None:
        """Wait for the engine's process id; raise EngineDiedError when the keeper fails."""
        deadline = time.monotonic() + START_S
        while not self.pid:
            if self.is_gone or time.monotonic() > deadline:
                raise EngineDiedError(
                    "The process that guards the engine did not start it.",
                    remedy="Run the job again; if this repeats, check the host's limits on memory and processes.",
                    exit_status=self._keeper.poll(),
                )
            self._read(timeout_s=0.25)

    def stop(self) -> None:
        """End the engine and every process that descends from it; return when they are gone."""
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
        deadline = time.monotonic() + STOP_S
        while not self.is_gone and time.monotonic() < deadline:
            self._read(timeout_s=0.25)
        if self.left or not self.is_gone:
            _log.error("Processes of engine %d did not end: %s", self.pid, self.left or "the keeper is silent")
            return
        self._keeper.wait()
        if self._keeper.stdout is not None:
            self._keeper.stdout.close()

    def _read(self, *, timeout_s: float) -> None:
        """Take in what the keepers have said so far; note that they are gone at the end of file."""
        with self._reading:
            self._read_locked(timeout_s)

    def _read_locked(self, timeout_s: float) -> None:
        pipe = self._keeper.stdout
        while pipe is not None and not pipe.closed and not self.is_gone:
            readable, _, _ = select.select([pipe], [], [], timeout_s)
            if not readable:
                return
            chunk = os.read(pipe.fileno(), 65536)
            self.is_gone = not chunk
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                self._note(json.loads(line))
            timeout_s = 0

    def _note(self, event: Mapping[str, object]) -> None:
        match event:
            case {"started": int(pid)}:
                self.pid = pid
            case {"ended": int(status)}:
                self.exit_status = status
            case {"left": list(pids)}:
                self.left = pids


def start(command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log_path: Path) -> GuardedProcess:
    """Start a command in a folder with exactly this environment, its output appended to a log; do not wait for it."""
    log_path.touch(mode=0o600)
    log_start = log_path.stat().st_size
    guard = [sys.executable, "-I", "-S", str(KEEPER), str(os.getpid()), str(log_path), *command]
    keeper = subprocess.Popen(
        guard,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
    )
    process = GuardedProcess(keeper, log_path, log_start)
    try:
        process.wait_started()
    except BaseException:
        process.stop()
        raise
    return process
