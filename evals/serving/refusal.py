"""A server that says it has no room now, and when to come back."""

from __future__ import annotations

from evals.serving.exact import Framing

_REFUSALS = {b"429": 429, b"503": 503}
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _LONGEST_WANTED_S = 0.5, 10.0, 60.0


def refusal(reads: list[bytes]) -> int | None:
    """Return the status of an answer that refuses for want of room, None for any other."""
    return _REFUSALS.get(reads[0][9:12]) if reads else None


def pause_s(reads: list[bytes], refusals: int) -> float:
    """Return how long to wait: what Retry-After asks for, within reason, else longer with each refusal."""
    framing = Framing()
    for read in reads:
        framing.feed(read)
    wanted = framing.headers.get(b"retry-after", b"")
    if wanted.isdigit():
        return min(float(wanted), _LONGEST_WANTED_S)
    return min(_FIRST_PAUSE_S * 2.0 ** (refusals - 1), _LONGEST_PAUSE_S)
