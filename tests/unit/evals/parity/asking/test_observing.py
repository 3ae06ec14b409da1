"""How one server is asked: in which modes, with how full a cache, and what is noted of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evals.parity.asking.observing import resolve
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet, prompt_set
from evals.parity.records import CHUNK, RUNNING, SERVED_DTYPE, Form, Mode, Record, Tokenized
from tests.unit.evals.parity.asking.observing_world import MESSAGES, PROMPTS, SETTINGS, Ear, generated, modes, observed
from tests.unit.evals.parity.asking.scripted_server import Script, client_for, serving


def test_a_candidate_is_asked_in_all_modes_and_the_others_alone() -> None:
    script, ear = Script(), Ear()
    full = observed(script, ear)
    assert modes(full) == {Mode.ALONE: 4, Mode.TOGETHER: 4, Mode.CACHED: 2}
    assert [heard for heard in ear.heard if isinstance(heard, Record)] == list(full.records)
    assert (ear.progress[0], ear.progress[-1]) == ((0, 10), (10, 10))
    assert modes(observed(Script(), full=False)) == {Mode.ALONE: 4}
    assert modes(observed(Script(), settings=replace(SETTINGS, self_checks=False))) == {Mode.ALONE: 4}


def test_together_means_at_once_but_no_more_than_a_server_can_be_asked() -> None:
    script = Script()
    script.delay_s = 0.2
    many = PromptSet(prompts=tuple(Prompt(name=f"length/{n}", ids=(n, n + 1)) for n in range(1, 101)))
    known = observed(Script(), prompts=many, full=False)
    observed(script, prompts=many, known=known)
    assert 16 < script.most_at_once <= 64


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


def test_texts_and_conversations_are_put_to_the_servers_own_tokenizer() -> None:
    script = Script()
    observation = observed(script, full=False)
    assert script.bodies("/tokenize") == [{"prompt": "ab"}, {"messages": list(MESSAGES)}]
    assert observation.tokenized == (
        Tokenized(prompt="classic/a", form=Form.TEXT, token_ids=(97, 98)),
        Tokenized(prompt="chat/b", form=Form.CHAT, token_ids=tuple(b"chat")),
    )


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
