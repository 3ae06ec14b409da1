"""How a server's prefix cache is filled, emptied and asked."""

from __future__ import annotations

from typing import Any

import pytest

from evals.parity.asking import passes
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet
from evals.parity.records import FLUSH, KEEPS_NO_CACHE, PREFIX_CACHE, Mode
from tests.unit.evals.parity.asking.observing_world import PROMPTS, Ear, generated, modes, observed
from tests.unit.evals.parity.asking.scripted_server import Answer, Script


def test_prompts_are_asked_one_by_one_each_with_an_empty_cache() -> None:
    script = Script()
    script.delay_s = 0.02
    observed(script, full=False)
    asked = [path.partition("?")[0] for path in script.paths() if path.startswith(("/flush", "/generate"))]
    assert asked == ["/flush_cache", "/generate"] * 4
    assert script.most_at_once == 1
    assert [body["input_ids"] for body in generated(script)] == [list(p.ids or ()) for p in PROMPTS.prompts]


def test_the_first_two_thirds_are_read_before_the_whole_is_asked() -> None:
    script = Script()
    observation = observed(script)
    whole, first = generated(script)[-1], generated(script)[-2]
    assert first == {"input_ids": list(range(100, 126)), "sampling_params": {"max_new_tokens": 1, "temperature": 0}}
    assert (whole["input_ids"], whole["logprob_start_len"]) == (list(range(100, 140)), 26)
    cached = [record for record in observation.records if record.mode is Mode.CACHED]
    assert [(record.prompt, record.start, record.cached_tokens) for record in cached] == [
        ("length/60", 41, 40),
        ("length/40", 27, 26),
    ]


LONG = PromptSet(prompts=tuple(Prompt(name=f"length/{n}", ids=tuple(range(100, 100 + n))) for n in range(40, 50)))


def test_a_server_whose_cache_gives_nothing_is_asked_a_few_times() -> None:
    script = Script()
    script.caches = False
    observation = observed(script, prompts=LONG)
    assert modes(observation)[Mode.CACHED] == passes.COLD
    assert observation.notes[PREFIX_CACHE] == "no prompt came from a prefix cache"


def test_a_cache_that_gives_nothing_of_a_few_prompts_is_asked_on() -> None:
    class Paged(Script):
        def generate(self, body: Any) -> Answer:
            self.caches = len(body["input_ids"]) == 49
            return super().generate(body)

    assert modes(observed(Paged(), prompts=LONG))[Mode.CACHED] == 10


def test_a_server_that_says_it_keeps_no_cache_is_not_asked_for_it() -> None:
    script, ear = Script(), Ear()
    script.info = {"disable_radix_cache": True}
    observation = observed(script, ear)
    assert modes(observation)[Mode.CACHED] == 0
    assert observation.notes[PREFIX_CACHE] == KEEPS_NO_CACHE
    assert (ear.progress[0], ear.progress[-2]) == ((0, 8), (8, 8))


@pytest.mark.parametrize(("status", "tries"), [(400, 3), (404, 1)])
def test_a_cache_that_cannot_be_flushed_is_noted_and_not_tried_again(
    status: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "_FLUSH_PAUSES_S", (0.0, 0.0))
    script = Script()
    script.flush_status = status
    observation = observed(script)
    assert script.paths().count("/flush_cache?timeout=10") == tries
    assert observation.notes[FLUSH] == f"not done: /flush_cache answers with HTTP {status}"
    assert modes(observation)[Mode.ALONE] == 4


def test_a_flush_that_is_refused_while_the_server_is_busy_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy(Script):
        def _route(self, path: str, body: Any) -> Answer:
            self.flush_status = 400 if self.paths().count("/flush_cache?timeout=10") in (1, 3) else 200
            return super()._route(path, body)

    monkeypatch.setattr(passes, "_FLUSH_PAUSES_S", (0.0, 0.0))
    script = Busy()
    observation = observed(script, full=False)
    assert FLUSH not in observation.notes
    assert script.paths().count("/flush_cache?timeout=10") == 4 + 2
