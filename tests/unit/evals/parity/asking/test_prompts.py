"""The prompt set: what it covers, and that its token ids are those that transformers makes."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from evals.parity.asking.making import LENGTHS, LONGEST, SPARE
from evals.parity.asking.prompt import Prompt
from evals.parity.asking.prompts import PromptSet, messages_for_servers, prompt_set
from evals.parity.asking.texts import load_texts
from evals.parity.asking.texts.logbook import logbook
from evals.parity.settings import ParitySettings

DEMO = Path(__file__).resolve().parents[5] / "demo"
TEXT = ParitySettings()
IMAGES = ParitySettings(images=True)


@pytest.fixture(scope="module")
def llm() -> PromptSet:
    return prompt_set(TEXT, DEMO / "demo-llm")


@pytest.fixture(scope="module")
def vlm() -> PromptSet:
    return prompt_set(IMAGES, DEMO / "demo-vlm")


def named(prompts: PromptSet, name: str) -> Prompt:
    return next(prompt for prompt in prompts.prompts if prompt.name == name)


def copied(source: str, target: Path, **config: Any) -> Path:
    """Copy a demo model's small files with another config."""
    target.mkdir()
    for file in (DEMO / source).iterdir():
        if file.suffix != ".safetensors":
            shutil.copy(file, target)
    written = json.loads((target / "config.json").read_text()) | config
    (target / "config.json").write_text(json.dumps(written))
    return target


def test_the_set_covers_every_kind_of_prompt_in_about_fifteen_thousand_tokens(llm: PromptSet, vlm: PromptSet) -> None:
    groups = Counter(prompt.name.partition("/")[0] for prompt in vlm.prompts)
    assert groups == {
        "classic": 3, "language": 16, "code": 6, "digits": 5, "unicode": 8, "few-shot": 4, "length": 23, "chat": 7,
        "special": 4, "image": 8,
    }  # fmt: skip
    assert {prompt.name for prompt in llm.prompts} == {p.name for p in vlm.prompts if not p.name.startswith("image/")}
    assert len({prompt.name for prompt in vlm.prompts}) == len(vlm.prompts)
    assert 10_000 < sum(len(prompt.ids or ()) for prompt in llm.prompts) < 16_000
    assert llm.left_out == {}
    assert llm.is_resolved


def test_sglangs_three_prompts_are_quoted_letter_by_letter() -> None:
    assert list(load_texts()["classic"].values()) == [
        "The capital of France is",
        "The capital of the United Kindom is",
        "Today is a sunny day and I like",
    ]


def test_lengths_are_exact_and_end_where_the_context_does(llm: PromptSet) -> None:
    lengths = {prompt.name: len(prompt.ids or ()) for prompt in llm.prompts if prompt.name.startswith("length/")}
    longest = 4096 - TEXT.decode_tokens - SPARE
    assert lengths == {f"length/{n}": n for n in LENGTHS if n < longest} | {"length/longest": longest}
    assert {1, 2, 3, 63, 64, 65, 127, 128, 129} < set(lengths.values())


@pytest.mark.parametrize(("context", "longest", "most"), [(131_072, LONGEST, 8193), (600, 560, 513), (50, 10, 8)])
def test_other_contexts_have_other_longest_prompts(context: int, longest: int, most: int, tmp_path: Path) -> None:
    prompts = prompt_set(TEXT, copied("demo-llm", tmp_path / "m", max_position_embeddings=context))
    lengths = [len(prompt.ids or ()) for prompt in prompts.prompts if prompt.name.startswith("length/")]
    assert (max(lengths), sorted(lengths)[-2]) == (longest, most)


def test_length_prompts_are_not_beginnings_of_one_another(llm: PromptSet) -> None:
    long = [ids for prompt in llm.prompts if prompt.name.startswith("length/") and len(ids := prompt.ids or ()) > 32]
    assert len({ids[:32] for ids in long}) == len(long)


def test_ids_are_what_transformers_makes_of_texts_and_conversations(vlm: PromptSet) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(DEMO / "demo-vlm")
    texts, chats = 0, 0
    for prompt in vlm.prompts:
        if prompt.pictures:
            rendered = tokenizer.apply_chat_template(
                list(prompt.messages or ()), tokenize=False, add_generation_prompt=True
            )
            assert prompt.text == rendered
        elif prompt.messages is not None:
            ids = tokenizer.apply_chat_template(list(prompt.messages), add_generation_prompt=True)["input_ids"]
            assert (prompt.name, prompt.ids) == (prompt.name, tuple(ids))
            chats += 1
        elif prompt.text is not None:
            assert (prompt.name, prompt.ids) == (prompt.name, tuple(tokenizer.encode(prompt.text)))
            texts += 1
    assert (texts, chats) == (42, 7)


