"""What identifies a model's files and the engine that answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evals.spec import ModelSpec
from workers.provenance import identity_facts, is_another, model_digest
from workers.server import Server

SERVER = Server(
    base_url="http://127.0.0.1:1",
    served_model="m",
    capabilities=frozenset(),
    started_at=1.0,
    ready_at=2.0,
    command=("python", "-m", "engine", "--port=1", "--dtype=float32"),
    versions={"sglang": "0.5.23"},
)


@pytest.fixture
def model(tmp_path: Path) -> ModelSpec:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"w" * 100)
    return ModelSpec(path=str(tmp_path))


def test_a_changed_file_is_another_model(model: ModelSpec) -> None:
    before = model_digest(model)
    (Path(model.path) / "config.json").write_text('{"rope_theta": 1}')
    assert model_digest(model) != before
    assert model_digest(ModelSpec(path="org/on-the-hub")) is None


def test_another_port_is_the_same_engine(model: ModelSpec) -> None:
    moved = replace(SERVER, command=("python", "-m", "engine", "--port=2", "--dtype=float32"))
    assert not is_another(identity_facts(SERVER, model), identity_facts(moved, model))


def test_another_version_argument_or_weight_is_another(model: ModelSpec) -> None:
    before = identity_facts(SERVER, model)
    assert is_another(before, identity_facts(replace(SERVER, versions={"sglang": "0.5.24"}), model))
    assert is_another(before, identity_facts(replace(SERVER, command=("python", "--dtype=bfloat16")), model))
    (Path(model.path) / "model.safetensors").write_bytes(b"v" * 100)
    assert is_another(before, identity_facts(SERVER, model))


def test_a_first_attempt_has_nothing_to_differ_from(model: ModelSpec) -> None:
    assert not is_another({}, identity_facts(SERVER, model))
