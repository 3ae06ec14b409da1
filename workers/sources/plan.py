"""Decide how a checkout becomes an engine: laid over the installed environment, or with one of its own.

What is compared: the requirements that `python/pyproject.toml` declares with those of the installed package, and the
sources of compiled modules with those of the installed version's tag, where the repository has that tag. Kernels that
SGLang compiles as it runs are files of its package and need no comparison. Kernels that are a package of their own
(sglang-kernel) come in the version that is required, whatever the checkout's sources of them are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from evals.code_sources import GitCode
from evals.errors import InvalidSubmissionError
from workers.engines.base import EngineEnvironment
from workers.sources.git import Repository, resolve
from workers.sources.requirements import Declared, Difference, applying, differences, of_installed, of_project

PROJECT = "python/pyproject.toml"
KERNEL_PACKAGE = re.compile(r"(?:sgl-kernel|python/sglang/kernels/aot)/")
COMPILED = re.compile(r"(?:.*\.rs|(?:.*/)?Cargo\.(?:toml|lock)|python/setup\.py)")
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Say how a source is made ready.

    reasons: why it needs an environment of its own; () lays it over the installed one. changed: the differences of
    requirements. compiles: whether its compiled modules are built, or taken from the installed package.
    """

    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    changed: tuple[Difference, ...] = ()
    declared: Declared
    compiles: bool = False

    def requirements(self, base: EngineEnvironment) -> list[str]:
        """Return what must be installed beside what the installed environment has.

        Its set for CPUs leaves out on purpose what a CPU has no use for; that stays out in other versions too.
        """
        there = {canonicalize_name(name) for name in base.versions}
        changed = [difference for difference in self.changed if difference.after]
        names = {one.name for one in changed if base.device != "cpu" or one.before is None or one.name in there}
        return [str(_bare(one)) for one in applying(self.declared.requirements) if canonicalize_name(one.name) in names]


def plan_of(repository: Repository, commit: str, base: EngineEnvironment, package: str) -> Plan:
    """Compare a fetched commit with the installed engine; raise InvalidSubmissionError when it is no such engine."""
    text = repository.read(commit, PROJECT)
    if text is None:
        raise InvalidSubmissionError(
            f"{repository.url} has no {PROJECT} at {commit[:12]}.",
            remedy="Name a repository with SGLang's layout.",
            field="source",
        )
    declared = of_project(text)
    changed, reasons, notes = compared(declared, base, package)
    compiled, note = _compiled_changes(repository, commit, base.versions.get(package, ""))
    return Plan(
        reasons=(*reasons, *compiled),
        notes=(*notes, *note),
        changed=changed,
        declared=declared,
        compiles=bool(compiled),
    )


def compared(
    declared: Declared, base: EngineEnvironment, package: str
) -> tuple[tuple[Difference, ...], tuple[str, ...], tuple[str, ...]]:
    """Return differing requirements, the reasons they make for an environment of its own, and notes."""
    if canonicalize_name(declared.name) != canonicalize_name(package):
        raise InvalidSubmissionError(
            f"The source is the package {declared.name!r}, not {package}.", remedy=f"Name {package}.", field="source"
        )
    installed = of_installed(base.package) if base.package else None
    if installed is None:
        return (), (), (f"requirements were not compared: the installed {package} has no metadata",)
    if declared.computed:
        return (), (), ("requirements were not compared: the source computes them as it is built",)
    changed = differences(installed, declared)
    wanted = [str(one) for one in changed if one.after]
    if wanted:
        return changed, (f"requirements differ: {_some(wanted)}",), ()
    return (), (), (f"the installed {package} {base.versions.get(package, '')} has all that is required",)


def _compiled_changes(repository: Repository, commit: str, version: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the reason that changed sources of compiled modules make, and notes."""
    tag = f"refs/tags/v{version}"
    try:
        released = resolve(GitCode(url=repository.url, ref=tag), field="source")
        repository.fetch(released)
    except InvalidSubmissionError:
        return (), (f"sources of compiled modules were not compared: no {tag} in the repository",)
    before, after = repository.files(released), repository.files(commit)
    differing = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    kernels = [path for path in differing if KERNEL_PACKAGE.match(path)]
    compiled = [path for path in differing if COMPILED.fullmatch(path) and path not in kernels]
    notes = (f"changes to {_some(kernels)} have no effect: that package comes as it was released",) if kernels else ()
    if compiled:
        return (f"sources of compiled modules differ from {tag}: {_some(compiled)}",), notes
    return (), (f"sources of compiled modules are those of {tag}", *notes)


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


def _bare(one: Requirement) -> Requirement:
    bare = Requirement(str(one))
    bare.marker = None
    return bare
