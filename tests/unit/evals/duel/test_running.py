"""A whole duel between servers that answer by script: who is asked what, when, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from evals.duel.contenders import Address, Contender, DuelObserver
from evals.duel.judging import judge_duel
from evals.duel.order import order_of
from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.duel.running import run_duel
from evals.duel.settings import ServingSettings, serving_settings
from evals.errors import CancelledError
from evals.outcome import Verdict
from tests.unit.evals.duel.examples import workload
from tests.unit.evals.duel.test_side import At
from tests.unit.evals.serving.scripted import Met, native_stream, serving, simple, whole

Send = Callable[[bytes], Awaitable[None]]
OPTIONS: dict[str, Any] = {
    "concurrency": "2", "requests": 16, "input_len": 20, "output_len": 4,
    "min_rounds": 4, "max_rounds": 4, "max_warmups": 2,
}  # fmt: skip


async def flushing(number: int, body: dict[str, Any], send: Send) -> bool:
    if "sampling_params" in body:
        return await whole(number, body, send)
    await send(simple(200, "flushed"))
    return True


async def slow(number: int, body: dict[str, Any], send: Send) -> bool:
    if "sampling_params" in body:
        await asyncio.sleep(0.03)
        for piece in native_stream(body["sampling_params"]["max_new_tokens"]):
            await send(piece)
            await asyncio.sleep(0.01)
        return True
    await send(simple(200, "flushed"))
    return True


@dataclass
class Ring:
    """Hold who was entered, in order, and see that nobody is while another is."""

    entered: list[str] = field(default_factory=list)
    inside: int = 0

    def measured(self, name: str, url: str) -> Callable[[], AbstractContextManager[Address]]:
        @contextmanager
        def enter() -> Iterator[Address]:
            self.entered.append(name)
            self.inside += 1
            assert self.inside == 1
            try:
                yield At(url)
            finally:
                self.inside -= 1

        return enter


@contextmanager
def pair(ring: Ring, ours: Any, theirs: Any, *, launches: bool) -> Iterator[tuple[Contender, Contender, Met, Met]]:
    with serving(ours) as (a, met_a), serving(theirs) as (b, met_b):
        sides = [
            Contender(measured=ring.measured(name, url), launches=launches)
            for name, url in ((CANDIDATE, a), (BASELINE, b))
        ]
        yield sides[0], sides[1], met_a, met_b


def inputs(met: Met) -> list[list[int]]:
    return [body["input_ids"] for body in met.bodies if len(body.get("input_ids", ())) == 20]


def test_a_duel_from_warm_up_to_verdict() -> None:
    ring, passes, progress = Ring(), [], []
    wanted = workload(**OPTIONS)
    settings = serving_settings(wanted)
    observer = DuelObserver(
        on_pass=lambda done, raw: passes.append(done), on_progress=lambda *told: progress.append(told)
    )
    with pair(ring, slow, flushing, launches=False) as (candidate, baseline, ours, theirs):
        outcome = run_duel(settings, candidate, baseline, observer, margin=wanted.margin)
    assert tuple(passes) == outcome.passes
    rounds = {side: [one.round for one in passes if one.side == side] for side in (CANDIDATE, BASELINE)}
    measured = len(rounds[CANDIDATE]) - 2
    assert measured >= 4  # more where a busy machine spoiled one
    assert rounds == {CANDIDATE: [-1, -2, *range(measured)], BASELINE: [-1, -2, *range(measured)]}
    for round in range(measured):
        said = [(one.side, one.place) for one in passes if one.round == round]
        assert said == [(name, place) for place, name in enumerate(order_of(settings.seed, round))]
    assert inputs(ours) == inputs(theirs)
    assert len({tuple(one) for one in inputs(ours)}) == (2 + measured) * 16
    for met in (ours, theirs):
        kinds = ["flush" if not body else "ask" for body in met.bodies if len(body.get("input_ids", [0] * 20)) == 20]
        assert kinds == (["flush"] + ["ask"] * 16) * (2 + measured)
    assert progress[-1] == (len(passes), len(passes))
    assert outcome.facts["output lengths"] == "forced on both sides (ignore_eos)"
    result = judge_duel(wanted, settings, outcome)
    assert result.verdict is Verdict.FAIL
    assert result.echoes[0].requests_per_s > 0
    assert not result.echoes[0].limited
    ttft = result.ratios[0]
    assert ttft.value is not None
    assert ttft.value > 3


def test_alternate_launches_are_entered_once_a_round_and_go_on_after_a_break() -> None:
    ring, saved = Ring(), []
    settings = ServingSettings(**{**OPTIONS, "input_len": "20", "output_len": "4", "concurrency": "1,2"})

    def stop() -> None:
        if len(saved) == 11:  # warm-ups and passes at both levels of the first visit, and some of the second
            raise CancelledError("enough", remedy="none")

    def keep(done: Pass, raw: bytes) -> None:
        saved.append(done)

    with pair(ring, flushing, flushing, launches=True) as (candidate, baseline, *_):
        with pytest.raises(CancelledError):
            run_duel(settings, candidate, baseline, DuelObserver(on_pass=keep, check=stop), margin=0.5)
        assert ring.inside == 0
        first, second = order_of(settings.seed, 0)
        assert ring.entered == [first, second]
        assert [one.side for one in saved] == [first] * 6 + [second] * 5
        known = list(saved)

        def enough() -> None:
            if len(saved) == 11 + 12:
                raise CancelledError("enough", remedy="none")

        with pytest.raises(CancelledError):
            run_duel(settings, candidate, baseline, DuelObserver(on_pass=keep, check=enough), known, margin=0.5)
    later = saved[11:]
    assert {one.round for one in later if one.round >= 0} == {1}
    assert len({(one.round, one.level, one.side) for one in saved}) == len(saved)
    assert [one.round for one in later if (one.side, one.level, one.round < 0) == (first, 1, True)] == [-3, -4]
