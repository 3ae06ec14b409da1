"""What makes a side's points one series, and what names the code that the series is about."""

from __future__ import annotations

from dataclasses import asdict

from evals.code_sources import INSTALLED, git_package
from evals.fingerprint import Fingerprint
from evals.result import SideSummary
from evals.spec import EngineSpec, digest

_CHANGES_BY_TIME = frozenset({"engine_version", "source", "driver", "client"})
"""The parts of a fingerprint that a series is about, or that change under it; the rest makes another series."""

_PACKAGE = "external-package"
"""The argument of a fingerprint that holds the hash over an external package's files."""


def setup_of(engine: EngineSpec, fingerprint: Fingerprint | None) -> str:
    """Return a hash over what must be equal in a series besides its lineage and metric; the code is not in it."""
    settings = asdict(fingerprint) if fingerprint else asdict(engine)
    if engine.external_package is not None:
        settings.get("arguments", {}).pop(_PACKAGE, None)
        settings["external_package"] = _place(engine.external_package)
    return digest({name: value for name, value in settings.items() if name not in _CHANGES_BY_TIME})[:16]


def _place(package: str) -> str:
    """Return a package's repository and folder, or its local path: its code is what a series is about."""
    code = git_package(package)
    return f"{code.url} {code.folder}" if code else package


def source_of(engine: EngineSpec, summary: SideSummary, fingerprint: Fingerprint | None) -> str | None:
    """Return the commit or checksum of the engine's code, "installed" for a release; with an external package both."""
    own = fingerprint.source if fingerprint else str(summary.settings.get("source", engine.source))
    package = _package(engine, fingerprint)
    if package is None:
        return own
    if own in (None, INSTALLED):
        return f"{package} on {engine.kind} {version_of(engine, summary, fingerprint)}"
    return f"{own} with {package}"


def _package(engine: EngineSpec, fingerprint: Fingerprint | None) -> str | None:
    """Return the commit of an engine's external package where it was named, else the hash over its files."""
    code = git_package(engine.external_package) if engine.external_package else None
    if code is not None and code.is_pinned:
        return code.ref
    return fingerprint.arguments.get(_PACKAGE) if fingerprint else None


def version_of(engine: EngineSpec, summary: SideSummary, fingerprint: Fingerprint | None) -> str | None:
    """Return the engine's version."""
    if fingerprint is not None:
        return fingerprint.engine_version
    return summary.versions.get({"hf": "transformers"}.get(engine.kind, engine.kind))
