"""Build an environment of its own for a source that the installed one does not fit.

It holds what the installed environment holds, in the same versions, except for the requirements that differ, and the
source in the engine's place. Submitted code may name packages, so these are downloaded ready-made, before any is
installed. From then on everything that runs in the environment runs without the index and, like an engine, without
our secrets: a package may bring code that every start of Python executes, and may replace pip itself.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workers.engines.base import EngineEnvironment
from workers.engines.environments import interpreter
from workers.engines.install import TORCH
from workers.engines.pip import pip_environment
from workers.sources.guarded import Runner, strangers_environment

FAILED = "The environment of the source could not be built"
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==", re.MULTILINE)
PLAIN = ("--progress-bar=off", "--no-input")
READY_MADE = "--only-binary=:all:"
DOWNLOADS = "downloads"


def create(
    runner: Runner, base: EngineEnvironment, *, package: str, requirements: Sequence[str], tools: Sequence[str] = ()
) -> None:
    """Make the environment in the runner's folder, all but the source.

    requirements: those that differ. tools: what the source's build needs.
    """
    folder = runner.folder
    runner.run([sys.executable, "-m", "venv", str(folder)], environment=pip_environment(), failure=FAILED)
    names = {canonicalize_name(Requirement(one).name) for one in requirements}
    kept = folder / "requirements.txt"
    kept.write_text(_kept(installed_pins(base), {canonicalize_name(package), *names}))
    _with_index(runner, "install", "--no-deps", "-r", str(kept))
    torch = TORCH.search("\n".join([*requirements, kept.read_text()]))
    if base.device == "cpu" and torch:
        # As in `install`: an index may offer torch as a build that needs more than the set for CPUs names.
        _with_index(runner, "install", READY_MADE, "--constraint", str(kept), torch.group())
    # What a CPU has no use for is left out of its set on purpose, so nothing is resolved there.
    resolved = ["--no-deps"] if base.device == "cpu" else ["--constraint", str(kept)]
    wanted = [[*how, *names] for how, names in ((resolved, requirements), ([], tools)) if names]
    for words in wanted:
        _with_index(runner, "download", READY_MADE, "--dest", str(folder / DOWNLOADS), *words)
    for words in wanted:
        _offline(runner, "install", "--find-links", str(folder / DOWNLOADS), *words)
    shutil.rmtree(folder / DOWNLOADS, ignore_errors=True)


def add_wheel(runner: Runner, wheel: Path) -> None:
    """Install a wheel file, and nothing that it requires."""
    _offline(runner, "install", "--no-deps", "--force-reinstall", str(wheel))


def build_wheel(runner: Runner, project: Path, *, variables: dict[str, str]) -> Path:
    """Build a checkout's wheel; what its build needs is there."""
    wheels = runner.folder / "wheels"
    how = ["--no-build-isolation", "--no-deps", "--wheel-dir", str(wheels)]
    _offline(runner, "wheel", *how, str(project), variables=variables, failure="The source's wheel could not be built")
    [wheel] = wheels.glob("*.whl")
    return wheel


def versions_in(runner: Runner) -> dict[str, str]:
    """Return all packages of the environment with their versions."""
    said = _offline(runner, "list", "--format=json")
    listing = next(line for line in said.splitlines() if line.startswith("[{"))
    return {entry["name"].lower().replace("_", "-"): entry["version"] for entry in json.loads(listing)}


def installed_pins(base: EngineEnvironment) -> str:
    """Return the requirements that make the installed environment again: its recipe where that is complete."""
    recipe = base.interpreter.parent.parent / "requirements.txt"
    if base.device == "cpu" and recipe.is_file():
        return recipe.read_text()
    return "".join(f"{name}=={version}\n" for name, version in sorted(base.versions.items()))


def _kept(pins: str, left_out: set[str]) -> str:
    """Return the lines that pin none of the packages left out."""
    lines = []
    for line in pins.splitlines():
        pin = PIN.match(line)
        if pin is None or canonicalize_name(pin[1]) not in left_out:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _with_index(runner: Runner, *arguments: str) -> None:
    runner.run(_pip(runner, arguments), environment=pip_environment(), failure=FAILED)


def _offline(runner: Runner, *arguments: str, variables: Mapping[str, str] | None = None, failure: str = FAILED) -> str:
    fixed = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return runner.run(
        _pip(runner, arguments), environment=strangers_environment(fixed | dict(variables or {})), failure=failure
    )


def _pip(runner: Runner, arguments: Sequence[str]) -> list[str]:
    plain = () if arguments[0] == "list" else PLAIN
    return [str(interpreter(runner.folder)), "-m", "pip", arguments[0], *plain, *arguments[1:]]
