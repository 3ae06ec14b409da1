"""Long-lived child processes: tied to this one, recorded on disk, and stopped with everything they started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from db.birth import born
from evals.errors import PlumblineError

_TETHER = Path(__file__).with_name("tether.py")


class ChildStartError(PlumblineError):
    """A process that the service is made of does not start; the details hold the end of its log."""

    code = "service_start"


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """How to start and to stop one child.

    stop: signals in their order, each with the seconds the child has to obey it; a kill follows.
    orphan_signal: what the kernel sends when this process dies without a word.
    """

    name: str
    command: Sequence[str]
    log: Path
    record: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path | None = None
    user: str | None = None
    stop: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)
    orphan_signal: signal.Signals = signal.SIGKILL


class Child:
    """One child process in a session of its own, so that a Ctrl-C in the terminal reaches this process alone."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command after ending what an earlier, killed service left of it."""
        end_leftover(self.spec)
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        with self.spec.log.open("ab") as log:
            self._process = subprocess.Popen(
                tethered(self.spec.command, orphan_signal=self.spec.orphan_signal, user=self.spec.user),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.spec.environment),
                cwd=self.spec.folder,
                start_new_session=True,
            )
        _write_record(self.spec.record, self._process.pid)

    @property
    def pid(self) -> int | None:
        """Return the process id, or None before the start."""
        return self._process.pid if self._process else None

    def exit_status(self) -> int | None:
        """Return the exit status (negative: the signal that ended it), or None while it runs."""
        return self._process.poll() if self._process else None

    def running(self) -> bool:
        """Tell whether the child was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the child in the order its spec names, then kill whatever is left of it and its descendants."""
        if self._process is None:
            return
        family = descendants(self._process.pid)
        for number, patience_s in self.spec.stop:
            if not self.running():
                break
            family |= descendants(self._process.pid)
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
        family |= descendants(self._process.pid)
        if self.running():
            self._process.kill()
            self._process.wait()
        kill_all(family)
        self._process = None
        self.spec.record.unlink(missing_ok=True)


def tethered(command: Sequence[str], *, orphan_signal: int = signal.SIGKILL, user: str | None = None) -> list[str]:
    """Return the command line that runs `command` and ends it when this process ends."""
    options = ["--parent", str(os.getpid()), "--signal", str(int(orphan_signal))]
    options += ["--user", user] if user else []
    return [sys.executable, "-I", "-S", str(_TETHER), *options, "--", *command]


def descendants(pid: int) -> set[psutil.Process]:
    """Return the living processes below `pid`."""
    try:
        return set(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def kill_all(processes: set[psutil.Process], *, patience_s: float = 10.0) -> None:
    """Kill the processes that still live and wait until they are gone; psutil never hits a reused process id."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _wait(processes, patience_s)


def _wait(processes: set[psutil.Process], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that only waits for its parent to notice its end does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end_leftover(spec: ChildSpec) -> None:
    """End the process that a record on disk names, when it still lives, and forget the record."""
    process = recorded_process(spec.record)
    if process is not None:
        family = descendants(process.pid)
        for number, patience_s in spec.stop:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
            _wait({process}, patience_s)
        kill_all(family | {process})
    spec.record.unlink(missing_ok=True)


def recorded_process(record: Path) -> psutil.Process | None:
    """Return the living process that a record names, or None; its start time guards against reused ids."""
    try:
        data = json.loads(record.read_text())
        process = psutil.Process(data["pid"])
        if born(process.pid) == data["born"] and is_alive(process):
            return process
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        pass
    return None


def _write_record(record: Path, pid: int) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"pid": pid, "born": born(pid)}))


def last_lines(log: Path, count: int = 15) -> list[str]:
    """Return the last lines of a log; an absent log has none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


def start_log(path: Path, *, kept: int = 3) -> None:
    """Begin a new log and keep the last `kept` ones as path.1, path.2 ..."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in range(kept, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        if newer.exists():
            newer.replace(older)
    path.touch()
