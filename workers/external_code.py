"""Check on the worker, where links can be followed, that submitted code lies where the operator permits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evals.errors import InvalidSubmissionError, PolicyError
from evals.spec import EngineSpec


def with_checked_code(spec: EngineSpec, code_roots: Sequence[Path]) -> EngineSpec:
    """Return the engine with its package's real folder, so that what was checked is what is loaded.

    Raises PolicyError when that lies outside the roots, InvalidSubmissionError when it is no package.
    """
    if spec.external_package is None:
        return spec
    folder = Path(spec.external_package).resolve()
    if not any(folder.is_relative_to(root) for root in code_roots):
        raise PolicyError(
            f"{spec.external_package} leads to {folder}, outside the folders whose code a submission may load.",
            remedy="Ask the operator to add its parent folder to PLUMBLINE_EXTERNAL_CODE_ROOTS, or move it there.",
            field="external_package",
        )
    if not (folder / "__init__.py").is_file():
        raise InvalidSubmissionError(
            f"{folder} is no Python package on this worker's host: it has no __init__.py.",
            remedy="Name the folder that contains the package's __init__.py.",
            field="external_package",
        )
    return replace(spec, external_package=str(folder))
