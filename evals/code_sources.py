"""Where submitted code comes from, as a submission writes it; pure: nothing is fetched or looked up here.

git:URL@REF                          an engine's source: a branch, tag, full commit, or refs/pull/123/head
wheel:PATH                           an engine's source: a wheel file
git+URL@REF#subdirectory=PATH        an external package inside a repository
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evals.errors import InvalidSubmissionError, PolicyError

INSTALLED = "installed"
COMMIT = re.compile(r"[0-9a-f]{40}")

_SOURCE, _WHEEL, _PACKAGE, _SUBDIRECTORY = "git:", "wheel:", "git+", "subdirectory="
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_PATH = re.compile(r"(/[A-Za-z0-9_~+][A-Za-z0-9._~+-]*|/\.[A-Za-z0-9_][A-Za-z0-9._~+-]*)+")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
_NO_REF = re.compile(r"\.\.|//|/\.|\.lock$|\.lock/|[./]$")
_FOLDER = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_]+")


@dataclass(frozen=True, kw_only=True)
class GitCode:
    """Name code in a repository: its https:// or file:// address, a ref, and a folder inside ("" for all of it)."""

    url: str
    ref: str
    folder: str = ""

    def as_source(self) -> str:
        """Return the text that names it as an engine's source."""
        return f"{_SOURCE}{self.url}@{self.ref}"

    def as_package(self) -> str:
        """Return the text that names it as an external package."""
        return f"{_PACKAGE}{self.url}@{self.ref}#{_SUBDIRECTORY}{self.folder}"

    @property
    def is_local(self) -> bool:
        """Tell whether the repository is a folder of the worker's host."""
        return self.url.startswith("file:")

    @property
    def is_pinned(self) -> bool:
        """Tell whether the ref is a full commit, which always means the same code."""
        return COMMIT.fullmatch(self.ref) is not None


def git_source(source: str, *, field: str = "source") -> GitCode | None:
    """Return the repository and ref of an engine's source, None for other sources; raise InvalidSubmissionError."""
    if not source.startswith(_SOURCE):
        return None
    return _git_code(source.removeprefix(_SOURCE), "", field)


def wheel_source(source: str, *, field: str = "source") -> Path | None:
    """Return the wheel file of an engine's source, None for other sources; raise InvalidSubmissionError."""
    if not source.startswith(_WHEEL):
        return None
    path = Path(source.removeprefix(_WHEEL))
    if path.suffix != ".whl" or not path.is_absolute() or not path.name.isprintable():
        raise _invalid(field, f"{str(path)!r} is no wheel's path.", "Write wheel:/absolute/path/of/a/file.whl.")
    return path


def git_package(package: str, *, field: str = "external_package") -> GitCode | None:
    """Return where in which repository a package lies, None for a local path; raise InvalidSubmissionError."""
    if not package.startswith(_PACKAGE):
        return None
    address, _, fragment = package.removeprefix(_PACKAGE).partition("#")
    folder = fragment.removeprefix(_SUBDIRECTORY)
    if not fragment.startswith(_SUBDIRECTORY) or not _FOLDER.fullmatch(folder):
        raise _invalid(
            field,
            f"{package!r} does not say which folder of the repository is the package.",
            "Write git+URL@REF#subdirectory=FOLDER; the folder's name is the package's.",
        )
    return _git_code(address, folder, field)


def require_permitted(code: GitCode, repositories: Sequence[str], *, field: str) -> None:
    """Raise PolicyError unless a repository is one of these, or lies below one of these addresses or folders."""
    if not any(_is_below(code.url, permitted) for permitted in repositories):
        raise PolicyError(
            f"{code.url} is no repository from which this service fetches submitted code.",
            remedy="Ask the operator to add it to PLUMBLINE_CODE_REPOSITORIES.",
            field=field,
        )


def _is_below(url: str, permitted: str) -> bool:
    """Compare by whole parts of the address, with `.git` at its end or without."""
    whole = permitted if "://" in permitted else f"file://{os.path.normpath(permitted)}"
    root = _without_git(whole.rstrip("/"))
    return _without_git(url) == root or (url + "/").startswith(root + "/")


def _without_git(url: str) -> str:
    return url.removesuffix(".git")


def _git_code(address: str, folder: str, field: str) -> GitCode:
    url, at, ref = address.rpartition("@")
    if not at or not _is_url(url):
        raise _invalid(
            field,
            f"{address!r} is no https:// or file:// address of a repository with a ref behind it.",
            "Write URL@REF, without a user's name, a password, a query or `..` in the URL.",
        )
    if not _REF.fullmatch(ref) or _NO_REF.search(ref):
        raise _invalid(
            field,
            f"{ref!r} is no ref that is fetched here.",
            "Name a branch, a tag, all 40 digits of a commit, or refs/pull/123/head.",
        )
    return GitCode(url=url, ref=ref, folder=folder)


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}" == url and _PATH.fullmatch(parts.path) is not None
    if parts.scheme == "file":
        return plain and not parts.netloc
    return plain and parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None


def _invalid(field: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=field)
