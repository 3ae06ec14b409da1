"""The files from which others run Plumbline: they parse, and name what exists."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()


def pinned() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\n]+)", LOCK, flags=re.MULTILINE))


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_every_container_that_stays_up_has_a_healthcheck(name: str) -> None:
    service = COMPOSE["services"][name]
    assert name == "migrate" or service["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_every_module_that_a_container_runs_exists(name: str) -> None:
    command = " ".join(COMPOSE["services"][name].get("command", []))
    modules = re.findall(r"-m ([a-z.]+)|-A ([a-z.]+):", command)
    for module in ("".join(pair) for pair in modules):
        assert importlib.util.find_spec(module), module


def test_the_compose_file_holds_no_secret() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    urls = re.findall(r"://[a-z]*:(..)", text)
    assert urls
    assert all(secret == "${" for secret in urls)


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert users[-1:] == ["plumbline"]


def test_the_image_copies_what_exists() -> None:
    lines = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    for name in " ".join(lines).split():
        assert (ROOT / name).exists(), name


def test_the_lock_holds_every_dependency_in_a_version_that_is_asked_for() -> None:
    texts = [*PROJECT["dependencies"], *(text for extra in PROJECT["optional-dependencies"].values() for text in extra)]
    versions = pinned()
    for requirement in map(Requirement, texts):
        name = requirement.name.lower().replace("_", "-")
        assert requirement.specifier.contains(versions[name]), requirement


def test_the_lock_names_no_host_and_no_path_of_a_machine() -> None:
    assert not re.search(r"://|file:|@|--index|--find-links", LOCK)


def test_make_help_lists_every_public_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = ["setup", "engines", "up", "down", "demo", "demo-regression", "check", "test", "test-fast"]
    wanted += ["bench", "lock", "migration", "clean"]
    assert [name for name in wanted if not re.search(rf"^{name} ", listed, flags=re.MULTILINE)] == []


@pytest.mark.parametrize("script", [".ci/run", "demo/run.sh"])
def test_shell_scripts_parse_and_may_be_run(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0
