"""What an engine's package says it needs, and how that differs from what the installed one says."""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from evals.errors import InvalidSubmissionError

FIELD = "source"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Hold a package's name and requirements, without those of extras; build: what its build needs.

    computed: whether the requirements are known only while it is built.
    """

    name: str
    requirements: tuple[Requirement, ...]
    build: tuple[Requirement, ...] = ()
    computed: bool = False


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Hold one requirement as the installed package and as the other one has it; None where one has none."""

    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.after} is new"
        return f"{self.before} became {self.after}" if self.after else f"{self.before} is gone"


def of_project(text: bytes) -> Declared:
    """Read a pyproject.toml; raise InvalidSubmissionError when it is none, or names requirements by address."""
    try:
        whole = tomllib.loads(text.decode())
        project: dict[str, Any] = whole["project"]
        name, listed = str(project["name"]), [str(line) for line in project.get("dependencies", ())]
        build = [str(line) for line in whole.get("build-system", {}).get("requires", ["setuptools"])]
        computed = "dependencies" in project.get("dynamic", ())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable("python/pyproject.toml", error) from error
    return Declared(name=name, requirements=_parsed(listed), build=_parsed(build), computed=computed)


def of_metadata(text: bytes) -> Declared:
    """Read the METADATA of an installed package or of a wheel."""
    head = BytesHeaderParser().parsebytes(text)
    found = _parsed([str(line) for line in head.get_all("Requires-Dist", [])])
    return Declared(name=str(head["Name"]), requirements=tuple(one for one in found if not _is_of_an_extra(one)))


def of_installed(package: Path) -> Declared | None:
    """Read what an installed package says, given its folder; None when its metadata is not beside it."""
    for metadata in sorted(package.parent.glob(f"{package.name}-*.dist-info/METADATA")):
        return of_metadata(metadata.read_bytes())
    return None


def of_wheel(path: Path) -> Declared:
    """Read a wheel's METADATA; raise InvalidSubmissionError when the file is no wheel."""
    try:
        with zipfile.ZipFile(path) as wheel:
            [name] = [
                name for name in wheel.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1
            ]
            return of_metadata(wheel.read(name))
    except (OSError, ValueError, zipfile.BadZipFile, KeyError) as error:
        raise _unreadable(str(path), error) from error


def differences(installed: Declared, other: Declared) -> tuple[Difference, ...]:
    """Return how two packages' requirements differ on this machine, by name."""
    before, after = _by_name(installed.requirements), _by_name(other.requirements)
    return tuple(
        Difference(name=name, before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def applying(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Return the requirements whose conditions this machine's Python fulfils."""
    return [one for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]


def _by_name(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Return name to requirement without its condition, in one spelling; several of one name in one text."""
    found: dict[str, set[str]] = {}
    for one in applying(requirements):
        extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
        name = canonicalize_name(one.name)
        found.setdefault(name, set()).add(f"{name}{extras}{one.specifier}")
    return {name: " and ".join(sorted(texts)) for name, texts in found.items()}


def _is_of_an_extra(one: Requirement) -> bool:
    return one.marker is not None and "extra" in str(one.marker)


def _parsed(lines: Iterable[str]) -> tuple[Requirement, ...]:
    found = []
    for line in lines:
        try:
            one = Requirement(line)
        except InvalidRequirement as error:
            raise _unreadable(f"the requirement {line!r}", error) from error
        if one.url is not None:
            raise InvalidSubmissionError(
                f"The requirement {line!r} names an address; only packages of the index are installed.",
                remedy="Require a released version.",
                field=FIELD,
            )
        found.append(one)
    return tuple(found)


def _unreadable(what: str, error: Exception) -> InvalidSubmissionError:
    return InvalidSubmissionError(
        f"{what} says not what the engine needs: {type(error).__name__}: {str(error)[:200]}",
        remedy="Name a repository with SGLang's layout (python/pyproject.toml), or a wheel that pip takes.",
        field=FIELD,
    )
