"""The supervisor's pauses, with real short-lived processes and a clock of the test's own."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from cli import supervisor as module
from cli.supervisor import StopRequest, Supervisor
from db.processes import ChildSpec


class Clock:
    """Jump a quarter of a second with every look and every sleep, without waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, _seconds: float) -> None:
        self.now += 0.25


def spec(tmp_path: Path, program: str) -> ChildSpec:
    return ChildSpec(
        name="part", command=[sys.executable, "-c", program], log=tmp_path / "part.log", record=tmp_path / "part.json"
    )


def test_a_part_that_dies_again_and_again_is_started_after_ever_longer_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "time", Clock())
    said: list[str] = []
    request = StopRequest()
    supervisor = Supervisor([spec(tmp_path, "import sys; print('no luck'); sys.exit(3)")], say=said.append)
    supervisor.start()

    def stop_after_five() -> None:
        request.made = sum("next start" in line for line in said) >= 5
        for watched in supervisor._watched:
            if watched.child.pid is not None:
                watched.child._process.wait()  # type: ignore[union-attr]  # a started child has a process

    supervisor.run(request, each_round=stop_after_five)
    supervisor.stop()
    pauses = [line.split("next start in ")[1].split(" s")[0] for line in said if "next start" in line]
    assert pauses == ["1", "2", "4", "8", "16"]
    assert "status 3" in said[0]
    assert "part: no luck" in said[1]


def test_pauses_end_at_a_minute_and_begin_anew_after_a_steady_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    supervisor = Supervisor([spec(tmp_path, "")], say=said.append)
    watched = supervisor._watched[0]
    for now in itertools.repeat(10.0, 8):
        supervisor._note_death(watched, now)
    assert watched.restart_at == 70.0
    supervisor._note_death(watched, 1000.0)
    assert watched.restart_at == 1001.0
