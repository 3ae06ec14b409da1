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
from evals.duel.loads import load_of
from evals.duel.order import order_of
from evals.duel.results import BASELINE, CANDIDATE, Pass
from evals.duel.running import run_duel
from evals.duel.settings import ServingSettings, serving_settings
from evals.errors import CancelledError
from evals.outcome import Verdict
from evals.serving.planning import plan
from evals.serving.prompts import Prompts
from evals.serving.vocabulary import vocabulary
from tests.unit.evals.duel.examples import workload
from tests.unit.evals.duel.test_side import At
from tests.unit.evals.serving.scripted import Met, native_stream, serving, simple, whole

Send = Callable[[bytes], Awaitable[None]]
OPTIONS: dict[str, Any] = {
    "concurrency": "2", "requests": 16, "input_len": 20, "output_len": 4,
    "min_rounds": 4, "max_rounds": 4, "max_warmups": 2, "launch_spread": 0.0,
}  # fmt: skip


async def flushing(number: int, body: dict[str, Any], send: Send) -> bool:
    if "sampling_params" in body:
        return await whole(number, body, send)
    await send(simple(200, "flushed"))
    return True


async def answered(body: dict[str, Any], send: Send, *, first_s: float, later_s: float) -> bool:
    """Answer after a while, hardly anything out of a cache."""
    if "sampling_params" in body:
        await asyncio.sleep(first_s)
        for piece in native_stream(body["sampling_params"]["max_new_tokens"], prompt=1000):
            await send(piece)
            await asyncio.sleep(later_s)
        return True
    await send(simple(200, "flushed"))
    return True


async def steady(number: int, body: dict[str, Any], send: Send) -> bool:
    return await answered(body, send, first_s=0.02, later_s=0.0)


async def slow(number: int, body: dict[str, Any], send: Send) -> bool:
    return await answered(body, send, first_s=0.1, later_s=0.01)


@dataclass
class Ring:
    """Hold who was entered, in order, and see that nobody is while another is."""

    entered: list[str] = field(default_factory=list)
    places: list[tuple[str, float]] = field(default_factory=list)
    inside: int = 0

    def measured(self, name: str, url: str) -> Callable[[float], AbstractContextManager[Address]]:
        @contextmanager
        def enter(where: float) -> Iterator[Address]:
            self.entered.append(name)
            self.places.append((name, where))
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
    wanted = workload(**{**OPTIONS, "max_warmups": 6})
    settings = serving_settings(wanted)
    observer = DuelObserver(
        on_pass=lambda done, raw: passes.append(done), on_progress=lambda *told: progress.append(told)
    )
    with pair(ring, slow, steady, launches=False) as (candidate, baseline, ours, theirs):
        outcome = run_duel(settings, candidate, baseline, observer, margin=wanted.margin)
    assert tuple(passes) == outcome.passes
    rounds = {side: [one.round for one in passes if one.side == side] for side in (CANDIDATE, BASELINE)}
    measured = max(rounds[CANDIDATE]) + 1
    warmups = {name: len(found) - measured for name, found in rounds.items()}
    places = [[where for name, where in ring.places if name == side][-measured:] for side in (CANDIDATE, BASELINE)]
    assert places[0] == places[1]
    assert len(set(places[0])) == measured
    assert min(warmups.values()) >= 2
    assert measured >= 4  # more where a busy machine spoiled one
    assert rounds == {name: [*range(-1, -count - 1, -1), *range(measured)] for name, count in warmups.items()}
    for round in range(measured):
        said = [(one.side, one.place) for one in passes if one.round == round]
        assert said == [(name, place) for place, name in enumerate(order_of(settings.seed, round))]
    # Two are in flight, so that neighbours may overtake each other.
    assert sorted(inputs(ours)[:32]) == sorted(inputs(theirs)[:32])
    assert sorted(inputs(ours)[-16 * measured :]) == sorted(inputs(theirs)[-16 * measured :])
    for met, count in zip((ours, theirs), (warmups[CANDIDATE], warmups[BASELINE]), strict=True):
        assert len({tuple(one) for one in inputs(met)}) == (count + measured) * 16
        kinds = ["flush" if not body else "ask" for body in met.bodies if len(body.get("input_ids", [0] * 20)) == 20]
        assert kinds == (["flush"] + ["ask"] * 16) * (count + measured)
    assert progress[-1] == (len(passes), len(passes))
    assert outcome.facts["output lengths"] == "forced on both sides (ignore_eos)"
    load = load_of(
        settings, base_url="http://a:1", model="m", tokenizer=None, api_key=None, level=2, round=0,
        nonce=outcome.asked.nonce,
    )  # fmt: skip
    prompts = Prompts(load, vocabulary(None))
    assert sorted(prompts.ids(one) for one in plan(load)) == sorted(inputs(ours)[-16 * measured :][:16])
    assert str(outcome.asked.nonce) in outcome.facts["input"]
    assert "from launch to launch is not in the interval" in outcome.facts["servers"]
    result = judge_duel(wanted, settings, outcome)
    assert result.reproduce.endswith(str(load.seed))
    assert result.verdict is Verdict.FAIL, result.headline
    assert result.echoes[0].requests_per_s > 0
    assert not result.echoes[0].limited
    ttft = result.ratios[0]
    assert ttft.value is not None
    assert ttft.value > 3


def unsteady() -> Any:
    """Return a server of which every second pass takes ten times as long."""
    flushes: list[int] = []

    async def answer(number: int, body: dict[str, Any], send: Send) -> bool:
        if "sampling_params" not in body:
            flushes.append(number)
        else:
            await asyncio.sleep(0.1 if len(flushes) % 2 else 0.01)
        return await flushing(number, body, send)

    return answer


def test_a_server_that_never_gets_warm_decides_nothing_and_an_echo_that_takes_too_long_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evals.duel.running._ECHO_LIMIT_S", 0.0)
    wanted = workload(**OPTIONS)
    settings = serving_settings(wanted)
    with pair(Ring(), unsteady(), steady, launches=False) as (candidate, baseline, *_):
        outcome = run_duel(settings, candidate, baseline, DuelObserver(), margin=wanted.margin)
    result = judge_duel(wanted, settings, outcome)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "was not warm" in result.headline
    assert any("the candidate was not warm" in reason for one in result.passes for reason in one.spoiled)
    assert any("the candidate at 2 in flight did not get warm" in note for note in result.notes)
    assert result.echoes == ()
    assert any("no echo at 2 in flight" in note for note in result.notes)


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
