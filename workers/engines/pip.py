"""Run pip and interpreters of engines' environments, and tell what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from evals.errors import InstallError
from workers.environment import is_allowed
from workers.logs import scrub

PIP_VARIABLES = re.compile(r"PIP_|(?:https?|all|no)_proxy$", re.IGNORECASE)
STEP = re.compile(r"^(?:Collecting|Downloading|Installing collected packages|Building wheel|Successfully installed)\b")
TELLING = re.compile(r"^\s*(?:ERROR|error|fatal)\b|No matching distribution|No space left")
LONGEST_LINE = 100
LONGEST_CHECK_S = 600


def run_pip(python: Path, arguments: Sequence[str], *, folder: Path, say: Callable[[str], None]) -> None:
    """Run pip in an environment, its steps told and its whole output kept in `pip.log`; raise InstallError."""
    log = folder / "pip.log"
    lines: list[str] = []
    with log.open("a") as output:
        for line in _lines([str(python), "-m", "pip", *arguments, "--progress-bar", "off", "--no-input"]):
            output.write(line)
            lines.append(line)
            if STEP.match(line):
                say(shorten(line))
    code = lines.pop()
    if code != "0":
        raise InstallError(
            f"pip ended with status {code}: {telling_line(lines)}",
            remedy=f"Read {log}. Common causes: no network or package index, no disk space, a wrong --version.",
            lines=[scrub(line.rstrip()) for line in lines[-30:]],
        )


def shorten(line: str) -> str:
    """Return one of pip's steps as a line of progress."""
    step = scrub(line.strip().partition(" (from ")[0])
    if step.startswith("Installing collected packages"):
        return "Installing and compiling the packages, which takes minutes without a word"
    return step[:LONGEST_LINE]


def telling_line(lines: Sequence[str]) -> str:
    """Return the line that names pip's problem: the first error, else the last line."""
    errors = [line.strip() for line in lines if TELLING.search(line)]
    spoken = [line.strip() for line in lines if line.strip()]
    return scrub((errors or spoken[-1:] or ["it said nothing"])[0])[:300]


def run_quietly(command: Sequence[str], *, additions: Mapping[str, str] | None = None, failure: str) -> str:
    """Run a command and return its output; raise InstallError with the end of what it said."""
    environment = pip_environment() | dict(additions or {})
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_CHECK_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"{failure}: no end after {LONGEST_CHECK_S} s.", remedy="Run the install again.") from error
    if done.returncode != 0:
        lines = [scrub(line) for line in (done.stdout + done.stderr).splitlines() if line.strip()][-30:]
        raise InstallError(
            f"{failure}: {lines[-1] if lines else f'exit status {done.returncode}'}",
            remedy="Run the install again; if it fails the same way, try another --version.",
            lines=lines,
        )
    return done.stdout


def pip_versions(python: Path) -> dict[str, str]:
    """Return all packages of an environment with their versions, from the packages' own metadata."""
    listing = run_quietly([str(python), "-m", "pip", "list", "--format=json"], failure="pip cannot list its packages")
    return {entry["name"].lower().replace("_", "-"): entry["version"] for entry in json.loads(listing)}


def _lines(command: Sequence[str]) -> Iterator[str]:
    """Yield a command's output by line, and at last its exit status; end it when the reader stops early."""
    with subprocess.Popen(
        command,
        env=pip_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            yield from process.stdout or ()
            yield str(process.wait())
        finally:
            process.kill()


def pip_environment() -> dict[str, str]:
    """Return what pip may know of ours: what an engine may, its own settings and the way to the network."""
    return {name: value for name, value in os.environ.items() if is_allowed(name) or PIP_VARIABLES.match(name)}
