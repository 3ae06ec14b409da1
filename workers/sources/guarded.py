"""Run the commands that make a source ready, each below a keeper that ends it with the worker, its output in a log."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.errors import InstallError
from workers import process as processes
from workers.engines.pip import telling_line
from workers.environment import engine_environment
from workers.logs import scrub, tail
from workers.process import GuardedProcess

LONGEST_S = 5400
POLL_S = 0.2
SHOWN = 30
PROXY = re.compile(r"(?:https?|all|no)_proxy$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Hold where commands run and write to; check is asked a few times a second and ends a command by raising."""

    folder: Path
    check: Callable[[], None]

    @property
    def log(self) -> Path:
        """Return the file with all output."""
        return self.folder / "build.log"

    def run(self, command: Sequence[str], *, environment: Mapping[str, str], failure: str) -> str:
        """Run a command to its end and return its output; raise InstallError with the end of what it said."""
        process = processes.start(command, environment=environment, folder=self.folder, log_path=self.log)
        try:
            self._wait(process, failure)
        finally:
            process.stop()
        output = self.log.read_bytes()[process.log_start :].decode(errors="replace")
        if process.exit_status:
            lines = output.splitlines()
            raise InstallError(
                f"{failure}: {telling_line(lines)}",
                remedy=f"Read {self.log} on the worker's host.",
                lines=[scrub(line) for line in lines[-SHOWN:]],
            )
        return output

    def _wait(self, process: GuardedProcess, failure: str) -> None:
        deadline = time.monotonic() + LONGEST_S
        while not process.has_ended():
            self.check()
            if time.monotonic() > deadline:
                raise InstallError(
                    f"{failure}: no end after {LONGEST_S} s.",
                    remedy="Look at the last lines, and run it again.",
                    lines=tail(self.log, lines=SHOWN, start=process.log_start),
                )
            time.sleep(POLL_S)


def strangers_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which submitted code may run: an engine's, and proxies that need no password."""
    proxies = {name: value for name, value in os.environ.items() if PROXY.match(name) and "@" not in value}
    return engine_environment(os.environ, additions=proxies | dict(additions), devices=(), threads=None)
