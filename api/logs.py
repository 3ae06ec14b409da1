"""Read the end of a job's log: never more than a bounded piece, never a file outside the jobs' folder."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from api.problems import HttpError
from db.jobs import JobRecord
from evals.scrubbing import scrub

MAX_BYTES = 1 << 20

RESTS_AFTER_S = 2.0
"""After so long without a further byte a log's last line counts as whole."""


@dataclass(frozen=True, kw_only=True)
class LogPiece:
    """A piece of a log and the byte offset at which what follows will begin."""

    text: str
    next_offset: int


def find_log(path: str | None, root: Path) -> Path | None:
    """Return the log file's real path, or None unless it is a plain file below `root`."""
    if not path or "\x00" in path:
        return None
    try:
        real = (root / path).resolve(strict=True)
        home = root.resolve(strict=True)
    except OSError:
        return None
    return real if real.is_relative_to(home) and real.is_file() else None


def log_of(job: JobRecord, root: Path) -> Path:
    """Return a job's log file; raise HttpError that says where it is, or that there is none yet."""
    path = find_log(job.log_path, root)
    if path is not None:
        return path
    if job.log_path is None:
        raise HttpError("no_log", f"job {job.id} has no log yet", remedy="wait until its engine is launched")
    where = f"on the host of the worker {job.worker}" if job.worker else "on the worker's host"
    raise HttpError("no_log", f"the log of job {job.id} is not on this host", remedy=f"look {where}")


def read_tail(path: Path, lines: int) -> LogPiece:
    """Return the last `lines` lines, and no more than 1 MiB, without what looks like a secret."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - MAX_BYTES))
        data = file.read(MAX_BYTES)
    found = data.splitlines(keepends=True)
    if size > MAX_BYTES and len(found) > 1:
        found = found[1:]  # the first one lacks its beginning, by which a secret would be known
    return LogPiece(text=scrub(b"".join(found[-lines:]).decode("utf-8", "replace")), next_offset=size)


def read_from(path: Path, offset: int) -> LogPiece:
    """Return what was written behind a byte offset, up to 1 MiB, without what looks like a secret.

    A line that is still being written is left for the next piece: half a secret is known by nothing.
    """
    with path.open("rb") as file:
        resting = time.time() - os.fstat(file.fileno()).st_mtime > RESTS_AFTER_S
        file.seek(offset)
        data = file.read(MAX_BYTES)
    whole = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    if whole and not (resting and len(data) < MAX_BYTES):
        data = data[:whole]
    elif not resting and len(data) < MAX_BYTES:
        data = b""
    return LogPiece(text=scrub(data.decode("utf-8", "replace")), next_offset=offset + len(data))
