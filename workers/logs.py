"""Read the end of an engine's log, without its secrets and without loading the whole file."""

from __future__ import annotations

from pathlib import Path

from evals.scrubbing import HIDDEN as HIDDEN
from evals.scrubbing import SECRETS as SECRETS
from evals.scrubbing import scrub as scrub

MAX_BYTES = 256 * 1024


def tail(path: Path, *, lines: int = 200, start: int = 0) -> list[str]:
    """Return the last lines of a file from byte `start` on, scrubbed; [] when there is no file."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            begin = max(start, end - MAX_BYTES)
            file.seek(begin)
            text = file.read(MAX_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return []
    found = text.replace("\r", "\n").splitlines()
    if begin > start:
        found = found[1:]  # the first one lacks its beginning
    return [scrub(line) for line in found[-lines:]]
