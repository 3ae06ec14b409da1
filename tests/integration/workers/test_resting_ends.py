"""How resting engines end: told, killed, hung or dead; nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.integration.workers.resting_world import BUSY, POLITE, stand_still, start
from workers import resting
from workers.resting import EngineTree, RestlessEngineError

from .families import STUBBORN, STUBBORN_SIZE, living, members, until

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
