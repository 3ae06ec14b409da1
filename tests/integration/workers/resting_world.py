"""Engines in a few lines: busy, polite, bound to a processor, hung."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from workers import process as processes
from workers.process import GuardedProcess

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


def start(script: str, folder: Path) -> GuardedProcess:
    command = [sys.executable, "-c", script, str(folder)]
    return processes.start(
        command, environment={"PATH": "/usr/bin:/bin"}, folder=folder, log_path=folder / "engine.log"
    )


def stand_still(pids: list[int]) -> bool:
    return all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in pids)
