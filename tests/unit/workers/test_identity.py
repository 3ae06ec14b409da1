"""Telling living workers of this host from dead ones."""

from __future__ import annotations

import os
import subprocess
import sys

from workers.identity import HOST, is_dead, worker_name


def test_this_process_is_alive() -> None:
    assert not is_dead(worker_name())


def test_a_process_that_has_ended_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        name = worker_name(process.pid)
        assert not is_dead(name)
    assert is_dead(name)


def test_a_number_that_another_process_has_taken_over_is_dead() -> None:
    assert is_dead(f"{HOST}/{os.getpid()}/a:1")


def test_a_worker_of_another_host_is_never_called_dead() -> None:
    assert not is_dead("another-host/999999/a:1")
