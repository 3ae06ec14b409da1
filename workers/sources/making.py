"""Turn a fetched commit or a wheel into an engine: laid over the installed environment, or with one of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from db.settings import Settings
from evals.code_sources import GitCode, git_source, wheel_source
from evals.errors import InstallError
from evals.spec import EngineSpec
from workers.engines.base import EngineEnvironment, package_folder
from workers.engines.install import size_bytes
from workers.engines.options import options_in_help
from workers.engines.registry import local_engine
from workers.sources import own
from workers.sources.fetching import Check, fetched
from workers.sources.git import Repository
from workers.sources.guarded import Runner, strangers_environment
from workers.sources.made import PYTHON, TREE, SourceManifest, environment_over, file_digest
from workers.sources.plan import Plan, compared, plan_of
from workers.sources.requirements import of_wheel


def make(spec: EngineSpec, base: EngineEnvironment, folder: Path, settings: Settings, check: Check) -> None:
    """Make a pinned source ready in a folder, whatever lies there; base: the installed environment."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    runner = Runner(folder=folder, check=check)
    code, wheel = git_source(spec.source), wheel_source(spec.source)
    name = local_engine(spec.kind).main_package
    if wheel is not None:
        manifest = _from_wheel(spec, base, runner, wheel, name)
    elif code is not None:
        manifest = _from_repository(spec, base, runner, code, fetched(code, settings, check=check), name)
    else:
        raise AssertionError(f"the rules let {spec.source!r} pass")
    options = _checked_options(replace(spec, external_package=None), base, runner, manifest)
    replace(manifest, options=options, size_bytes=size_bytes(folder)).write(folder)


def _from_repository(
    spec: EngineSpec, base: EngineEnvironment, runner: Runner, code: GitCode, repository: Repository, name: str
) -> SourceManifest:
    plan = plan_of(repository, code.ref, base, name)
    tree = runner.folder / TREE
    tree.mkdir()
    repository.export(code.ref, tree)
    version = f"{base.versions.get(name, '0')}+g{code.ref[:12]}"
    versions = dict(base.versions) | {name: version}
    if plan.reasons:
        tools = [str(tool) for tool in plan.declared.build]
        own.create(runner, base, package=name, requirements=plan.requirements(base), tools=tools)
        variables = {f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{name.upper()}": version}
        own.add_wheel(runner, own.build_wheel(runner, tree / PYTHON, variables=variables))
        versions = _versions(runner, name, f"g{code.ref[:12]}")
    if not plan.compiles:
        built = package_folder(runner.folder, name) if plan.reasons else tree / PYTHON / name
        _lend_compiled_modules(base.package, built)
    return _manifest(spec, versions, name, commit=code.ref, layered=not plan.reasons, plan=plan)


def _from_wheel(spec: EngineSpec, base: EngineEnvironment, runner: Runner, wheel: Path, name: str) -> SourceManifest:
    declared = of_wheel(wheel)
    changed, reasons, notes = compared(declared, base, name)
    plan = Plan(reasons=("a wheel is installed", *reasons), notes=notes, changed=changed, declared=declared)
    own.create(runner, base, package=name, requirements=plan.requirements(base))
    own.add_wheel(runner, wheel)
    sha256 = file_digest(wheel)
    return _manifest(spec, _versions(runner, name, f"w{sha256[:12]}"), name, sha256=sha256, layered=False, plan=plan)


def _lend_compiled_modules(installed: Path | None, built: Path | None) -> None:
    """Link the installed package's compiled modules into another that has none of its own in their places."""
    if installed is None or built is None:
        return
    for module in sorted(installed.rglob("*.so")):
        place = built / module.relative_to(installed)
        if place.parent.is_dir() and not place.exists():
            place.symlink_to(module)


def _versions(runner: Runner, name: str, mark: str) -> dict[str, str]:
    """Return the packages of an environment of its own, the engine's own version with a mark of what it is."""
    versions = own.versions_in(runner)
    if name not in versions:
        raise InstallError(f"The source has installed no package {name}.", remedy="Name a source of the engine.")
    return versions | {name: versions[name] if mark in versions[name] else f"{versions[name]}+{mark}"}


def _manifest(
    spec: EngineSpec,
    versions: dict[str, str],
    name: str,
    *,
    layered: bool,
    plan: Plan,
    commit: str | None = None,
    sha256: str | None = None,
) -> SourceManifest:
    return SourceManifest(
        engine=spec.kind,
        device=spec.device,
        source=spec.source,
        layered=layered,
        version=versions[name],
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        size_bytes=0,
        commit=commit,
        sha256=sha256,
        versions=versions,
        reasons=plan.reasons,
        notes=plan.notes,
    )


def _checked_options(
    spec: EngineSpec, base: EngineEnvironment, runner: Runner, manifest: SourceManifest
) -> tuple[str, ...]:
    """Return the engine's options, after a check that it imports; without a GPU's driver there are none to read."""
    engine = local_engine(spec.kind)
    environment = environment_over(base, runner.folder, source=spec.source, manifest=manifest)
    variables = strangers_environment(environment.completed(engine.environment(spec)) | {"COLUMNS": "1000"})
    check = [str(environment.interpreter), "-c", engine.import_check(spec.device)]
    runner.run(check, environment=variables, failure="The source does not import")
    try:
        text = runner.run(
            engine.help_command(environment.interpreter), environment=variables, failure="The source shows no options"
        )
    except InstallError:
        if spec.device == "cpu":
            raise
        return ()
    return tuple(sorted(options_in_help(text)))
