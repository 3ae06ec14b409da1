"""Find the sources that were made ready on this host: a folder each below `sources/ready`, complete with its manifest.

A layered source is a checkout that lies over an installed environment; any other has an environment of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from db.settings import Settings
from evals.code_sources import wheel_source
from evals.errors import EngineNotInstalledError
from evals.spec import EngineSpec, digest
from workers.engines.base import EngineEnvironment, package_folder

MANIFEST = "source.json"
READY = "ready"
TREE = "tree"
PYTHON = "python"
"""The folder of a checkout of SGLang in which its package lies."""


@dataclass(frozen=True, kw_only=True)
class SourceManifest:
    """Record how a source was made ready; written last, so that its absence marks unfinished work.

    source: with the commit in the ref's place. commit, sha256: of a repository's or a wheel's code. reasons: why it
    has an environment of its own. notes: what was compared with the installed engine, and what could not be.
    """

    engine: str
    device: str
    source: str
    layered: bool
    version: str
    created_at: str
    size_bytes: int
    commit: str | None = None
    sha256: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the manifest in one step, so that it is there in full or not at all."""
        partial = folder / f"{MANIFEST}.partial"
        partial.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")
        partial.replace(folder / MANIFEST)

    def as_facts(self) -> dict[str, Any]:
        """Return what a job notes about its engine's source."""
        identity = {"source_commit": self.commit, "source_sha256": self.sha256}
        told = {"source_layered": self.layered, "source_notes": [*self.reasons, *self.notes]}
        return {name: value for name, value in identity.items() if value} | told


def read_source(folder: Path) -> SourceManifest | None:
    """Return a folder's manifest, or None when it is not there or making it ready was interrupted."""
    try:
        values: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        lists = {name: tuple(values.get(name, ())) for name in ("options", "reasons", "notes")}
        return SourceManifest(**values | lists)
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def source_folder(spec: EngineSpec, base: EngineEnvironment, settings: Settings) -> Path:
    """Return where a source belongs, its ref pinned to a commit; base: the installed environment it relates to."""
    wheel = wheel_source(spec.source)
    content = file_digest(wheel) if wheel else spec.source.rpartition("@")[2]
    place = digest([spec.source, content, base.stamp])
    return settings.sources_dir / READY / f"{spec.kind}-{spec.device}-{content[:12]}-{place[:8]}"


def made(settings: Settings) -> list[tuple[Path, SourceManifest | None]]:
    """Return all sources that were made ready, by name; the manifest is None for unfinished ones."""
    ready = settings.sources_dir / READY
    folders = sorted(path for path in ready.iterdir() if path.is_dir()) if ready.is_dir() else []
    return [(folder, read_source(folder)) for folder in folders if not folder.name.startswith(".")]


def environment_over(
    base: EngineEnvironment, folder: Path, *, source: str, manifest: SourceManifest | None = None
) -> EngineEnvironment:
    """Return the environment of a source that was made ready; raise EngineNotInstalledError when it was not.

    manifest: one that is not written yet.
    """
    manifest = manifest or read_source(folder)
    if manifest is None:
        raise EngineNotInstalledError(
            f"The source {source} is not ready on this host: {folder} is not there or unfinished.",
            remedy="Run the job again: a worker makes a source ready before it starts the engine.",
            engine=base.engine,
            device=base.device,
        )
    tree, name = folder / TREE, base.package.name if base.package else base.engine
    return replace(
        base,
        interpreter=base.interpreter if manifest.layered else folder / "bin" / "python",
        versions=manifest.versions,
        options=frozenset(manifest.options),
        package=tree / PYTHON / name if manifest.layered else package_folder(folder, name),
        python_path=(tree / PYTHON,) if manifest.layered else (),
        tree=tree if tree.is_dir() else None,
        origin=manifest.as_facts(),
    )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; raise EngineNotInstalledError when it is not there."""
    try:
        stat = path.stat()
    except OSError as error:
        raise EngineNotInstalledError(
            f"There is no file {path} on this worker's host.", remedy="Put the wheel there, or name another."
        ) from error
    return _file_digest(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=16)
def _file_digest(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
