"""Rest and wake on real process trees: nothing of a resting engine computes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.workers.resting_world import BUSY, POLITE, stand_still, start
from workers.resting import EngineTree

from .families import STUBBORN, STUBBORN_SIZE, living, members, until

ALLOWED = sorted(os.sched_getaffinity(0))
BOUND = """
import os, sys, time
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
while True:
    time.sleep(60)
"""


def computed_s(pids: list[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


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
