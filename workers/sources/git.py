"""Run git on repositories of strangers: without credentials, hooks, submodules, filters, or other ways to the network.

Nothing of a repository is executed here. Only the transport of the address that the policy permitted is on.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.code_sources import GitCode
from evals.errors import CodeFetchError, InvalidSubmissionError, PlumblineError
from workers.environment import is_allowed
from workers.logs import scrub

LONGEST_S = 900
VARIABLES = re.compile(r"GIT_SSL_CA(?:INFO|PATH)$|(?:https?|all|no)_proxy$", re.IGNORECASE)
NO_SUCH_REF = re.compile(
    r"not our ref|couldn't find remote ref|unadvertised object|upload-pack: not our", re.IGNORECASE
)
NO_REPOSITORY = re.compile(r"not found|does not appear to be a git repository|could not read Username", re.IGNORECASE)
SETTINGS = (
    "core.askPass=", "core.fsmonitor=false", "core.hooksPath=/dev/null", "credential.helper=", "gc.auto=0",
    "http.followRedirects=false", "maintenance.auto=false", "protocol.allow=never", "submodule.recurse=false",
    "transfer.bundleURI=false", "transfer.fsckObjects=true",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A bare repository of ours that holds the commits fetched from one address."""

    url: str
    folder: Path

    def git(self, *arguments: str, variables: Mapping[str, str] | None = None, stdin: bytes = b"") -> bytes:
        """Run git in the repository and return its output; raise CodeFetchError."""
        return run_git([f"--git-dir={self.folder}", *arguments], url=self.url, variables=variables, stdin=stdin)

    def has(self, commit: str) -> bool:
        """Tell whether a commit was fetched, with all that belongs to it."""
        is_there = (self.folder / "HEAD").is_file()
        return is_there and bool(self.git("for-each-ref", f"refs/plumbline/{commit}"))

    def fetch(self, commit: str) -> None:
        """Fetch one commit without its history; raise InvalidSubmissionError when the other side has none such."""
        if self.has(commit):
            return
        if not (self.folder / "HEAD").is_file():
            run_git(["init", "--quiet", "--bare", "--template=", str(self.folder)], url=self.url)
        options = ["--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--force"]
        self.git("fetch", *options, "--", self.url, f"{commit}:refs/plumbline/{commit}")

    def files(self, commit: str) -> dict[str, str]:
        """Return the path and hash of every file of a commit."""
        listing = self.git("ls-tree", "-r", "-z", commit).decode(errors="surrogateescape")
        entries = (entry.partition("\t") for entry in listing.split("\0") if entry)
        return {path: head.split()[2] for head, _, path in entries}

    def read(self, commit: str, path: str) -> bytes | None:
        """Return a file of a commit as it is stored there, or None when there is none."""
        held = self.files(commit).get(path)
        return self.git("cat-file", "blob", held) if held else None

    def export(self, commit: str, folder: Path) -> None:
        """Write the files of a commit into an empty folder; raise InvalidSubmissionError for links that lead out."""
        index = {"GIT_INDEX_FILE": str(folder.with_name(f"{folder.name}.index"))}
        self.git("read-tree", commit, variables=index)
        self.git(f"--work-tree={folder}", "checkout-index", "--all", "--quiet", variables=index)
        Path(index["GIT_INDEX_FILE"]).unlink()
        _refuse_links_out(folder)


def resolve(code: GitCode, *, field: str) -> str:
    """Return the commit that a ref means now; raise InvalidSubmissionError when the repository has no such ref."""
    if code.is_pinned:
        return code.ref
    listing = run_git(["ls-remote", "--quiet", "--", code.url, code.ref, f"{code.ref}^{{}}"], url=code.url).decode()
    found = {name: commit for commit, _, name in (line.partition("\t") for line in listing.splitlines())}
    for name in (code.ref, f"refs/tags/{code.ref}", f"refs/heads/{code.ref}"):
        commit = found.get(f"{name}^{{}}") or found.get(name)
        if commit:
            return commit
    raise InvalidSubmissionError(
        f"{code.url} has no branch, tag or ref {code.ref!r}.",
        remedy="Check its name; a commit needs all of its 40 digits, a pull request's head is refs/pull/NUMBER/head.",
        field=field,
    )


def run_git(
    arguments: Sequence[str], *, url: str, variables: Mapping[str, str] | None = None, stdin: bytes = b""
) -> bytes:
    """Run git with the transport of one address, and return its output; raise what it says went wrong."""
    scheme = url.partition(":")[0]
    settings = [word for setting in (*SETTINGS, f"protocol.{scheme}.allow=always") for word in ("-c", setting)]
    command = ["git", "--no-pager", *settings, *arguments]
    environment = _environment() | dict(variables or {})
    try:
        done = subprocess.run(
            command, env=environment, input=stdin, capture_output=True, timeout=LONGEST_S, check=False, cwd="/"
        )
    except FileNotFoundError as error:
        raise _failed(url, "git is not installed on this host") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(url, f"no end after {LONGEST_S} s") from error
    if done.returncode:
        raise _refusal(url, done.stderr.decode(errors="replace"))
    return done.stdout


def _environment() -> dict[str, str]:
    """Return what git may know: the way to the network, and nobody's configuration, home or credentials."""
    ours = {name: value for name, value in os.environ.items() if is_allowed(name) or VARIABLES.match(name)}
    fixed = {
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "",
        "GIT_ATTR_NOSYSTEM": "1", "GIT_LFS_SKIP_SMUDGE": "1", "HOME": "/nonexistent", "LC_ALL": "C",
    }  # fmt: skip
    return {name: value for name, value in ours.items() if name != "XDG_CACHE_HOME"} | fixed


def _refusal(url: str, said: str) -> PlumblineError:
    lines = [scrub(line) for line in said.splitlines() if line.strip()]
    if NO_SUCH_REF.search(said):
        return InvalidSubmissionError(
            f"{url} does not hand out this commit: {lines[-1]}", remedy="Check that the commit was pushed there."
        )
    if NO_REPOSITORY.search(said):
        return InvalidSubmissionError(
            f"{url} is no repository that can be read without credentials: {lines[0]}", remedy="Check the address."
        )
    return _failed(url, lines[-1] if lines else "git said nothing")


def _failed(url: str, reason: str) -> CodeFetchError:
    return CodeFetchError(f"{url} could not be fetched: {reason}", remedy="Look at the network, then run it again.")


def _refuse_links_out(folder: Path) -> None:
    root = folder.resolve()
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise InvalidSubmissionError(
                    f"{path.relative_to(folder)} is a link that leads out of the repository.",
                    remedy="Take the link out of the branch.",
                )
