"""Which environments count as installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.settings import Settings
from evals.errors import EngineNotInstalledError, InstallError
from evals.spec import EngineSpec
from workers.engines import install
from workers.engines.environments import MANIFEST, Manifest, environment_for, installed, read_manifest
from workers.engines.install import requirements_text
from workers.engines.pip import telling_line

SPEC = EngineSpec(kind="sglang")


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings()


@pytest.fixture
def folder(settings: Settings) -> Path:
    """An environment that lacks its manifest."""
    folder = settings.engines_dir / "sglang-cpu"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    return folder


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the only recipe there is."""
    monkeypatch.setattr(install, "REQUIREMENTS", tmp_path)
    return tmp_path / "sglang-cpu.txt"


def manifest() -> Manifest:
    return Manifest(
        engine="sglang", device="cpu", version="0.5.23", python="3.11.7", requirements_sha256="0" * 64,
        created_at="2026-01-01T00:00:00+00:00", size_bytes=1, versions={"torch": "2.13.0+cpu"}, options=("tp-size",),
    )  # fmt: skip


def test_an_engine_that_is_not_there_says_how_to_install_it(settings: Settings) -> None:
    with pytest.raises(EngineNotInstalledError, match="is not there") as caught:
        environment_for(SPEC, settings)
    assert "plumbline engines install sglang --device cpu" in caught.value.remedy


def test_an_environment_without_a_manifest_is_incomplete(settings: Settings, folder: Path) -> None:
    with pytest.raises(EngineNotInstalledError, match="is incomplete"):
        environment_for(SPEC, settings)
    assert installed(settings) == [(folder, None)]


def test_a_manifest_makes_an_environment(settings: Settings, folder: Path) -> None:
    manifest().write(folder)
    environment = environment_for(SPEC, settings)
    assert environment.interpreter == folder / "bin" / "python"
    assert environment.versions == {"torch": "2.13.0+cpu"}
    assert environment.options == {"tp-size"}
    assert read_manifest(folder) == manifest()


def test_an_environment_for_another_device_does_not_count(settings: Settings, folder: Path) -> None:
    manifest().write(folder)
    with pytest.raises(EngineNotInstalledError):
        environment_for(EngineSpec(kind="sglang", device="cuda", gpus=1), settings)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"engine": "sglang"}'])
def test_a_damaged_manifest_is_none(text: str, folder: Path) -> None:
    (folder / MANIFEST).write_text(text)
    assert read_manifest(folder) is None


def test_an_environment_whose_python_is_gone_is_incomplete(folder: Path) -> None:
    manifest().write(folder)
    (folder / "bin" / "python").unlink()
    assert read_manifest(folder) is None


def test_another_version_replaces_the_engines_own_pin_alone(recipe: Path) -> None:
    recipe.write_text("sglang-router==1.0\nsglang==0.5.23\ntorch==2.13.0\n")
    text = requirements_text("sglang", "cpu", "0.6.0")
    assert text == "sglang-router==1.0\nsglang==0.6.0\ntorch==2.13.0\n"


@pytest.mark.parametrize("version", ["0.6.0 --index-url http://x", "latest", "1\ntorch", "git+https://x"])
def test_a_version_is_a_version(version: str, recipe: Path) -> None:
    recipe.write_text("sglang==0.5.23\n")
    with pytest.raises(InstallError, match="no version"):
        requirements_text("sglang", "cpu", version)


def test_a_device_without_a_recipe_is_refused(recipe: Path) -> None:
    with pytest.raises(InstallError, match="no recipe for sglang on tpu"):
        requirements_text("sglang", "tpu")


def test_pips_telling_line_is_its_first_error() -> None:
    assert telling_line(["Collecting x", "ERROR: No matching distribution found for x", "[notice] update"]) == (
        "ERROR: No matching distribution found for x"
    )
    assert telling_line(["a", "Killed", ""]) == "Killed"
    assert telling_line([]) == "it said nothing"
