"""Inputs: as long as they should be, alike where they should be, and in the form that the endpoint takes."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.accuracy.datasets import DEMO_DATA
from evals.errors import DatasetError, ModelNotFoundError
from evals.serving.conversations import read_conversations
from evals.serving.lengths import fixed
from evals.serving.load import Endpoint, Load
from evals.serving.messages import message, payload
from evals.serving.planning import plan
from evals.serving.prompts import Prompts
from evals.serving.vocabulary import count_tokens, vocabulary
from tests.unit.evals.serving.test_planning import MOONCAKE

MODEL = DEMO_DATA.parent / "demo-llm"
LOAD = Load(base_url="http://host:1/gate", requests=6, concurrency=1, input_len=fixed(40), output_len=fixed(7))


def drawn(load: Load, tokenizer: Path | None = None) -> list[list[int]]:
    prompts = Prompts(load, vocabulary(tokenizer))
    return [prompts.ids(one) for one in plan(load)]


def common(one: list[int], other: list[int]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def test_inputs_have_their_length_and_nothing_in_common() -> None:
    inputs = drawn(LOAD)
    assert {len(ids) for ids in inputs} == {40}
    assert all(common(inputs[0], ids) < 3 for ids in inputs[1:])


def test_the_same_seed_draws_the_same_inputs() -> None:
    assert drawn(LOAD) == drawn(LOAD)
    assert drawn(LOAD) != drawn(replace(LOAD, seed=2))
    assert drawn(replace(LOAD, requests=3)) == drawn(LOAD)[:3]


def test_groups_share_their_prefix_and_only_that() -> None:
    inputs = drawn(replace(LOAD, shared_prefix_len=25, prefix_groups=2))
    assert {len(ids) for ids in inputs} == {40}
    assert 25 <= common(inputs[0], inputs[2]) < 28
    assert 25 <= common(inputs[1], inputs[3]) < 28
    assert common(inputs[0], inputs[1]) < 3


def test_blocks_of_a_trace_become_shared_prefixes(tmp_path: Path) -> None:
    load = replace(LOAD, requests=60, trace=MOONCAKE, concurrency=None)
    inputs = drawn(load)
    assert [len(ids) for ids in inputs] == [row.input_len for row in plan(load)]
    assert 512 <= common(inputs[0], inputs[1]) < 515  # they name one block alike
    turns = tmp_path / "turns.jsonl"
    lengths = {1400: [7, 8, 9], 1900: [7, 8, 10, 11], 1300: [7, 8, 9], 600: [8, 7]}
    row = {"timestamp": 0, "output_length": 1}
    turns.write_text("\n".join(json.dumps(row | {"input_length": n, "hash_ids": ids}) for n, ids in lengths.items()))
    inputs = drawn(replace(load, trace=turns))
    assert [len(ids) for ids in inputs] == list(lengths)
    assert 1024 <= common(inputs[0], inputs[1]) < 1027
    assert inputs[2] == inputs[0][:1300]
    assert inputs[3][:512] == inputs[0][512:1024]
    alone = replace(load, trace=turns)  # as another process draws it, which does not see the others
    assert Prompts(alone, vocabulary(None)).ids(plan(alone)[3]) == inputs[3]


def test_ids_are_those_of_the_tokenizer_without_its_special_ones() -> None:
    said = json.loads((MODEL / "tokenizer.json").read_text())
    special = {entry["id"] for entry in said["added_tokens"]}
    ids = {one for ids in drawn(replace(LOAD, requests=200), MODEL) for one in ids}
    assert ids <= set(said["model"]["vocab"].values()) - special
    assert len(ids) > 0.9 * (len(said["model"]["vocab"]) - len(special))


def test_texts_of_a_tokenizer_have_about_their_length() -> None:
    load = replace(LOAD, tokenizer=MODEL)
    prompts = Prompts(load, vocabulary(MODEL))
    for one in plan(load):
        assert count_tokens(MODEL, prompts.text(one)) == pytest.approx(40, abs=4)


def test_a_folder_without_a_tokenizer_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"tokenizer\.json"):
        vocabulary(tmp_path)


def body(load: Load) -> dict[str, Any]:
    return payload(load, plan(load)[0], Prompts(load, vocabulary(None)))


def test_the_native_endpoint_gets_ids_and_a_forced_length() -> None:
    said = body(LOAD)
    assert len(said["input_ids"]) == 40
    assert said["sampling_params"] == {"max_new_tokens": 7, "temperature": 0, "ignore_eos": True}
    assert said["stream"] is True


def test_openai_endpoints_get_text_and_are_asked_for_counts() -> None:
    said = body(replace(LOAD, endpoint=Endpoint.COMPLETIONS, model="m"))
    assert len(said["prompt"].split()) == 40
    assert (said["model"], said["max_tokens"], said["ignore_eos"]) == ("m", 7, True)
    assert said["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}


@pytest.mark.parametrize("endpoint", Endpoint)
def test_what_a_server_does_not_take_is_left_out(endpoint: Endpoint) -> None:
    text = json.dumps(body(replace(LOAD, endpoint=endpoint, force_lengths=False, count_events=False)))
    assert "ignore_eos" not in text
    assert "continuous" not in text


def test_chats_show_pictures_that_can_be_opened_and_are_never_the_same() -> None:
    from PIL import Image

    load = replace(LOAD, endpoint=Endpoint.CHAT, pictures=2, picture_px=20)
    content = body(load)["messages"][0]["content"]
    urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    assert len(set(urls)) == 2
    with Image.open(io.BytesIO(base64.b64decode(urls[0].partition(",")[2]))) as picture:
        assert picture.convert("RGB").size == (20, 20)
        assert len(set(picture.convert("RGB").tobytes())) > 200
    assert len(content[-1]["text"].split()) == 40


def test_a_message_is_http_with_the_key_and_the_index() -> None:
    load = replace(LOAD, api_key="secret")
    head, _, rest = message(load, plan(load)[3], Prompts(load, vocabulary(None))).partition(b"\r\n\r\n")
    fields = head.decode().split("\r\n")
    assert fields[0] == "POST /gate/generate HTTP/1.1"
    assert {"Host: host:1", "x-request-id: 3", "Authorization: Bearer secret"} <= set(fields)
    assert f"Content-Length: {len(rest)}" in fields
    assert "secret" not in repr(load)


CONVERSATIONS = [
    {"conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "one two"}]},
    {"conversations": [{"from": "gpt", "value": "a reply without a question"}]},
    {"messages": [{"role": "user", "content": "three"}, {"role": "assistant", "content": "four five six"}]},
]


@pytest.mark.parametrize("lines", [False, True])
def test_questions_of_conversations_are_asked_in_turn(tmp_path: Path, lines: bool) -> None:
    file = tmp_path / "talk.json"
    file.write_text("\n".join(map(json.dumps, CONVERSATIONS)) if lines else json.dumps(CONVERSATIONS))
    turns = read_conversations(file, MODEL, 3)
    assert [turn.text for turn in turns] == ["one two", "three", "one two"]
    assert turns[1].reply_tokens == count_tokens(MODEL, "four five six")
    assert turns[0].reply_tokens is None
    load = replace(LOAD, conversations=file, tokenizer=MODEL, requests=2)
    assert [(one.text, one.output_len) for one in plan(load)] == [("one two", 7), ("three", turns[1].reply_tokens)]
    assert payload(load, plan(load)[0], Prompts(load, vocabulary(None)))["text"] == "one two"


@pytest.mark.parametrize("text", ["", "[]", "{", "[1]", '[{"conversations": []}]'])
def test_a_file_without_a_question_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "talk.json"
    file.write_text(text)
    with pytest.raises(DatasetError, match="no conversation"):
        read_conversations(file, None, 1)
