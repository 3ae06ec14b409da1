"""Fetch the repositories that submissions name, each commit once, into copies of ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from db.settings import Settings
from evals.code_sources import GitCode, git_package, git_source, require_permitted
from evals.spec import EngineSpec, digest
from workers.sources.git import Repository, resolve
from workers.sources.locks import waiting_lock

Check = Callable[[], None]

SOURCE_COMMIT = "source_commit"
PACKAGE_COMMIT = "external_package_commit"


def pinned(spec: EngineSpec, settings: Settings) -> EngineSpec:
    """Return the engine with commits in its refs' places; raise InvalidSubmissionError, PolicyError, CodeFetchError."""
    source = git_source(spec.source)
    if source is not None:
        spec = replace(spec, source=pinned_code(source, settings, field="source").as_source())
    package = git_package(spec.external_package) if spec.external_package else None
    if package is not None:
        spec = replace(spec, external_package=pinned_code(package, settings, field="external_package").as_package())
    return spec


def commits_of(spec: EngineSpec) -> dict[str, str]:
    """Return the commits that a pinned engine names, as facts of its job."""
    source = git_source(spec.source)
    package = git_package(spec.external_package) if spec.external_package else None
    named = {SOURCE_COMMIT: source, PACKAGE_COMMIT: package}
    return {fact: code.ref for fact, code in named.items() if code is not None}


def described(code: str, facts: Mapping[str, Any], commit: str) -> str:
    """Return a source or package as it was asked for, with the commit that its job noted."""
    return f"{code} (commit {facts[commit][:12]})" if commit in facts and not code.endswith(facts[commit]) else code


def repository_of(code: GitCode, settings: Settings) -> Repository:
    """Return our copy of a repository, which need not exist yet."""
    name = f"{Path(code.url).name.removesuffix('.git')}-{digest(code.url)[:12]}.git"
    return Repository(url=code.url, folder=settings.sources_dir / "repositories" / name)


def fetched(code: GitCode, settings: Settings, *, check: Check) -> Repository:
    """Return our copy of a repository with a pinned commit in it."""
    repository = repository_of(code, settings)
    with waiting_lock(repository.folder, check=check):
        repository.fetch(code.ref)
    return repository


def checkout(code: GitCode, settings: Settings, *, check: Check = lambda: None) -> Path:
    """Return a folder with all files of a pinned commit, written once and then left alone."""
    repository = repository_of(code, settings)
    folder = settings.sources_dir / "checkouts" / f"{repository.folder.stem}-{code.ref}"
    if not folder.is_dir():
        repository = fetched(code, settings, check=check)
        with waiting_lock(folder, check=check):
            if not folder.is_dir():
                _export(repository, code.ref, folder)
    return folder


def pinned_code(code: GitCode, settings: Settings, *, field: str) -> GitCode:
    """Return code with a commit in its ref's place, if the policy permits its repository."""
    require_permitted(code, settings.repositories, field=field)
    if code.is_local:
        # Where a link leads is checked too, and fetched from.
        code = replace(code, url=f"file://{Path(code.url.removeprefix('file://')).resolve()}")
        require_permitted(code, settings.repositories, field=field)
    return replace(code, ref=resolve(code, field=field))


def _export(repository: Repository, commit: str, folder: Path) -> None:
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    repository.export(commit, partial)
    partial.rename(folder)
