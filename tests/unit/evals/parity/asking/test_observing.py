"""How one server is asked: modes, what is left out, what is not asked again, and servers that lack something."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from evals.errors import CancelledError, RequestRefusedError
from evals.parity.asking import passes
from evals.parity.asking.observing import ParityListener, observe, resolve
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet, prompt_set
from evals.parity.records import (
    CHUNK,
    FLUSH,
    KEEPS_NO_CACHE,
    PREFIX_CACHE,
    RUNNING,
    SERVED_DTYPE,
    Form,
    Mode,
    Observation,
    Record,
    Tokenized,
)
from evals.parity.settings import ParitySettings
from tests.unit.evals.parity.asking.scripted_server import Answer, Script, client_for, serving

SETTINGS = ParitySettings(top_k=2, compared_k=1, decode_tokens=2)
MESSAGES = ({"role": "user", "content": "hi"},)
PROMPTS = PromptSet(
    prompts=(
        Prompt(name="classic/a", ids=(97, 98), text="ab"),
        Prompt(name="chat/b", ids=(5, 6, 7), messages=MESSAGES),
        Prompt(name="length/40", ids=tuple(range(100, 140))),
        Prompt(name="length/60", ids=tuple(range(100, 160))),
    ),
    left_out={"chat/z": "the chat template refuses it"},
)


class Ear:
    """Remember what a listener hears."""

    def __init__(self) -> None:
        self.heard: list[Record | Tokenized] = []
        self.progress: list[tuple[int, int]] = []

    def listener(self, check: Any = lambda: None) -> ParityListener:
        return ParityListener(
            on_record=self.heard.append,
            on_progress=lambda done, total: self.progress.append((done, total)),
            check=check,
        )


def observed(script: Script, ear: Ear | None = None, **changes: Any) -> Observation:
    arguments: dict[str, Any] = {"full": True, "known": None, "hear": (ear or Ear()).listener()}
    with serving(script) as url:
        prompts, settings = changes.pop("prompts", PROMPTS), changes.pop("settings", SETTINGS)
        return observe(prompts, settings, connect=lambda: client_for(url), **(arguments | changes))


def modes(observation: Observation) -> Counter[Mode]:
    return Counter(record.mode for record in observation.records)


def generated(script: Script) -> list[dict[str, Any]]:
    return script.bodies("/generate")


def test_a_candidate_is_asked_in_all_modes_and_the_others_alone() -> None:
    script, ear = Script(), Ear()
    full = observed(script, ear)
    assert modes(full) == {Mode.ALONE: 4, Mode.TOGETHER: 4, Mode.CACHED: 2}
    assert [heard for heard in ear.heard if isinstance(heard, Record)] == list(full.records)
    assert (ear.progress[0], ear.progress[-1]) == ((0, 10), (10, 10))
    assert modes(observed(Script(), full=False)) == {Mode.ALONE: 4}
    assert modes(observed(Script(), settings=replace(SETTINGS, self_checks=False))) == {Mode.ALONE: 4}


def test_prompts_are_asked_one_by_one_each_with_an_empty_cache() -> None:
    script = Script()
    script.delay_s = 0.02
    observed(script, full=False)
    asked = [path.partition("?")[0] for path in script.paths() if path.startswith(("/flush", "/generate"))]
    assert asked == ["/flush_cache", "/generate"] * 4
    assert script.most_at_once == 1
    assert [body["input_ids"] for body in generated(script)] == [list(p.ids or ()) for p in PROMPTS.prompts]


def test_together_means_at_once_but_no_more_than_a_server_can_be_asked() -> None:
    script = Script()
    script.delay_s = 0.2
    many = PromptSet(prompts=tuple(Prompt(name=f"length/{n}", ids=(n, n + 1)) for n in range(1, 101)))
    known = observed(Script(), prompts=many, full=False)
    observed(script, prompts=many, known=known)
    assert 16 < script.most_at_once <= 64


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


@pytest.mark.parametrize(
    ("info", "limits"),
    [
        ({}, {}),
        ({"chunked_prefill_size": 128, "max_running_requests": 9}, {CHUNK: 128, RUNNING: 9}),
        ({"chunked_prefill_size": -1, "max_running_requests": None,
          "internal_states": [{"effective_max_running_requests_per_dp": 1}]}, {CHUNK: -1, RUNNING: 1}),
        ({"max_batch_size": 32}, {RUNNING: 32}),
    ],
)  # fmt: skip
def test_the_numbers_that_are_judged_are_kept(info: dict[str, Any], limits: dict[str, int]) -> None:
    script = Script()
    script.info = info
    assert observed(script, full=False).limits == limits


def test_no_more_likely_tokens_are_asked_for_than_the_vocabulary_has() -> None:
    script = Script()
    few = replace(PROMPTS, vocabulary_size=1)
    observation = observed(script, prompts=few, full=False)
    assert {body["top_logprobs_num"] for body in generated(script)} == {1}
    assert observation.facts["top_k"] == "1"


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


def test_the_dtype_is_noted_as_the_server_says_it() -> None:
    assert observed(Script(), full=False).notes[SERVED_DTYPE] == "float32"
    script = Script()
    script.dtype = "auto"
    assert SERVED_DTYPE not in observed(script, full=False).notes


def test_facts_decide_comparability_and_notes_say_what_the_server_has_room_for() -> None:
    observation = observed(Script(), full=False)
    assert observation.facts == {"prompts_sha256": PROMPTS.digest(), "top_k": "2", "decode_tokens": "2"}
    assert observation.notes["context"] == "4,096 tokens"
    assert observation.notes["room for keys and values"] == "16,384 tokens"


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"context": 50}, "no room for it: its 60 tokens and 2 decoded ones are more than the context of 50 tokens"),
        (
            {"pool": 62},
            "no room for it: its 60 tokens and 2 decoded ones are more than the server's room for keys and values of "
            "62 tokens",
        ),
    ],
)
def test_what_a_server_has_no_room_for_is_left_out_with_the_reason(limit: dict[str, int], reason: str) -> None:
    script = Script()
    for name, value in limit.items():
        setattr(script, name, value)
    observation = observed(script, full=False)
    assert dict(observation.left_out) == {"chat/z": "the chat template refuses it", "length/60": reason}
    assert {record.prompt for record in observation.records} == {"classic/a", "chat/b", "length/40"}


def test_texts_and_conversations_are_put_to_the_servers_own_tokenizer() -> None:
    script = Script()
    observation = observed(script, full=False)
    assert script.bodies("/tokenize") == [{"prompt": "ab"}, {"messages": list(MESSAGES)}]
    assert observation.tokenized == (
        Tokenized(prompt="classic/a", form=Form.TEXT, token_ids=(97, 98)),
        Tokenized(prompt="chat/b", form=Form.CHAT, token_ids=tuple(b"chat")),
    )


@pytest.mark.parametrize("answer", [(404, "nothing here"), (400, "messages are unknown"), (200, {"tokens": None})])
def test_a_server_that_does_not_tell_its_tokens_leaves_them_open(answer: Answer) -> None:
    class Silent(Script):
        def tokenize(self, body: Any) -> Answer:
            return answer

    assert {one.token_ids for one in observed(Silent(), full=False).tokenized} == {None}


def test_what_is_known_is_not_asked_again() -> None:
    whole = observed(Script())
    script, ear = Script(), Ear()
    part = replace(whole, records=whole.records[:9], tokenized=whole.tokenized[:1], facts={})
    again = observed(script, ear, known=part)
    assert sorted(map(repr, again.records)) == sorted(map(repr, whole.records))
    assert len(script.bodies("/tokenize")) == 1
    assert ear.progress[0] == (0, 1)
    assert [heard for heard in ear.heard if isinstance(heard, Record)] == list(again.records[9:])
    assert set(again.tokenized) == set(whole.tokenized)


def test_all_are_asked_together_again_after_an_interruption_and_after_a_second_one() -> None:
    whole = observed(Script())
    part = replace(whole, records=whole.records[:7], facts={})
    script, ear = Script(), Ear()
    script.delay_s = 0.1
    again = observed(script, ear, known=part)
    assert script.most_at_once == 4
    assert ear.progress[0] == (0, 4 + 2)
    assert len(batches(again)) == 1
    assert batches(again) != batches(whole)
    # What a second interruption leaves: some prompts of its own pass, the others of the one before.
    mixed = {(record.prompt, record.mode): record for record in (*whole.records, *again.records[4:6])}
    third = observed(Script(), known=replace(whole, records=tuple(mixed.values()), facts={}))
    assert len(batches(third)) == 1
    assert modes(third) == modes(whole)


def batches(observation: Observation) -> set[str]:
    """Return the names of the passes in which prompts were asked together."""
    return {record.batch for record in observation.records if record.mode is Mode.TOGETHER}


def test_what_was_heard_of_other_prompts_is_asked_anew() -> None:
    whole = observed(Script())
    script = Script()
    observed(script, known=replace(whole, facts={**whole.facts, "prompts_sha256": "other"}))
    assert len(generated(script)) == 12


class Refusing(Script):
    """Refuse long prompts."""

    status = 400

    def generate(self, body: Any) -> Answer:
        return (self.status, "too long") if len(body["input_ids"]) == 60 else super().generate(body)


def test_a_prompt_that_the_server_refuses_is_left_out_and_the_others_are_asked() -> None:
    observation = observed(Refusing())
    assert "refused by the server" in observation.left_out["length/60"]
    assert "too long" in observation.left_out["length/60"]
    assert modes(observation) == {Mode.ALONE: 3, Mode.TOGETHER: 3, Mode.CACHED: 1}


def test_a_server_that_refuses_everything_is_an_error_with_its_words() -> None:
    class Closed(Script):
        def generate(self, body: Any) -> Answer:
            return 400, "out of order"

    with pytest.raises(RequestRefusedError, match="no parity prompt could be asked"):
        observed(Closed())


def test_a_server_without_the_native_protocol_is_told_so() -> None:
    script = Refusing()
    script.status = 404
    with pytest.raises(RequestRefusedError, match="no /generate") as caught:
        observed(script)
    assert "SGLang" in caught.value.remedy


def test_a_faulty_answer_names_the_prompt() -> None:
    class Short(Script):
        def generate(self, body: Any) -> Answer:
            status, answer = super().generate(body)
            answer["meta_info"]["input_token_logprobs"].pop()
            return status, answer

    with pytest.raises(RequestRefusedError, match="classic/a has 1 of the prompt's tokens instead of 2"):
        observed(Short())


def test_the_check_stops_everything_by_raising() -> None:
    script = Script()
    script.delay_s = 0.1
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise CancelledError("stop", remedy="")

    with pytest.raises(CancelledError):
        observed(script, hear=Ear().listener(check))
    assert len(generated(script)) < 6


def test_open_ids_are_asked_of_the_server_and_cut_to_their_length() -> None:
    open_set = PromptSet(
        prompts=(
            Prompt(name="classic/a", text="abc"),
            Prompt(name="length/2", text="abc", length=2),
            Prompt(name="length/9", text="abc", length=9),
            Prompt(name="chat/b", messages=MESSAGES),
        )
    )
    with serving(Script()) as url:
        resolved = resolve(open_set, lambda: client_for(url))
    assert {prompt.name: prompt.ids for prompt in resolved.prompts} == {
        "classic/a": (97, 98, 99),
        "length/2": (97, 98),
        "chat/b": tuple(b"chat"),
    }
    assert "does not tell its tokens" in resolved.left_out["length/9"]
    assert resolved.is_resolved


def test_a_set_without_a_folder_is_asked_by_the_servers_own_tokens() -> None:
    observation = observed(Script(), prompts=prompt_set(SETTINGS, None), full=False)
    names = {record.prompt for record in observation.records}
    assert {"length/1", "length/2049", "classic/france", "chat/one-question"} < names
    by_name = {record.prompt: record for record in observation.records}
    assert by_name["classic/france"].prompt_ids == tuple(b"The capital of France is")
    assert len(by_name["length/64"].prompt_ids) == 64
