"""Check a submission's own model package before an engine is started on it, by reading its files alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from db.claims import Claim
from db.jobs import note_facts
from db.session import transaction
from db.settings import Settings
from evals.errors import InvalidSubmissionError
from evals.preflight.check import Preflight, check_model
from evals.preflight.findings import PREFLIGHT, Finding
from evals.spec import EngineSpec, ModelSpec
from workers.engines.environments import environment_for
from workers.external_code import with_checked_code
from workers.model_files import local_folder

log = logging.getLogger(__name__)


def check_external_package(claim: Claim, settings: Settings) -> None:
    """Note what a job's external package breaches; raise InvalidSubmissionError when a launch would be pointless.

    The code must have been made ready before.
    """
    spec = claim.job.spec
    if spec.engine.external_package is None:
        return
    found = external_preflight(spec.engine, spec.model, settings)
    if found is None:
        return
    with transaction() as session:
        note_facts(session, claim.lease, {PREFLIGHT: [str(finding) for finding in found.findings]})
    if found.pointless:
        raise _pointless(found.pointless)


def external_preflight(engine: EngineSpec, model: ModelSpec, settings: Settings) -> Preflight | None:
    """Check an engine's external package against the engine's own sources; None when those cannot be read."""
    environment = environment_for(engine, settings)
    package = with_checked_code(engine, settings).external_package
    if environment.package is None or package is None:
        log.warning("no preflight: there are no sources of %s to read", engine.kind)
        return None
    folder = local_folder(model)
    return check_model(
        Path(package),
        sglang=environment.package,
        config=_config(folder),
        folder=folder,
        architectures=engine.architectures,
    )


def _config(folder: Path | None) -> dict[str, Any] | None:
    """Return a local model's config; what is wrong with the file is said elsewhere."""
    if folder is None:
        return None
    try:
        value = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _pointless(findings: Sequence[Finding]) -> InvalidSubmissionError:
    first, more = findings[0], len(findings) - 1
    also = f" (and {more} more)" if more else ""
    return InvalidSubmissionError(
        f"SGLang would not load this external package: {first.file.name}:{first.line}: {first.message}{also}",
        remedy=first.remedy,
        field="external_package",
        findings=[f"{finding.file}:{finding.line}: {finding.message}" for finding in findings],
    )
