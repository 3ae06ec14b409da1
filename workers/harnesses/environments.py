"""Find installed harnesses: a folder each below `harnesses`, complete when its manifest is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from db.settings import Settings
from evals.sgl_eval.errors import HarnessNotInstalledError
from workers.engines.environments import Manifest, interpreter, read_manifest

SGL_EVAL = "sgl-eval"
KNOWN = (SGL_EVAL,)


@dataclass(frozen=True, kw_only=True)
class HarnessEnvironment:
    """Name an installed harness's interpreter and version."""

    harness: str
    interpreter: Path
    version: str


def folder_of(harness: str, settings: Settings) -> Path:
    """Return where a harness's environment belongs."""
    return settings.home / "harnesses" / harness


def require_sgl_eval(settings: Settings) -> HarnessEnvironment:
    """Return sgl-eval's environment; raise HarnessNotInstalledError with the command that builds it."""
    return harness_environment(SGL_EVAL, settings)


def harness_environment(harness: str, settings: Settings) -> HarnessEnvironment:
    """Return an installed harness's environment; raise HarnessNotInstalledError."""
    folder = folder_of(harness, settings)
    manifest = read_manifest(folder)
    if manifest is None:
        state = "is incomplete" if folder.exists() else "is not there"
        raise HarnessNotInstalledError(
            f"The harness {harness} is not installed: {folder} {state}.",
            remedy=f"Run `plumbline harnesses install {harness}` on the worker's host.",
            harness=harness,
        )
    return HarnessEnvironment(harness=harness, interpreter=interpreter(folder).absolute(), version=manifest.version)


def installed_harnesses(settings: Settings) -> list[tuple[str, Path, Manifest | None]]:
    """Return name, folder and manifest of each harness that has a folder; no manifest means an unfinished install."""
    folders = [(harness, folder_of(harness, settings)) for harness in KNOWN]
    return [(harness, folder, read_manifest(folder)) for harness, folder in folders if folder.exists()]
