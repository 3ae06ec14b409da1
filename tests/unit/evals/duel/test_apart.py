"""A function in a process of its own: its answer, its errors, and its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evals.duel.apart import Apart
from evals.errors import CancelledError, EngineUnreachableError, InternalError


def add(one: int, other: int) -> tuple[int, int]:
    print("what is printed is no answer")
    return one + other, os.getpid()


def refuse() -> None:
    raise EngineUnreachableError("nobody there", remedy="start it", port=1)


def die() -> None:
    print("last words", flush=True)
    os.abort()


def last_with_a_child(note: str) -> None:
    child = subprocess.Popen(["sleep", "60"])
    Path(note).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(60)


def quiet() -> None:
    pass


def test_it_answers_from_another_process() -> None:
    with Apart(quiet) as apart:
        total, pid = apart.call(60, add, 2, other=3)
        assert (total, pid != os.getpid()) == (5, True)
        assert apart.call(60, add, 1, 1) == (2, pid)
        assert alive(pid)
    assert not alive(pid)


def test_errors_come_back_as_they_were() -> None:
    with Apart(quiet) as apart, pytest.raises(EngineUnreachableError, match="nobody there") as caught:
        apart.call(60, refuse)
    assert (caught.value.remedy, caught.value.details) == ("start it", {"port": 1})


def test_a_process_that_dies_is_told_with_its_last_words() -> None:
    with Apart(quiet) as apart:
        with pytest.raises(InternalError) as caught:
            apart.call(60, die)
        assert "last words" in caught.value.details["said"]
        assert apart.call(60, add, 1, 1)[0] == 2


@pytest.mark.parametrize("by", ["check", "limit"])
def test_it_is_ended_with_all_that_it_started(by: str, tmp_path: Path) -> None:
    note = tmp_path / "pids"

    def check() -> None:
        if by == "check" and note.exists() and len(note.read_text().split()) == 2:
            raise CancelledError("enough", remedy="none")

    with Apart(check) as apart, pytest.raises((CancelledError, TimeoutError)) as caught:
        apart.call(60 if by == "check" else 3, last_with_a_child, str(note))
    assert caught.type is (CancelledError if by == "check" else TimeoutError)
    time.sleep(0.2)
    assert [alive(int(pid)) for pid in note.read_text().split()] == [False, False]


def test_it_ends_when_its_caller_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    words = (
        "from evals.duel.apart import Apart; from tests.unit.evals.duel.test_apart import *; "
        f"Apart(quiet).call(60, last_with_a_child, {str(note)!r})"
    )
    caller = subprocess.Popen([sys.executable, "-c", words])
    end = time.monotonic() + 30
    while not (note.exists() and len(note.read_text().split()) == 2) and time.monotonic() < end:
        time.sleep(0.05)
    caller.kill()
    caller.wait()
    time.sleep(0.5)
    assert [alive(int(pid)) for pid in note.read_text().split()] == [False, False]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
