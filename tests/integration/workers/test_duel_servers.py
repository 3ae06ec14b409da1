"""How a duel's sides come to rest; the engines' processes are stand-ins, real ones rest in test_resting."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from db.settings import Settings
from evals.duel.results import BASELINE, CANDIDATE
from evals.errors import CancelledError
from evals.spec import EngineSpec
from workers.duel_servers import DuelServers
from workers.resting import RestlessEngineError


class Tree:
    """Stand for an engine's processes: whether they rest, and whether they can."""

    def __init__(self) -> None:
        self.rests, self.can_rest = True, True

    def rest(self) -> None:
        if not self.can_rest:
            raise RestlessEngineError("it goes on", remedy="look")
        self.rests = True

    def wake(self, where: float) -> None:
        self.rests, self.where = False, where


def duel(trees: dict[str, Tree], device: str = "cpu") -> DuelServers:
    engine = EngineSpec(kind="hf", device=device)
    spec = SimpleNamespace(engine=engine, opponent=engine, model=SimpleNamespace(path="/models/tiny"))
    claim: Any = SimpleNamespace(job=SimpleNamespace(spec=spec), devices=("cpu:0", "GPU-0", "GPU-1"))
    heartbeat: Any = None
    servers = DuelServers(claim, heartbeat, Settings())
    servers._trees = trees  # type: ignore[assignment]  # stand-ins
    servers._up = {side: SimpleNamespace(log_path=None) for side in trees}  # type: ignore[misc]  # as above
    return servers


@pytest.fixture
def trees() -> dict[str, Tree]:
    return {CANDIDATE: Tree(), BASELINE: Tree()}


def test_one_side_is_awake_while_it_is_measured_and_the_other_rests(trees: dict[str, Tree]) -> None:
    trees[BASELINE].rests = False  # woken by somebody else
    with duel(trees).contender(CANDIDATE, "together").measured(0.5):
        assert (trees[CANDIDATE].rests, trees[BASELINE].rests) == (False, True)
        assert trees[CANDIDATE].where == 0.5
    assert trees[CANDIDATE].rests


def test_a_side_that_goes_on_is_named_and_nothing_is_measured_beside_it(trees: dict[str, Tree]) -> None:
    trees[CANDIDATE].can_rest = False
    servers = duel(trees)
    for side in (CANDIDATE, BASELINE):
        measured = False
        goes_on = pytest.raises(RestlessEngineError, match=r"the candidate \(hf\): it goes on")
        with goes_on, servers.contender(side, "together").measured(0.5):
            measured = True
        assert measured == (side == CANDIDATE)


def test_what_ended_a_pass_is_not_hidden_behind_a_side_that_goes_on(trees: dict[str, Tree]) -> None:
    trees[CANDIDATE].can_rest = False
    with pytest.raises(CancelledError), duel(trees).contender(CANDIDATE, "together").measured(0.5):
        raise CancelledError("enough", remedy="submit it again")


def test_a_duel_on_cpus_watches_no_gpu_though_it_holds_them(trees: dict[str, Tree]) -> None:
    assert duel(trees).gpus == ()
    assert duel(trees, device="cuda").gpus == ("GPU-0",)
