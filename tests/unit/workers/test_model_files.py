"""A model's folder is looked at before anything is started."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from evals.errors import ModelBrokenError, ModelNotFoundError
from evals.spec import ModelSpec
from workers.model_files import chat_template_facts, check_model_folder, known_folder, local_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny whole model: one tensor of four float32."""
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    write_weights(tmp_path / "model.safetensors")
    return tmp_path


def write_weights(path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))


def check(folder: Path) -> None:
    check_model_folder(ModelSpec(path=str(folder)))


def test_a_whole_model_passes(folder: Path) -> None:
    check(folder)


def test_a_hub_name_is_left_to_the_engine() -> None:
    assert local_folder(ModelSpec(path="Qwen/Qwen3-0.6B")) is None
    check_model_folder(ModelSpec(path="Qwen/Qwen3-0.6B"))


def test_a_missing_folder_is_not_found() -> None:
    with pytest.raises(ModelNotFoundError, match="no folder"):
        check_model_folder(ModelSpec(path="/nowhere/model"))


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        check(folder / "config.json")


def test_a_folder_without_a_config_is_no_model(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"no config\.json"):
        check(folder)


@pytest.mark.parametrize("text", ['{"architectures"', "[]", "", "\udcff"])
def test_a_config_that_is_no_json_object_is_broken(text: str, folder: Path) -> None:
    (folder / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ModelBrokenError, match=r"config\.json"):
        check(folder)


def test_a_folder_without_weights_is_unfinished(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="no weights"):
        check(folder)


@pytest.mark.parametrize("size", [0, 5, 40, 80])
def test_weights_cut_short_are_broken(size: int, folder: Path) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    assert size < len(whole)
    weights.write_bytes(whole[:size])
    with pytest.raises(ModelBrokenError, match=r"model\.safetensors"):
        check(folder)


def test_a_pointer_in_place_of_weights_is_broken(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(ModelBrokenError):
        check(folder)


@pytest.mark.parametrize("header", [b"{}x", b"[1]", b'{"w": 3}', b'{"w": {"data_offsets": []}}'])
def test_a_header_that_is_none_is_broken(header: bytes, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ModelBrokenError, match="header"):
        check(folder)


def test_a_missing_shard_is_named(folder: Path) -> None:
    index = {"weight_map": {"w": "model.safetensors", "v": "model-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelBrokenError, match=r"lacks 1 .*model-00002\.safetensors"):
        check(folder)


def test_a_hub_models_files_are_found_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model = ModelSpec(path="org/name")
    assert known_folder(model) is None
    (tmp_path / "models--org--name" / "refs").mkdir(parents=True)
    (tmp_path / "models--org--name" / "refs" / "main").write_text("abc\n")
    assert known_folder(model) is None
    snapshot = tmp_path / "models--org--name" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    assert known_folder(model) == known_folder(ModelSpec(path="org/name", revision="abc")) == snapshot
    assert known_folder(ModelSpec(path="org/name", revision="other")) is None
    assert known_folder(ModelSpec(path=str(tmp_path))) == tmp_path


def test_a_chat_template_is_found_where_transformers_finds_it(tmp_path: Path) -> None:
    model = ModelSpec(path=str(tmp_path))
    assert chat_template_facts(model) == {}
    assert chat_template_facts(ModelSpec(path="org/nowhere")) == {}
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "{{ a }}"}')
    first = chat_template_facts(model)
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "{{ b }}", "other": 1}')
    second = chat_template_facts(model)
    (tmp_path / "chat_template.jinja").write_text("{{ c }}")
    third = chat_template_facts(model)
    assert len({found["chat_template_sha256"] for found in (first, second, third)}) == 3
