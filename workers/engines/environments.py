"""Find engines' environments: of installed ones a folder `<engine>-<device>` each, complete with its manifest."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from db.settings import Settings
from evals.code_sources import INSTALLED
from evals.errors import EngineNotInstalledError
from evals.spec import EngineSpec, digest
from workers.engines.base import EngineEnvironment, package_folder
from workers.engines.registry import local_engine
from workers.sources.made import environment_over, source_folder

MANIFEST = "manifest.json"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Record what an environment holds; written last, so that its absence marks an unfinished install.

    version: the engine's own package's. requirements_sha256: over the text that was installed. created_at: ISO 8601.
    """

    engine: str
    device: str
    version: str
    python: str
    requirements_sha256: str
    created_at: str
    size_bytes: int
    versions: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the manifest in one step, so that it is there in full or not at all."""
        partial = folder / f"{MANIFEST}.partial"
        partial.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")
        partial.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest | None:
    """Return a folder's manifest, or None when the install was interrupted or its interpreter is gone."""
    try:
        values: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        manifest = Manifest(**values | {"options": tuple(values.get("options", ()))})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return manifest if interpreter(folder).exists() else None


def interpreter(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / "bin" / "python"


def folder_of(engine: str, device: str, settings: Settings) -> Path:
    """Return where an engine's environment for a device belongs."""
    return settings.engines_dir / f"{engine}-{device}"


def environment_for(spec: EngineSpec, settings: Settings) -> EngineEnvironment:
    """Return the environment that an engine needs; raise EngineNotInstalledError.

    One of another source than the installed must have been made ready before (`workers.sources.ready`).
    """
    base = installed_environment(spec, settings)
    if spec.source == INSTALLED:
        return base
    return environment_over(base, source_folder(spec, base, settings), source=spec.source)


def installed_environment(spec: EngineSpec, settings: Settings) -> EngineEnvironment:
    """Return the installed environment of an engine, whatever source is asked for."""
    folder = folder_of(spec.kind, spec.device, settings)
    manifest = read_manifest(folder)
    if manifest is None:
        state = "is incomplete" if folder.exists() else "is not there"
        raise EngineNotInstalledError(
            f"Engine {spec.kind} for device {spec.device} is not installed: {folder} {state}.",
            remedy=f"Run `plumbline engines install {spec.kind} --device {spec.device}` on the worker's host.",
            engine=spec.kind,
            device=spec.device,
        )
    return EngineEnvironment(
        engine=spec.kind,
        device=spec.device,
        interpreter=interpreter(folder),
        versions=manifest.versions,
        options=frozenset(manifest.options),
        package=package_folder(folder, local_engine(spec.kind).main_package),
        stamp=digest([manifest.requirements_sha256, manifest.version, manifest.created_at]),
    )


def installed(settings: Settings) -> list[tuple[Path, Manifest | None]]:
    """Return all environments, by name; the manifest is None for unfinished ones."""
    if not settings.engines_dir.is_dir():
        return []
    folders = [path for path in sorted(settings.engines_dir.iterdir()) if path.is_dir() and "-" in path.name]
    return [(folder, read_manifest(folder)) for folder in folders if not folder.name.startswith(".")]
