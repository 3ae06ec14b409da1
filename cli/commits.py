"""Read a line of commits out of a repository with the git of whoever calls; the service has no part in it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evals.errors import CodeFetchError, InvalidSubmissionError

_FIELD = "\x1f"
_FORMAT = f"--format=%H{_FIELD}%an{_FIELD}%as{_FIELD}%s"
_LONGEST_S = 900


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit as its history tells of it; date: the author's day, YYYY-MM-DD."""

    sha: str
    author: str
    date: str
    subject: str


def address_of(repository: str) -> str:
    """Return the address by which the service fetches a repository: a folder of this machine becomes file://."""
    folder = Path(repository.removeprefix("file://")).expanduser()
    if "://" in repository and not repository.startswith("file://"):
        return repository
    if not folder.is_dir():
        raise InvalidSubmissionError(
            f"there is no repository at {repository}", remedy="name its folder, or its https:// address", field="repo"
        )
    return f"file://{folder.resolve()}"


def line_between(address: str, good: str, bad: str, *, clone: Path | None = None) -> list[Commit]:
    """Return the commits from the good one to the bad one, both included, oldest first, along first parents.

    clone: a clone whose history is read instead of fetching it from the address. Raises InvalidSubmissionError when
    the good commit does not lead to the bad one, CodeFetchError for what git itself cannot do.
    """
    with _history(address, clone) as folder:
        first, last = _commit(folder, good, "good"), _commit(folder, bad, "bad")
        if _git("merge-base", first.sha, last.sha, folder=folder, may_fail=True).strip() != first.sha:
            raise InvalidSubmissionError(
                f"{good} does not lead to {bad}: it is no ancestor of it",
                remedy="name an older good commit; a shallow clone must be made whole with git fetch --unshallow",
                field="good",
            )
        listing = _git("log", "--first-parent", "--reverse", _FORMAT, f"{first.sha}..{last.sha}", folder=folder)
        # Not splitlines(): a subject may hold what Python takes for the end of a line.
        between = [_parsed(line) for line in listing.split("\n") if line]
        if not between:
            raise InvalidSubmissionError("the good and the bad commit are the same", remedy="name two", field="bad")
        before = _git("rev-parse", "--verify", "--quiet", f"{between[0].sha}^1", folder=folder, may_fail=True).strip()
        if before != first.sha:
            raise InvalidSubmissionError(
                f"{good} came to {bad} by a merge: the commits of that line before the merge do not contain it",
                remedy=f"name a commit of the line itself, such as {before[:12] or 'its first one'}",
                field="good",
            )
    return [first, *between]


@contextmanager
def _history(address: str, clone: Path | None) -> Iterator[Path]:
    if clone is not None or address.startswith("file://"):
        yield clone or Path(address.removeprefix("file://"))
        return
    with tempfile.TemporaryDirectory(prefix="plumbline-history-") as folder:
        # Commits alone: neither files nor folders are needed to walk along them.
        _git("clone", "--quiet", "--bare", "--filter=tree:0", "--", address, folder)
        yield Path(folder)


def _commit(folder: Path, name: str, field: str) -> Commit:
    wanted = f"{name}^{{commit}}"
    sha = _git("rev-parse", "--verify", "--quiet", "--end-of-options", wanted, folder=folder, may_fail=True).strip()
    if not sha:
        raise InvalidSubmissionError(
            f"the repository has no commit {name!r}", remedy="fetch it, or check its name", field=field
        )
    return _parsed(_git("log", "-1", _FORMAT, sha, folder=folder).strip("\n"))


def _parsed(line: str) -> Commit:
    sha, author, date, subject = line.split(_FIELD, 3)
    return Commit(sha=sha, author=author, date=date, subject=subject)


def _git(*arguments: str, folder: Path | None = None, may_fail: bool = False) -> str:
    place = [] if folder is None else ["-C", str(folder)]
    variables = os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C.UTF-8"}
    command = ["git", "--no-pager", "--no-replace-objects", "-c", "log.showSignature=false", *place, *arguments]
    try:
        done = subprocess.run(command, env=variables, capture_output=True, timeout=_LONGEST_S, check=False)
    except FileNotFoundError:
        raise CodeFetchError("git is not installed on this machine", remedy="install it") from None
    except subprocess.TimeoutExpired:
        raise CodeFetchError(f"git came to no end after {_LONGEST_S} s", remedy="name a --clone of it") from None
    if done.returncode and not may_fail:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["git said nothing"]
        raise CodeFetchError(f"git {arguments[0]}: {said[-1]}", remedy="check the address and the network")
    return "" if done.returncode else done.stdout.decode(errors="replace")
