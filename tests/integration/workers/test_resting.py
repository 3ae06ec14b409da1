"""Rest and wake on real process trees: nothing of a resting engine computes, and it never stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from workers import process as processes
from workers import resting
from workers.process import GuardedProcess
from workers.resting import EngineTree, RestlessEngineError

from .families import STUBBORN, STUBBORN_SIZE, living, members, until

ALLOWED = sorted(os.sched_getaffinity(0))

BUSY = """
import os, sys
folder = sys.argv[1]
os.fork()
open(os.path.join(folder, str(os.getpid())), "w").close()
while True:
    pass
"""

POLITE = """
import os, signal, sys, time
folder = sys.argv[1]
def bye(*_):
    open(os.path.join(folder, "bye"), "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, bye)
open(os.path.join(folder, str(os.getpid())), "w").close()
while True:
    time.sleep(60)
"""

BOUND = """
import os, sys, time
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
while True:
    time.sleep(60)
"""

HUNG = """
import os, sys
folder = sys.argv[1]
pipe = os.path.join(folder, "pipe")
os.mkfifo(pipe)
open(os.path.join(folder, str(os.getpid())), "w").close()
# The system call that starts a process cannot be interrupted before that process runs, and it waits for a reader.
os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 1, pipe, os.O_WRONLY, 0)])
"""

WORKER = """
import sys, time
from pathlib import Path
from workers import process
from workers.resting import EngineTree
folder = Path(sys.argv[1])
command = [sys.executable, "-c", sys.argv[2], str(folder)]
engine = process.start(command, environment={"PATH": "/usr/bin:/bin"}, folder=folder, log_path=folder / "engine.log")
while len([path for path in folder.iterdir() if path.name.isdigit()]) < int(sys.argv[3]):
    time.sleep(0.05)
EngineTree(engine.pid).rest()
(folder / "resting").touch()
time.sleep(600)
"""


def start(script: str, folder: Path) -> GuardedProcess:
    command = [sys.executable, "-c", script, str(folder)]
    return processes.start(
        command, environment={"PATH": "/usr/bin:/bin"}, folder=folder, log_path=folder / "engine.log"
    )


@pytest.fixture
def left(tmp_path: Path) -> Iterator[None]:
    """Whatever a test breaks, no process of its family stays."""
    yield
    for pid in living(members(tmp_path)):
        os.kill(pid, signal.SIGKILL)


def computed_s(pids: list[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def stand_still(pids: list[int]) -> bool:
    return all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids)


@pytest.mark.usefixtures("left")
def test_a_resting_engine_computes_nothing_and_goes_on_when_woken(tmp_path: Path) -> None:
    engine = start(BUSY, tmp_path)
    try:
        assert until(lambda: len(members(tmp_path)) == 2)
        tree, pids = EngineTree(engine.pid), members(tmp_path)
        for _ in range(3):
            tree.rest()
            before = computed_s(pids)
            time.sleep(0.3)
            assert computed_s(pids) == before
            tree.wake()
            assert until(lambda before=before: computed_s(pids) > before)  # type: ignore[misc]  # a bound value
    finally:
        engine.stop()


@pytest.mark.usefixtures("left")
@pytest.mark.skipif(len(ALLOWED) < 2, reason="there is one processor, on which everything goes on")
def test_a_woken_engine_goes_on_at_the_chosen_processor_and_is_free_again(tmp_path: Path) -> None:
    engine = start(POLITE, tmp_path)
    try:
        assert until(lambda: len(members(tmp_path)) == 1)
        tree, process = EngineTree(engine.pid), psutil.Process(engine.pid)
        for where, processor in [(0.0, ALLOWED[0]), (0.999, ALLOWED[-1]), (0.1, ALLOWED[0])]:
            tree.rest()
            tree.wake(where)
            assert process.cpu_num() == processor
            assert process.cpu_affinity() == ALLOWED
    finally:
        engine.stop()


@pytest.mark.usefixtures("left")
@pytest.mark.skipif(len(ALLOWED) < 2, reason="there is one processor, on which everything goes on")
def test_what_an_engine_bound_to_a_processor_stays_there(tmp_path: Path) -> None:
    engine = start(BOUND, tmp_path)
    try:
        assert until(lambda: len(members(tmp_path)) == 1)
        tree, process = EngineTree(engine.pid), psutil.Process(engine.pid)
        tree.rest()
        tree.wake(0.0)
        assert process.cpu_affinity() == ALLOWED[-1:]
        assert process.cpu_num() == ALLOWED[-1]
    finally:
        engine.stop()


@pytest.mark.usefixtures("left")
def test_children_in_other_sessions_rest_too_and_the_keeper_does_not(tmp_path: Path) -> None:
    engine = start(STUBBORN, tmp_path)
    try:
        assert until(lambda: len(members(tmp_path)) == STUBBORN_SIZE)
        EngineTree(engine.pid).rest()
        assert stand_still(members(tmp_path))
        keeper = psutil.Process(engine.pid).parent()
        assert keeper is not None
        assert keeper.status() != psutil.STATUS_STOPPED
        assert not engine.has_ended()
    finally:
        engine.stop()
    assert living(members(tmp_path)) == []


@pytest.mark.usefixtures("left")
def test_a_resting_engine_is_told_to_end_and_may_end_by_itself(tmp_path: Path) -> None:
    engine = start(POLITE, tmp_path)
    assert until(lambda: len(members(tmp_path)) == 1)
    EngineTree(engine.pid).rest()
    engine.stop()
    assert living(members(tmp_path)) == []
    assert (tmp_path / "bye").exists()


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(("script", "size"), [(POLITE, 1), (STUBBORN, STUBBORN_SIZE)])
def test_a_killed_worker_leaves_no_resting_process_behind(script: str, size: int, tmp_path: Path) -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), script, str(size)])
    try:
        assert until(lambda: (tmp_path / "resting").exists())
        assert stand_still(members(tmp_path))
    finally:
        worker.kill()
        worker.wait()
    assert until(lambda: living(members(tmp_path)) == [])


@pytest.mark.usefixtures("left")
def test_an_engine_that_does_not_come_to_rest_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "_STOP_S", 0.3)
    engine = start(HUNG, tmp_path)
    try:
        assert until(lambda: [psutil.Process(pid).status() for pid in members(tmp_path)] == [psutil.STATUS_DISK_SLEEP])
        with pytest.raises(RestlessEngineError, match=f"process {members(tmp_path)[0]} does not stand still"):
            EngineTree(engine.pid).rest()
    finally:
        engine.stop()
    assert living(members(tmp_path)) == []


@pytest.mark.usefixtures("left")
def test_an_engine_that_dies_while_it_rests_is_no_trouble(tmp_path: Path) -> None:
    engine = start(BUSY, tmp_path)
    assert until(lambda: len(members(tmp_path)) == 2)
    tree = EngineTree(engine.pid)
    tree.rest()
    os.kill(engine.pid, signal.SIGKILL)
    assert until(engine.has_ended)
    tree.wake()
    tree.rest()
    engine.stop()
    tree.wake()
    assert EngineTree(engine.pid).rest() is None
    assert living(members(tmp_path)) == []
