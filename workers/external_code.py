"""Look at submitted code on the worker, where links can be followed and repositories fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from db.settings import Settings
from evals.code_sources import git_package
from evals.errors import InvalidSubmissionError, PolicyError
from evals.spec import EngineSpec
from workers.sources.fetching import checkout, pinned_code

FIELD = "external_package"


def with_checked_code(spec: EngineSpec, settings: Settings, *, check: Callable[[], None] = lambda: None) -> EngineSpec:
    """Return the engine with its package's real folder on this host, so that what was checked is what is loaded.

    check: asked while one waits for a fetch. Raises PolicyError when the package lies outside what the operator
    permits, InvalidSubmissionError when it is no package.
    """
    if spec.external_package is None:
        return spec
    code = git_package(spec.external_package)
    if code is None:
        folder = require_inside(Path(spec.external_package), settings.code_roots, field=FIELD)
    else:
        folder = checkout(pinned_code(code, settings, field=FIELD), settings, check=check) / code.folder
    if not (folder / "__init__.py").is_file():
        raise InvalidSubmissionError(
            f"{spec.external_package} is no Python package: {folder} on this worker's host has no __init__.py.",
            remedy="Name the folder that contains the package's __init__.py.",
            field=FIELD,
        )
    return replace(spec, external_package=str(folder))


def require_inside(path: Path, code_roots: Sequence[Path], *, field: str) -> Path:
    """Return where a path really leads; raise PolicyError when that lies outside these folders."""
    real = path.resolve()
    if not any(real.is_relative_to(root) for root in code_roots):
        raise PolicyError(
            f"{path} leads to {real}, outside the folders whose code a submission may load.",
            remedy="Ask the operator to add its parent folder to PLUMBLINE_EXTERNAL_CODE_ROOTS, or move it there.",
            field=field,
        )
    return real
