"""What code a submission may bring; pure: links, and what a repository holds, are the worker's matter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from evals.code_sources import INSTALLED, git_package, git_source, require_permitted, wheel_source
from evals.errors import InvalidSubmissionError, PolicyError
from evals.spec import EngineSpec


def check_source(spec: EngineSpec, *, side: str, code_roots: Sequence[Path], repositories: Sequence[str]) -> None:
    """Refuse an engine's source that is none, or that the operator does not permit."""
    field = f"{side}.source"
    if spec.source == INSTALLED:
        return
    git, wheel = git_source(spec.source, field=field), wheel_source(spec.source, field=field)
    if git is None and wheel is None:
        raise _invalid(
            field, f"There is no source {spec.source!r}.", "Use installed, git:URL@REF or wheel:/path/of/a/file.whl."
        )
    if spec.kind != "sglang":
        raise _invalid(field, f"Engine {spec.kind} has no other source than the installed.", "Use installed.")
    if git is not None:
        require_permitted(git, repositories, field=field)
    if wheel is not None and not inside(wheel, code_roots):
        raise _not_permitted(wheel, field)


def check_model_code(spec: EngineSpec, *, side: str, code_roots: Sequence[Path], repositories: Sequence[str]) -> None:
    """Refuse an external package or architectures that the engine cannot load or the operator does not permit."""
    field = f"{side}.external_package"
    if spec.kind != "sglang" and (spec.external_package or spec.architectures):
        raise _invalid(
            field,
            f"Engine {spec.kind} loads no external model package.",
            "Leave out external_package and architectures, or set kind to sglang.",
        )
    for name in spec.architectures:
        if not name.isidentifier():
            raise _invalid(f"{side}.architectures", f"{name!r} is no class name.", "Name the model classes.")
    if spec.external_package is None:
        if spec.external_processor is not None:
            raise _invalid(field, "external_processor speaks of a package.", "Name external_package, or leave it out.")
        return
    git = git_package(spec.external_package, field=field)
    package = Path(git.folder if git else spec.external_package)
    if not package.name.isidentifier():
        raise _invalid(field, f"{package.name!r} is no package name.", "Name a package's folder.")
    if git is not None:
        require_permitted(git, repositories, field=field)
    elif not inside(package, code_roots):
        raise _not_permitted(package, field)


def _not_permitted(path: Path, field: str) -> PolicyError:
    return PolicyError(
        f"{path} lies in no folder whose code a submission may load.",
        remedy="Ask the operator to add its parent folder to PLUMBLINE_EXTERNAL_CODE_ROOTS, or move it there.",
        field=field,
    )


def inside(path: Path, roots: Sequence[Path]) -> bool:
    """Tell whether an absolute path lies in one of the folders, by its letters alone: links are the worker's matter."""
    plain = Path(os.path.normpath(path))
    return plain.is_absolute() and any(plain.is_relative_to(root) for root in roots)


def _invalid(field: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=field)
