"""Both sides of a round are asked the same, and no two rounds are."""

from __future__ import annotations

from evals.command.serving import add_arguments
from evals.command.serving import load_of as load_of_command
from evals.duel.contenders import Asked
from evals.duel.loads import command_of, load_of
from evals.duel.order import order_of
from evals.duel.results import BASELINE, CANDIDATE
from evals.duel.settings import ServingSettings
from evals.serving.load import Load
from evals.serving.planning import plan
from evals.serving.prompts import Prompts
from evals.serving.vocabulary import vocabulary

SETTINGS = ServingSettings(concurrency="2,4", requests=8, input_len="20:40", output_len="8")


def load(
    settings: ServingSettings = SETTINGS, *, round: int = 0, level: int = 4, url: str = "http://a:1", nonce: int = 0
) -> Load:
    return load_of(
        settings, base_url=url, model="m", tokenizer=None, api_key=None, level=level, round=round, nonce=nonce
    )


def inputs(of: Load) -> list[list[int]]:
    prompts = Prompts(of, vocabulary(None))
    return [prompts.ids(one) for one in plan(of)]


def test_both_sides_get_the_same_inputs_and_each_round_level_and_warm_up_others() -> None:
    assert inputs(load()) == inputs(load(url="http://b:2"))
    seen = [inputs(load()), inputs(load(round=1)), inputs(load(round=-1)), inputs(load(level=2))]
    firsts = [one[0] for one in seen]
    assert all(firsts[n] != firsts[k] for n in range(4) for k in range(n))


def test_no_other_duel_has_the_same_inputs() -> None:
    for round in (0, -1):
        seen = {tuple(ids) for nonce in (0, 7, 8) for ids in inputs(load(round=round, nonce=nonce))}
        assert len(seen) == 3 * SETTINGS.requests


def test_a_rate_is_an_open_loop_without_a_limit() -> None:
    found = load(ServingSettings(rate=5.0), level=0)
    assert (found.rate, found.poisson, found.concurrency) == (5.0, True, None)


def test_time_limits_follow_the_stall() -> None:
    found = load(ServingSettings(stall=2.0))
    assert (found.stall_s, found.timeout_s) == (2.0, 20.0)


def test_the_command_puts_the_same_load() -> None:
    import argparse
    import shlex

    settings = ServingSettings(
        concurrency="2,4", requests=8, input_len="20:40", shared_prefix_len=10, limits="ttft:200 itl:50"
    )
    for given, level in ((settings, 4), (ServingSettings(rate=5.0), 0)):
        words = shlex.split(command_of(given, level=level, asked=Asked(nonce=9), url="http://a:1"))
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        asked = load_of_command(parser.parse_args(words[words.index("serving") + 1 :]))
        assert inputs(asked) == inputs(load(given, level=level, nonce=9))
        assert (asked.concurrency, asked.rate, asked.poisson) == (level or None, given.rate, given.rate is not None)
    assert "--tokenizer /m" in command_of(settings, level=4, asked=Asked(tokenizer="/m"))


def test_each_side_is_first_once_in_every_block_and_the_seed_decides_when() -> None:
    orders = [order_of(1, round) for round in range(40)]
    assert all({orders[n][0], orders[n + 1][0]} == {CANDIDATE, BASELINE} for n in range(0, 40, 2))
    assert len({orders[n][0] for n in range(0, 40, 2)}) == 2
    assert orders != [order_of(2, round) for round in range(40)]
    assert orders == [order_of(1, round) for round in range(40)]
