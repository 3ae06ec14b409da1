"""What identifies a model's files and the engine that answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evals.spec import EngineSpec, ModelSpec
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


ENGINE = EngineSpec(kind="sglang")


@pytest.fixture
def model(tmp_path: Path) -> ModelSpec:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"w" * 100)
    return ModelSpec(path=str(tmp_path))


def test_a_changed_file_is_another_model(model: ModelSpec) -> None:
    before = model_digest(model)
    (Path(model.path) / "config.json").write_text('{"rope_theta": 1}')
    assert model_digest(model) != before


def test_large_weights_overwritten_in_place_are_another_model(model: ModelSpec) -> None:
    weights = Path(model.path) / "model.safetensors"
    weights.write_bytes(bytes(40 * 2**20))
    before = model_digest(model)
    weights.write_bytes(b"\x01" * 40 * 2**20)
    assert model_digest(model) != before


def test_a_hub_model_is_known_by_its_cached_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    named = ModelSpec(path="org/name")
    assert model_digest(named) is None
    reference = tmp_path / "models--org--name" / "refs" / "main"
    reference.parent.mkdir(parents=True)
    reference.write_text("abc123\n")
    assert model_digest(named) == "commit abc123"


def test_another_port_is_the_same_engine() -> None:
    moved = replace(SERVER, command=("python", "-m", "engine", "--port=2", "--dtype=float32"))
    assert not is_another(identity_facts(SERVER, ENGINE, "m"), identity_facts(moved, ENGINE, "m"))


def test_another_version_argument_or_model_is_another() -> None:
    before = identity_facts(SERVER, ENGINE, "m")
    assert is_another(before, identity_facts(replace(SERVER, versions={"sglang": "0.5.24"}), ENGINE, "m"))
    assert is_another(before, identity_facts(replace(SERVER, command=("python", "--dtype=bfloat16")), ENGINE, "m"))
    assert is_another(before, identity_facts(SERVER, ENGINE, "n"))


def test_edited_code_of_a_submission_is_another_engine(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("SCALE = 1")
    engine = replace(ENGINE, external_package=str(tmp_path))
    before = identity_facts(SERVER, engine, "m")
    (tmp_path / "model.py").write_text("SCALE = 2")
    assert is_another(before, identity_facts(SERVER, engine, "m"))


def test_a_first_attempt_has_nothing_to_differ_from() -> None:
    assert not is_another({}, identity_facts(SERVER, ENGINE, "m"))
