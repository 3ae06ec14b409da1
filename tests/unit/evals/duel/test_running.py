"""A whole duel between servers that answer by script: who is asked what, when, and how often."""

from __future__ import annotations

from typing import Any

from evals.duel.contenders import DuelObserver
from evals.duel.judging import judge_duel
from evals.duel.loads import load_of
from evals.duel.order import order_of
from evals.duel.results import BASELINE, CANDIDATE
from evals.duel.running import run_duel
from evals.duel.settings import serving_settings
from evals.outcome import Verdict
from evals.serving.planning import plan
from evals.serving.prompts import Prompts
from evals.serving.vocabulary import vocabulary
from tests.unit.evals.duel.examples import workload
from tests.unit.evals.duel.running_world import OPTIONS, Ring, Send, answered, pair, steady
from tests.unit.evals.serving.scripted import Met


async def slow(number: int, body: dict[str, Any], send: Send) -> bool:
    return await answered(body, send, first_s=0.1, later_s=0.01)


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
