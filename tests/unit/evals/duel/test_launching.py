"""Duels whose servers are launched in turn, or never get warm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from evals.duel.contenders import DuelObserver
from evals.duel.judging import judge_duel
from evals.duel.order import order_of
from evals.duel.results import Pass
from evals.duel.running import run_duel
from evals.duel.settings import ServingSettings, serving_settings
from evals.errors import CancelledError
from evals.outcome import Verdict
from tests.unit.evals.duel.examples import workload
from tests.unit.evals.duel.running_world import OPTIONS, Ring, Send, pair, steady
from tests.unit.evals.serving.scripted import simple, whole


async def flushing(number: int, body: dict[str, Any], send: Send) -> bool:
    if "sampling_params" in body:
        return await whole(number, body, send)
    await send(simple(200, "flushed"))
    return True


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
