"""Python environments of other load generators, made on demand below PLUMBLINE_HOME."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from db.settings import settings

_LIMIT_S = 1800


class NoPeerError(RuntimeError):
    """A peer cannot be installed, for the reason in the message."""


def environment_of(package: str, version: str) -> Path:
    """Return the folder of an environment with this package; install it when it is not there; raises NoPeerError."""
    folder = (settings().home / "peers" / f"{package}-{version}").absolute()
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    print(f"installing {package} {version} into {folder}", file=sys.stderr, flush=True)
    _run(sys.executable, "-m", "venv", str(folder))
    _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", f"{package}=={version}")
    (folder / "complete").touch()
    return folder


def _run(*words: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPeerError(str(error)) from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise NoPeerError(said[-1] if said else f"{words[0]} ended with exit status {done.returncode}")