def test_special_tokens_are_there_by_id_and_none_that_belongs_to_a_picture(vlm: PromptSet) -> None:
    assert {0, 1, 2} <= set(named(vlm, "special/between-words").ids or ())
    assert set(range(1020, 1024)) < set(named(vlm, "special/last-ids").ids or ())
    assert len(set(named(vlm, "special/random-ids").ids or ())) > 80
    for prompt in vlm.prompts:
        assert not {3, 4, 5, 6} & set(prompt.ids or ()), prompt.name


def test_pictures_stand_in_their_places_and_come_as_data_urls(vlm: PromptSet) -> None:
    two = named(vlm, "image/two")
    mark = "<|vision_start|><|image_pad|><|vision_end|>"
    assert f"The first: {mark} and the second: {mark} Which one" in (two.text or "")
    content = messages_for_servers(two)[0]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "text", "image_url", "text"]
    assert [part["image_url"]["url"] for part in content[1::2]] == [picture.data_url() for picture in two.pictures]
    assert named(vlm, "image/twice").pixels[0] == named(vlm, "image/twice").pixels[1]
    assert vlm.image_token == 5


def test_a_model_of_text_alone_is_asked_no_pictures(tmp_path: Path) -> None:
    prompts = prompt_set(IMAGES, DEMO / "demo-llm")
    assert prompts.left_out["image/tiny"] == "the model takes no images"
    for name, config in (("a", {"vision_config": {}}), ("b", {"img_context_token_id": 7})):
        foreign = prompt_set(IMAGES, copied("demo-llm", tmp_path / name, **config))
        assert foreign.left_out["image/tiny"].startswith("the image token is not known")
    folder = copied("demo-vlm", tmp_path / "m")
    for file in folder.glob("chat_template.*"):
        file.unlink()
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": "{{ messages[0]['role'] }}"}))
    assert (
        prompt_set(IMAGES, folder).left_out["image/tiny"] == "the chat template refuses it: it has no place for images"
    )


def test_a_template_that_refuses_a_conversation_leaves_that_one_out(tmp_path: Path) -> None:
    folder = copied("demo-llm", tmp_path / "m")
    (folder / "chat_template.jinja").write_text(
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{{ messages[0].content }}"
    )
    prompts = prompt_set(TEXT, folder)
    assert prompts.left_out == {
        f"chat/{name}": "the chat template refuses it: no system role"
        for name in ("with-system", "several-turns", "long-system")
    }
    assert named(prompts, "chat/one-question").ids is not None


def test_without_a_chat_template_conversations_are_left_out(tmp_path: Path) -> None:
    folder = copied("demo-llm", tmp_path / "m")
    (folder / "chat_template.jinja").unlink()
    (folder / "tokenizer_config.json").write_text("{}")
    assert set(prompt_set(TEXT, folder).left_out.values()) == {"the model has no chat template"}


def test_without_a_folder_ids_stay_open_and_what_needs_it_is_left_out() -> None:
    prompts = prompt_set(IMAGES, None)
    assert not prompts.is_resolved
    assert {name.partition("/")[0] for name in prompts.left_out} == {"special", "image"}
    assert named(prompts, "length/8193").length == 8193
    assert named(prompts, "chat/one-question").ids is None


def test_a_tokenizer_that_makes_one_token_of_any_text_leaves_lengths_out(tmp_path: Path) -> None:
    folder = copied("demo-llm", tmp_path / "m")
    model = {"type": "BPE", "vocab": {"?": 0, "~": 1}, "merges": [], "unk_token": "?", "fuse_unk": True}
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", "added_tokens": [], "model": model}))
    prompts = prompt_set(TEXT, folder)
    assert "too few tokens" in prompts.left_out["length/longest"]
    assert prompts.vocabulary_size == 1024


def test_the_digest_changes_with_what_is_asked_and_with_nothing_else(vlm: PromptSet, llm: PromptSet) -> None:
    assert prompt_set(IMAGES, DEMO / "demo-vlm").digest() == vlm.digest()
    assert prompt_set(TEXT, DEMO / "demo-vlm").digest() != vlm.digest()
    assert prompt_set(ParitySettings(decode_tokens=16), DEMO / "demo-llm").digest() != llm.digest()
    last = vlm.prompts[-1]
    assert replace(vlm, prompts=(*vlm.prompts[:-1], replace(last, pixels=("x",)))).digest() != vlm.digest()
    recompressed = tuple(replace(picture, data=b"other bytes") for picture in last.pictures)
    assert replace(vlm, prompts=(*vlm.prompts[:-1], replace(last, pictures=recompressed))).digest() == vlm.digest()


def test_a_logbook_is_long_enough_always_the_same_and_another_in_each_volume() -> None:
    assert len(logbook(500, volume=3)) >= 500
    assert logbook(500, volume=3) == logbook(500, volume=3) != logbook(500, volume=4)
    assert logbook(5000, volume=3).startswith(logbook(500, volume=3))
