"""`plumbline preflight` says what it found, for people and for programs, and by its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.unit.evals.preflight.sources import TEXT_MODEL, World

BROKEN = TEXT_MODEL.replace("def load_weights", "def read_weights")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run(world: World, text: str, *words: str) -> tuple[int, str]:
    file = world.write(world.folder / "model.py", text)
    result = CliRunner().invoke(app, ["preflight", str(file), "--sglang", str(world.sglang), *words])
    return result.exit_code, result.output


def test_a_good_file_ends_with_status_0(world: World) -> None:
    status, output = run(world, TEXT_MODEL)
    assert status == 0
    assert "1 files, 0 errors, 0 warnings; models: GoodForCausalLM" in output


def test_an_error_ends_with_status_1_and_names_file_and_line(world: World) -> None:
    status, output = run(world, BROKEN)
    line = next(number for number, text in enumerate(BROKEN.splitlines(), 1) if text.startswith("class GoodFor"))
    assert status == 1
    assert f"model.py:{line} [load-weights]" in output
    assert "-> Define load_weights" in output


def test_warnings_alone_end_with_status_0(world: World) -> None:
    status, output = run(world, TEXT_MODEL.replace("RMSNorm(8)", "nn.RMSNorm(8)"))
    assert status == 0
    assert "0 errors, 1 warnings" in output


def test_programs_get_json(world: World) -> None:
    status, output = run(world, BROKEN, "--json")
    document = json.loads(output)
    assert status == 1
    assert document["models"] == ["GoodForCausalLM"]
    assert [(row["rule"], row["severity"]) for row in document["findings"]] == [("load-weights", "error")]


@pytest.mark.parametrize("name", ["config.json", ""])
def test_a_config_is_read_from_its_file_or_folder(world: World, name: str) -> None:
    config = world.write(world.folder / "model" / "config.json", json.dumps({"architectures": ["Other"]}))
    status, output = run(world, TEXT_MODEL, "--config", str(config.parent / name))
    assert status == 1
    assert "[architectures]" in output
    status, _ = run(world, TEXT_MODEL, "--config", str(config), "--architecture", "GoodForCausalLM")
    assert status == 0


def test_an_unreadable_config_and_no_sglang_are_errors_with_a_remedy(world: World, home: Path) -> None:
    status, output = run(world, TEXT_MODEL, "--config", str(world.folder / "nowhere.json"))
    assert status == 2
    assert "remedy:" in output
    file = world.folder / "model.py"
    result = CliRunner().invoke(app, ["preflight", str(file)])
    assert result.exit_code == 2
    assert "plumbline engines install sglang" in result.output
