"""Build harnesses' Python environments from the pinned requirements beside this file, as engines' are built.

install_harness("sgl-eval", settings=settings, say=print)  ->  Manifest
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from db.settings import Settings
from evals.errors import InstallError
from workers.engines.environments import MANIFEST, Manifest, interpreter, read_manifest
from workers.engines.install import locked, size_bytes
from workers.engines.pip import pip_versions, run_pip, run_quietly
from workers.harnesses.environments import KNOWN, folder_of

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
IMPORT_CHECK = {"sgl-eval": "import datasets, PIL, sgl_eval.evals._registry, sgl_eval.cli"}

Say = Callable[[str], None]


def install_harness(harness: str, *, settings: Settings, say: Say) -> Manifest:
    """Build a harness's environment, or return its manifest when it is up to date; raise InstallError.

    say: takes one line of progress at a time.
    """
    text = requirements_text(harness)
    wanted = hashlib.sha256(text.encode()).hexdigest()
    folder = folder_of(harness, settings)
    with locked(folder):
        present = read_manifest(folder)
        if present and present.requirements_sha256 == wanted and present.python == platform.python_version():
            say(f"{harness} {present.version} is installed and up to date: {folder}")
            return present
        if folder.exists():
            say("removing the " + ("outdated" if present else "unfinished") + f" environment {folder}")
            shutil.rmtree(folder)
        _build(harness, folder, text, say)
        manifest = _manifest(harness, folder, wanted)
        manifest.write(folder)
    say(f"{harness} {manifest.version} is ready: {folder}")
    return manifest


def remove_harness(harness: str, *, settings: Settings) -> bool:
    """Delete a harness's environment; tell whether there was one."""
    folder = folder_of(harness, settings)
    if not folder.exists():
        return False
    with locked(folder):
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder)
    return True


def requirements_text(harness: str) -> str:
    """Return a harness's pinned requirements; raise InstallError for an unknown one."""
    if harness not in KNOWN:
        raise InstallError(f"There is no recipe for {harness}.", remedy=f"Install one of: {', '.join(KNOWN)}.")
    return (REQUIREMENTS / f"{harness}.txt").read_text()


def _build(harness: str, folder: Path, text: str, say: Say) -> None:
    say(f"creating an environment with Python {platform.python_version()} in {folder}")
    run_quietly([sys.executable, "-m", "venv", str(folder)], failure="Creating the environment failed")
    requirements = folder / "requirements.txt"
    requirements.write_text(text)
    # The set is a complete freeze.
    run_pip(interpreter(folder), ["install", "--no-deps", "-r", str(requirements)], folder=folder, say=say)
    say("checking that it imports")
    code = IMPORT_CHECK[harness]
    run_quietly([str(interpreter(folder)), "-c", code], failure=f"The new environment cannot run `{code}`")


def _manifest(harness: str, folder: Path, requirements_sha256: str) -> Manifest:
    versions = pip_versions(interpreter(folder))
    return Manifest(
        engine=harness,
        device="",
        version=versions[harness],
        python=platform.python_version(),
        requirements_sha256=requirements_sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        size_bytes=size_bytes(folder),
        versions=versions,
    )
