"""Read the end of a job's log: never more than a bounded piece, never a file outside the jobs' folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1 << 20


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


def read_tail(path: Path, lines: int) -> LogPiece:
    """Return the last `lines` lines, and no more than 1 MiB."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - MAX_BYTES))
        data = file.read(MAX_BYTES)
    kept = data.splitlines(keepends=True)[-lines:]
    return LogPiece(text=b"".join(kept).decode("utf-8", "replace"), next_offset=size)


def read_from(path: Path, offset: int) -> LogPiece:
    """Return what was written behind a byte offset, up to 1 MiB."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(MAX_BYTES)
    return LogPiece(text=data.decode("utf-8", "replace"), next_offset=offset + len(data))
