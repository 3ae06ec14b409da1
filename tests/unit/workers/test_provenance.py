"""What identifies a model's files and the engine that answers."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from db.settings import Settings
from evals.spec import EngineSpec, ModelSpec
from workers.engines.environments import Manifest, folder_of
from workers.provenance import facts_of, is_another, known_facts, model_digest
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
def settings(tmp_path: Path) -> Settings:
    """Settings of a home with an engine environment in which nothing but its files is real."""
    settings = Settings(home=tmp_path / "home")
    install(settings, version="0.5.23")
    return settings


def package(settings: Settings) -> Path:
    return folder_of("sglang", "cpu", settings) / "lib" / "python3.11" / "site-packages" / "sglang"


def install(settings: Settings, *, version: str) -> None:
    folder = folder_of("sglang", "cpu", settings)
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "python").touch()
    package(settings).mkdir(parents=True, exist_ok=True)
    (package(settings) / "kernel.py").write_text("SCALE = 1")
    Manifest(
        engine="sglang", device="cpu", version=version, python="3.11", requirements_sha256="0", created_at="now",
        size_bytes=1, versions={"sglang": version},
    ).write(folder)  # fmt: skip


@pytest.fixture
def model(tmp_path: Path) -> ModelSpec:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"w" * 100)
    return ModelSpec(path=str(folder))


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


def facts(settings: Settings, model: ModelSpec, **engine: Any) -> dict[str, Any]:
    found = known_facts(EngineSpec(**{"kind": "sglang", **engine}), model, settings)
    assert found is not None
    return found


def launched(settings: Settings, model: ModelSpec, port: int = 1) -> dict[str, Any]:
    command = (*facts(settings, model)["command"], f"--port={port}")
    return facts_of(replace(SERVER, command=command), EngineSpec(kind="sglang"), model, settings)


def test_a_launched_engine_is_the_one_that_was_expected_on_any_port(settings: Settings, model: ModelSpec) -> None:
    assert not is_another(facts(settings, model), launched(settings, model, 1))
    assert not is_another(launched(settings, model, 1), launched(settings, model, 2))


def test_another_version_argument_or_model_is_another(settings: Settings, model: ModelSpec) -> None:
    before = facts(settings, model)
    assert is_another(before, facts(settings, model, dtype="bfloat16"))
    assert is_another(before, facts(settings, model, args={"page-size": 16}))
    (Path(model.path) / "config.json").write_text('{"rope_theta": 1}')
    assert is_another(before, facts(settings, model))
    install(settings, version="0.5.24")
    assert facts(settings, model)["versions"] == {"sglang": "0.5.24"}


def test_an_engine_edited_in_place_is_another(settings: Settings, model: ModelSpec) -> None:
    before = facts(settings, model)
    (package(settings) / "kernel.py").write_text("SCALE = 2")
    assert is_another(before, facts(settings, model))


def test_weights_touched_in_place_are_not_trusted_to_be_the_same(settings: Settings, model: ModelSpec) -> None:
    before = facts(settings, model)
    os.utime(Path(model.path) / "model.safetensors", (1, 1))
    after = facts(settings, model)
    assert before["files_as_of"] != after["files_as_of"]
    assert not is_another(before, after)


def test_edited_code_of_a_submission_is_another_engine(settings: Settings, model: ModelSpec, tmp_path: Path) -> None:
    code = tmp_path / "code" / "wrapped"
    code.mkdir(parents=True)
    (code / "__init__.py").write_text("EntryClass = 1")
    allowed = settings.model_copy(update={"external_code_roots": str(tmp_path / "code")})
    before = facts(allowed, model, external_package=str(code))
    (code / "__init__.py").write_text("EntryClass = 2")
    assert is_another(before, facts(allowed, model, external_package=str(code)))


def test_a_remote_engine_and_a_branch_that_is_not_cached_are_known_by_nobody(
    settings: Settings, model: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert known_facts(EngineSpec(kind="remote", base_url="http://x/"), model, settings) is None
    assert known_facts(EngineSpec(kind="sglang"), ModelSpec(path="org/name", revision="main"), settings) is None
    assert known_facts(EngineSpec(kind="sglang"), ModelSpec(path="org/name", revision="a" * 40), settings) is not None


def test_a_first_attempt_has_nothing_to_differ_from(settings: Settings, model: ModelSpec) -> None:
    assert not is_another({}, facts(settings, model))
