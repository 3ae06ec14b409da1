"""Telling living workers of this host from dead ones."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from workers.identity import HOST, is_dead, worker_name


def test_this_process_is_alive() -> None:
    assert not is_dead(worker_name())


def test_a_process_that_has_ended_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        name = f"{HOST}/{process.pid}/{psutil.Process(process.pid).create_time():.2f}"
        assert not is_dead(name)
    assert is_dead(name)


def test_a_number_that_another_process_has_taken_over_is_dead() -> None:
    assert is_dead(f"{HOST}/{os.getpid()}/1.00")


def test_a_worker_of_another_host_is_never_called_dead() -> None:
    assert not is_dead("another-host/999999/1.00")
