"""Whoever is killed, no process of an engine outlives it: real processes that ignore SIGTERM and change sessions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from workers import process as processes
from workers.process import GuardedProcess

from .families import STUBBORN, STUBBORN_SIZE, children, living, members, until

WORKER = """
import sys, time
from pathlib import Path
from workers import process
folder = Path(sys.argv[1])
command = [sys.executable, "-c", sys.argv[2], str(folder)]
process.start(command, environment={"PATH": "/usr/bin:/bin"}, folder=folder, log_path=folder / "engine.log")
time.sleep(600)
"""


@pytest.fixture
def family(tmp_path: Path) -> Iterator[GuardedProcess]:
    """A stubborn family behind a keeper; whatever a test breaks, none of it stays."""
    process = start([sys.executable, "-c", STUBBORN, str(tmp_path)], tmp_path)
    try:
        assert until(lambda: len(members(tmp_path)) == STUBBORN_SIZE)
        yield process
    finally:
        process.stop()
        for pid in living(members(tmp_path)):
            os.kill(pid, signal.SIGKILL)


def start(command: list[str], folder: Path) -> GuardedProcess:
    return processes.start(
        command, environment={"PATH": "/usr/bin:/bin"}, folder=folder, log_path=folder / "engine.log"
    )


def test_stopping_ends_children_that_ignore_sigterm_and_left_the_group(family: GuardedProcess, tmp_path: Path) -> None:
    assert len(living(members(tmp_path))) == STUBBORN_SIZE
    family.stop()
    assert living(members(tmp_path)) == []


def test_a_second_stop_does_nothing(family: GuardedProcess) -> None:
    family.stop()
    family.stop()
    assert family.has_ended()


@pytest.mark.parametrize("victim", ["outer", "inner"])
def test_killing_either_keeper_leaves_no_process_behind(victim: str, family: GuardedProcess, tmp_path: Path) -> None:
    inner = psutil.Process(family.pid).ppid()
    outer = psutil.Process(inner).ppid()
    os.kill(outer if victim == "outer" else inner, signal.SIGKILL)
    assert until(lambda: living([outer, inner, *members(tmp_path)]) == [])
    assert family.has_ended()


def test_an_engine_does_not_outlive_both_its_keepers(family: GuardedProcess) -> None:
    inner = psutil.Process(family.pid).ppid()
    outer = psutil.Process(inner).ppid()
    for pid in (outer, inner):
        os.kill(pid, signal.SIGSTOP)  # so that neither can act on the other's end
    for pid in (outer, inner):
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: living([outer, inner, family.pid]) == [])
    assert family.has_ended()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killing_the_worker_leaves_no_process_behind(number: signal.Signals, tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path), STUBBORN],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert until(lambda: len(members(tmp_path)) == STUBBORN_SIZE)
    keepers = children(worker.pid)
    assert len(living(members(tmp_path))) == STUBBORN_SIZE
    worker.send_signal(number)
    worker.wait()
    assert until(lambda: living([*keepers, *members(tmp_path)]) == [])


def test_a_worker_that_dies_with_a_fork_holding_its_pipe_is_noticed(tmp_path: Path) -> None:
    forking = WORKER.replace(
        "time.sleep(600)",
        "import os\nif os.fork() == 0:\n    (folder / 'fork').write_text(str(os.getpid()))\ntime.sleep(600)",
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", forking, str(tmp_path), STUBBORN],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert until(lambda: len(members(tmp_path)) == STUBBORN_SIZE and bool((tmp_path / "fork").exists()))
    worker.kill()
    worker.wait()
    try:
        assert until(lambda: living(members(tmp_path)) == [])
    finally:
        os.kill(int((tmp_path / "fork").read_text()), signal.SIGKILL)


def test_an_engine_that_ends_takes_its_children_along_and_leaves_its_status(tmp_path: Path) -> None:
    code = STUBBORN.replace("    os.setpgid(0, 0)\n    live()\nlive()", "    live()\ntime.sleep(1); sys.exit(7)")
    process = start([sys.executable, "-c", code, str(tmp_path)], tmp_path)
    assert until(process.has_ended)
    assert process.exit_status == 7
    process.stop()
    assert len(members(tmp_path)) == 3
    assert living(members(tmp_path)) == []


def test_the_status_of_a_killed_engine_is_its_signal(tmp_path: Path) -> None:
    process = start([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], tmp_path)
    assert until(process.has_ended)
    process.stop()
    assert process.exit_status == -9


def test_a_command_that_does_not_exist_says_so_in_the_log(tmp_path: Path) -> None:
    process = start(["/nowhere/python"], tmp_path)
    assert until(process.has_ended)
    process.stop()
    assert process.exit_status == 127
    assert "cannot start /nowhere/python" in (tmp_path / "engine.log").read_text()


def test_an_engine_sees_exactly_the_environment_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h/d")
    process = start([sys.executable, "-S", "-c", "import os; print(sorted(os.environ))"], tmp_path)
    assert until(process.has_ended)
    process.stop()
    seen = (tmp_path / "engine.log").read_text()
    assert "PATH" in seen
    assert "DATABASE_URL" not in seen


def test_an_engine_inherits_no_open_file_and_no_blocked_signal(tmp_path: Path) -> None:
    code = "import os, signal; print(os.listdir('/proc/self/fd'), signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    process = start([sys.executable, "-c", code], tmp_path)
    assert until(process.has_ended)
    process.stop()
    assert (tmp_path / "engine.log").read_text().strip() == "['0', '1', '2', '3'] set()"  # 3 is the listing itself
