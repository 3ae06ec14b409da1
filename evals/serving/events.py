"""Server-sent events out of a body that came in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_DATA = b"data:"
DONE = b"[DONE]"


def events(pieces: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Yield each event's data and the time of the piece that completed it.

    pieces: times and bytes in order. Lines may end in LF, CRLF or CR; comments and other fields are left out; several
    data lines of an event are joined by LF, as the standard says.
    """
    left = b""
    for at_ns, piece in pieces:
        left += piece
        if b"\r" in left:
            left = _unified(left)
        *whole, left = left.split(b"\n\n")
        for event in whole:
            data = _data(event)
            if data is not None:
                yield at_ns, data


def _unified(text: bytes) -> bytes:
    """Return lines that end in LF; a CR at the end waits, for its LF may be still to come."""
    waits = text.endswith(b"\r")
    text = text[: -1 if waits else None].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text + b"\r" if waits else text


def _data(event: bytes) -> bytes | None:
    event = event.lstrip(b"\n")
    if event.startswith(_DATA) and b"\n" not in event:
        return event[len(_DATA) :].strip()
    lines = [line[len(_DATA) :].strip() for line in event.split(b"\n") if line.startswith(_DATA)]
    return b"\n".join(lines) if lines else None
