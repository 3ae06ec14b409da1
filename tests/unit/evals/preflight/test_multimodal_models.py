"""Each rule about models with images finds its fault in an otherwise good file, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.preflight.check import Preflight, check_model
from tests.unit.evals.preflight.sources import SEEING_MODEL, World, changed, rules

CONFIG = {"architectures": ["SeeingModel"], "model_type": "other", "vision_config": {"depth": 2}}
IMPORTS = "from torch import nn\n"
PROCESSOR = """
from my_models.core import SeeingModel
from sglang.srt.multimodal.processors.base_processor import BaseMultimodalProcessor


class Own(BaseMultimodalProcessor):
    models = [SeeingModel]
"""


def test_a_good_model_has_no_finding(world: World) -> None:
    assert rules(world.check(SEEING_MODEL, config=CONFIG)) == []


FAULTS = {
    "processor": ([("SeeingModel", "UnknownModel")], "error"),
    "pad-input-ids": ([("def pad_input_ids", "def pad_ids")], "error"),
    "features": ([("def get_image_feature", "def image_feature")], "error"),
    "vision-attention of torch": ([("VisionAttention()", "nn.MultiheadAttention(8, 2)")], "warning"),
    "vision-attention of transformers": (
        [("Tower()\n", "Seen(config)\n"), (IMPORTS, f"{IMPORTS}from transformers import SiglipVisionModel as Seen\n")],
        "warning",
    ),
    "vision-attention by hand": (
        [("self.attn = VisionAttention()", "(self.q @ self.k).softmax(-1).matmul(self.v)")],
        "warning",
    ),
    "vision-attention of another package": (
        [("VisionAttention()", "flash_attn_func(1)"), (IMPORTS, f"{IMPORTS}from flash_attn import flash_attn_func\n")],
        "warning",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, world: World) -> None:
    changes, severity = FAULTS[fault]
    assert rules(world.check(changed(SEEING_MODEL, *changes))) == [(severity, fault.partition(" ")[0])]


def test_a_config_with_audio_asks_for_its_feature(world: World) -> None:
    found = world.check(SEEING_MODEL, config=CONFIG | {"audio_config": {"depth": 2}})
    assert rules(found) == [("error", "features")]
    assert "get_audio_feature" in found.findings[0].message


def test_a_text_model_with_images_in_its_config_is_told_all_that_is_missing(world: World) -> None:
    text = (world.sglang / "srt" / "models" / "good.py").read_text()
    missing = {rule for _, rule in rules(world.check(text, config={"vision_config": {"depth": 1}}))}
    assert {"processor", "pad-input-ids", "features"} <= missing


def test_images_embedded_in_a_forward_of_its_own_are_a_warning(world: World) -> None:
    text = changed(
        SEEING_MODEL,
        ("def get_image_feature", "def image_feature"),
        ("general_mm_embed_routine(input_ids, forward_batch, self.language_model, self)", "forward_batch.mm_inputs"),
        ("from sglang.srt.managers.mm_utils import general_mm_embed_routine\n", ""),
    )
    assert rules(world.check(text)) == [("warning", "features")]


def test_a_draft_model_needs_no_eyes(world: World) -> None:
    text = changed(
        SEEING_MODEL, ("class SeeingModel", "class SeeingModelNextN"), ("[SeeingModel]", "[SeeingModelNextN]")
    )
    assert rules(world.check(text)) == []


@pytest.mark.parametrize("place", ["core", "processors", "sub/processing"])
def test_a_processor_may_come_along(place: str, world: World) -> None:
    text = changed(SEEING_MODEL, ("SeeingModel", "OwnModel"))
    own = PROCESSOR.replace("SeeingModel", "OwnModel")
    package = world.package(core=text)
    assert rules(check_model(package, sglang=world.sglang)) == [("error", "processor")]
    file = package / f"{place}.py"
    world.write(file.parent / "__init__.py", "")
    world.write(file, text + own.replace("from my_models.core import OwnModel\n", "") if place == "core" else own)
    assert rules(check_model(package, sglang=world.sglang)) == []


def test_a_processor_may_come_in_a_package_of_its_own(world: World) -> None:
    package = world.package(core=changed(SEEING_MODEL, ("SeeingModel", "OwnModel")))
    other = world.write(world.folder / "my_processors" / "own.py", PROCESSOR.replace("SeeingModel", "OwnModel")).parent
    assert rules(check_model(package, sglang=world.sglang, processors=other)) == []


TEMPLATES = {
    "chat_template.jinja": "{% for part in message.content %}<|image|>{% endfor %}",
    "chat_template.json": json.dumps({"chat_template": "<|vision_start|>"}),
    "tokenizer_config.json": json.dumps({"chat_template": [{"name": "default", "template": "<image>"}]}),
}


def templated(world: World, folder: Path, **config: object) -> Preflight:
    return world.check(SEEING_MODEL, config=CONFIG | config, folder=folder)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_with_a_place_for_images_is_enough(name: str, world: World, tmp_path: Path) -> None:
    world.write(tmp_path / "model" / name, TEMPLATES[name])
    assert rules(templated(world, tmp_path / "model")) == []


@pytest.mark.parametrize("text", [None, "{{ message.content }}"])
def test_a_template_without_one_is_told(text: str | None, world: World, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    if text is not None:
        world.write(tmp_path / "model" / "chat_template.jinja", text)
    found = templated(world, tmp_path / "model")
    assert rules(found) == [("error", "chat-template")]
    assert not found.pointless


def test_one_of_sglangs_conversations_is_enough(world: World, tmp_path: Path) -> None:
    for folder, config in (("model", {"model_type": "seeing"}), ("see-1", {})):
        (tmp_path / folder).mkdir()
        assert rules(templated(world, tmp_path / folder, **config)) == []
