"""Environments are built by real pip, here from small wheels made on the spot."""

from __future__ import annotations

import fcntl
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.engines import app
from db.settings import Settings, settings
from evals.errors import EngineNotInstalledError, InstallError
from evals.spec import EngineSpec
from workers.engines import install as installing
from workers.engines.environments import MANIFEST, environment_for, installed
from workers.engines.install import install, remove

LAUNCH = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--tp-size", "--tensor-parallel-size")
parser.parse_args()
"""
SPEC = EngineSpec(kind="sglang")


def make_wheel(
    folder: Path, name: str, files: dict[str, str], version: str = "1.0", requires: Sequence[str] = ()
) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        head = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        needs = [f"Requires-Dist: {requirement}" for requirement in requires]
        wheel.writestr(f"{info}/METADATA", "\n".join([*head, *needs, ""]))
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def recipes(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of recipes for engines that are nearly nothing."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("torch", "transformers"):
        make_wheel(wheels, name, {f"{name}/__init__.py": ""})
    sglang = {"sglang/__init__.py": "", "sglang/launch_server.py": LAUNCH, "sglang/srt/__init__.py": ""}
    make_wheel(wheels, "sglang", sglang | {"sglang/srt/server_args.py": ""})
    make_wheel(wheels, "sglang", sglang | {"sglang/srt/server_args.py": ""}, version="2.0")
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    sources = f"--no-index\n--find-links {wheels}\n"
    (recipes / "sglang-cpu.txt").write_text(sources + "sglang==1.0\ntorch==1.0\ntransformers==1.0\n")
    monkeypatch.setattr(installing, "REQUIREMENTS", recipes)
    return recipes


def build(version: str | None = None) -> list[str]:
    """Install the engine; return what was said."""
    said: list[str] = []
    install("sglang", "cpu", settings=Settings(), version=version, say=said.append)
    return said


def test_an_engine_is_installed_once_and_then_left_alone(recipes: Path) -> None:
    said = build()
    assert any("Successfully installed" in line for line in said)
    environment = environment_for(SPEC, Settings())
    assert environment.versions["sglang"] == "1.0"
    assert environment.options == {"help", "tp-size", "tensor-parallel-size"}
    [again] = build()
    assert "up to date" in again


@pytest.mark.slow
def test_an_interrupted_install_is_cleaned_and_redone(recipes: Path) -> None:
    build()
    [(folder, _)] = installed(Settings())
    (folder / MANIFEST).unlink()
    (folder / "rubbish").touch()
    with pytest.raises(EngineNotInstalledError, match="incomplete"):
        environment_for(SPEC, Settings())
    assert "unfinished" in build()[0]
    assert not (folder / "rubbish").exists()
    assert environment_for(SPEC, Settings()).versions["torch"] == "1.0"


@pytest.mark.slow
def test_other_requirements_replace_the_environment(recipes: Path) -> None:
    build()
    assert "outdated" in build("2.0")[0]
    assert environment_for(SPEC, Settings()).versions["sglang"] == "2.0"


def test_a_failing_pip_shows_its_telling_line_and_leaves_nothing_installed(recipes: Path) -> None:
    with pytest.raises(
        InstallError, match=r"No matching distribution found for sglang==9\.9|satisfies.*9\.9"
    ) as caught:
        build("9.9")
    assert "pip.log" in caught.value.remedy
    with pytest.raises(EngineNotInstalledError):
        environment_for(SPEC, Settings())


def test_an_environment_that_does_not_import_is_not_marked_installed(recipes: Path) -> None:
    recipe = recipes / "sglang-cpu.txt"
    recipe.write_text(recipe.read_text().replace("torch==1.0\n", ""))
    with pytest.raises(InstallError, match="No module named 'torch'"):
        build()
    with pytest.raises(EngineNotInstalledError):
        environment_for(SPEC, Settings())


def test_a_cpu_set_gets_the_libraries_of_the_torch_build_that_pip_found(recipes: Path) -> None:
    wheels = recipes.parent / "wheels"
    make_wheel(wheels, "nvidia_cublas", {"nvidia_cublas.py": ""})
    make_wheel(wheels, "transformers", {"transformers/__init__.py": ""}, version="2.0")
    code = {"torch/__init__.py": "import nvidia_cublas"}
    make_wheel(wheels, "torch", code, requires=["nvidia-cublas", "transformers"])
    build()
    versions = environment_for(SPEC, Settings()).versions
    assert versions["nvidia-cublas"] == "1.0"
    assert versions["transformers"] == "1.0"


def test_two_installs_of_one_engine_do_not_meet(recipes: Path) -> None:
    engines = Settings().engines_dir
    engines.mkdir(parents=True)
    with (engines / ".sglang-cpu.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        with pytest.raises(InstallError, match="Process 4711"):
            build()


@pytest.mark.slow
def test_removing_deletes_the_environment(recipes: Path) -> None:
    build()
    assert remove("sglang", "cpu", settings=Settings())
    assert installed(Settings()) == []
    assert not remove("sglang", "cpu", settings=Settings())


def test_the_command_installs_lists_and_removes(recipes: Path) -> None:
    settings.cache_clear()
    runner = CliRunner()
    assert "No engine is installed" in runner.invoke(app, ["list"]).output
    done = runner.invoke(app, ["install", "sglang"])
    assert done.exit_code == 0, done.output
    assert "no CPU build" in done.output
    listed = runner.invoke(app, ["list"]).output
    assert "ready" in listed
    assert runner.invoke(app, ["remove", "sglang"]).exit_code == 0
    assert "No engine is installed" in runner.invoke(app, ["list"]).output


def test_the_command_fails_with_the_reason_and_the_remedy(recipes: Path) -> None:
    done = CliRunner().invoke(app, ["install", "hf"])
    assert done.exit_code == 1
    assert "no recipe for hf" in done.output
    assert CliRunner().invoke(app, ["install", "vllm"]).exit_code == 2
    assert CliRunner().invoke(app, ["install", "hf", "--device", "tpu"]).exit_code == 2
