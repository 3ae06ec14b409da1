"""When a lineage's newest result no longer tells how things stand: it is old, or the engine has moved on since."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from evals.formatting import plural

STALE_AFTER = timedelta(days=14)
"""How long a result speaks for its lineage: two weeks of nights without one are no accident."""

_RELEASE = re.compile(r"v?(\d+(?:\.\d+)*)")


def why_stale(*, finished_at: datetime, now: datetime, version: str | None, newest: str | None) -> str | None:
    """Return why a lineage's newest result is stale; None while it speaks for its lineage.

    version: of the engine that measured it. newest: the newest release of that engine which any lineage was measured
    with (see `newest_release`). Age is named first.
    """
    if now - finished_at > STALE_AFTER:
        return f"no result for {plural((now - finished_at).days, 'day')}"
    ours, theirs = _release(version), _release(newest)
    if ours is not None and theirs is not None and ours < theirs:
        return f"measured with {version}; {newest} was measured elsewhere since"
    return None


def newest_release(versions: Iterable[str | None]) -> str | None:
    """Return the newest of some versions by their release numbers; None when none of them has such a number."""
    known = [(release, version) for version in versions if version and (release := _release(version)) is not None]
    return max(known)[1] if known else None


def _release(version: str | None) -> tuple[int, ...] | None:
    """Return a version's release without what follows it ("0.5.10rc1+g1a" is 0.5.10), trailing zeros left out."""
    found = _RELEASE.match(version or "")
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
