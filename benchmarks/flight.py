"""What one client cost: its process from outside, its requests from the null server's log."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.null_server import null_server

ANSWER = r" The answer is \boxed{7}.\n#### 7"
"""An answer in which every harness finds a seven."""


Words = Sequence[str | Path]


@dataclass(frozen=True, kw_only=True)
class Flight:
    """Hold one run of a client; all times are on the clock that the null server writes down.

    to_first_s: from the process's start to the first byte of a request. flying_s: from there to the last answer.
    after_last_s: from there to the end of the process, which has printed its score by then.
    """

    wall_s: float
    to_first_s: float
    flying_s: float
    after_last_s: float
    requests: int
    cpu_s: float
    output: str

    @property
    def requests_per_s(self) -> float:
        """Return the rate while requests fly."""
        return self.requests / self.flying_s

    @property
    def cpu_ms(self) -> float:
        """Return the whole process's processor time for each request, in ms (or in s for each thousand)."""
        return 1000 * self.cpu_s / self.requests


class ClientFailedError(RuntimeError):
    """A client ended with an error, or asked nothing."""


def fly(command: Words, program: Path, *, server: Words = (), env: Mapping[str, str] | None = None) -> Flight:
    """Run a client against a null server of its own; `{port}` in its words becomes the port."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "truth.tsv"
        with (
            null_server(program, "--log", log, "--text", ANSWER, *server) as port,
            Path(folder, "output").open("w+") as output,
        ):
            words = [str(word).replace("{port}", str(port)) for word in command]
            started_ns = time.monotonic_ns()
            process = subprocess.Popen(
                words, env={**os.environ, **(env or {})}, stdout=output, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
            ended_ns = time.monotonic_ns()
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            said = output.read()
        if process.returncode:
            raise ClientFailedError(f"{words[0]} ended with {process.returncode}:\n{said[-2000:]}")
        return read_flight(log.read_text(), started_ns, ended_ns, usage.ru_utime + usage.ru_stime, said)


def read_flight(log: str, started_ns: int, ended_ns: int, cpu_s: float, output: str) -> Flight:
    """Return what the null server's log says of a process that ran from start to end."""
    header, *lines = log.splitlines()
    columns = header.split()
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
    if not rows:
        raise ClientFailedError(f"no request came:\n{output[-2000:]}")
    first_ns = min(int(row["t_byte"]) for row in rows)
    last_ns = max(int(row["t_done"]) for row in rows)
    return Flight(
        wall_s=(ended_ns - started_ns) / 1e9,
        to_first_s=(first_ns - started_ns) / 1e9,
        flying_s=(last_ns - first_ns) / 1e9,
        after_last_s=(ended_ns - last_ns) / 1e9,
        requests=len(rows),
        cpu_s=cpu_s,
        output=output,
    )
