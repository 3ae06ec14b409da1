"""The harness's environment is built by real pip, here from small wheels made on the spot."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.harnesses import app
from db.settings import Settings, settings
from evals.errors import InstallError
from evals.sgl_eval.errors import HarnessNotInstalledError
from workers.harnesses import install as installing
from workers.harnesses.environments import require_sgl_eval
from workers.harnesses.install import install_harness, remove_harness

from .test_install import make_wheel


@pytest.fixture
def recipe(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe for an sgl-eval that is nearly nothing."""
    wheels, recipes = tmp_path / "wheels", tmp_path / "recipes"
    wheels.mkdir()
    recipes.mkdir()
    make_wheel(wheels, "sgl_eval", {"sgl_eval/__init__.py": ""}, version="0.1.3")
    make_wheel(wheels, "sgl_eval", {"sgl_eval/__init__.py": "import nothing_like_this"}, version="0.1.4")
    recipe = recipes / "sgl-eval.txt"
    recipe.write_text(f"--no-index\n--find-links {wheels}\nsgl-eval==0.1.3\n")
    monkeypatch.setattr(installing, "REQUIREMENTS", recipes)
    monkeypatch.setattr(installing, "IMPORT_CHECK", {"sgl-eval": "import sgl_eval"})
    return recipe


def build() -> list[str]:
    said: list[str] = []
    install_harness("sgl-eval", settings=Settings(), say=said.append)
    return said


def test_a_harness_is_installed_once_and_then_left_alone(recipe: Path) -> None:
    assert any("Successfully installed" in line for line in build())
    assert require_sgl_eval(Settings()).version == "0.1.3"
    [again] = build()
    assert "up to date" in again


@pytest.mark.slow
def test_an_unfinished_install_is_done_again(recipe: Path) -> None:
    build()
    (Settings().home / "harnesses" / "sgl-eval" / "manifest.json").unlink()
    with pytest.raises(HarnessNotInstalledError, match="incomplete"):
        require_sgl_eval(Settings())
    assert "unfinished" in build()[0]
    assert require_sgl_eval(Settings()).interpreter.exists()


def test_a_harness_that_does_not_import_is_not_installed(recipe: Path) -> None:
    recipe.write_text(recipe.read_text().replace("0.1.3", "0.1.4"))
    with pytest.raises(InstallError, match="nothing_like_this"):
        build()
    with pytest.raises(HarnessNotInstalledError):
        require_sgl_eval(Settings())


@pytest.mark.slow
def test_the_command_installs_lists_and_removes(recipe: Path) -> None:
    settings.cache_clear()
    runner = CliRunner()
    assert "plumbline harnesses install sgl-eval" in " ".join(runner.invoke(app, ["list"]).output.split())
    done = runner.invoke(app, ["install", "sgl-eval"])
    assert done.exit_code == 0, done.output
    listed = runner.invoke(app, ["list"]).output
    assert "0.1.3" in listed
    assert "ready" in listed
    assert "removed" in runner.invoke(app, ["remove", "sgl-eval"]).output
    assert "was not installed" in runner.invoke(app, ["remove", "sgl-eval"]).output
    assert not remove_harness("sgl-eval", settings=Settings())


def test_the_command_fails_with_the_reason(recipe: Path) -> None:
    recipe.write_text(recipe.read_text().replace("0.1.3", "9.9"))
    done = CliRunner().invoke(app, ["install", "sgl-eval"])
    assert done.exit_code == 1
    assert "was not installed" in done.output
    assert CliRunner().invoke(app, ["install", "lm-eval"]).exit_code == 2
