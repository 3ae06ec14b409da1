"""What leaves a workload's question open although all that was compared is right: it was not asked, or not that way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.formatting import one_line, plural
from evals.outcome import Verdict
from evals.parity.findings import ParityCheck
from evals.parity.judging.pairing import records_of
from evals.parity.judging.positions import group_of
from evals.parity.judging.severity import worst_of
from evals.parity.judging.sides import MOST_WITHOUT_ROOM, room_words
from evals.parity.records import CHUNK, REFUSED, RUNNING, Observation
from evals.parity.settings import ParitySettings

IMAGE = "image"
"""The group of prompts with images."""


def opened(check: ParityCheck, reasons: Sequence[str]) -> ParityCheck:
    """Return a check that cannot pass, for these reasons; the same check when there are none."""
    if not reasons:
        return check
    verdict = worst_of([check.verdict, Verdict.INCONCLUSIVE])
    return replace(check, verdict=verdict, reasons=(*check.reasons, *reasons))


def not_asked(settings: ParitySettings, sides: Sequence[Observation], lost: Sequence[str]) -> tuple[str, ...]:
    """Say what a workload wanted to know and did not hear of all sides.

    sides: the candidate, and what it is held against. lost: prompts that one side alone had no room for.
    """
    reasons = [] if not settings.images else list(_without_images(sides))
    refused = {name: why for side in sides for name, why in side.left_out.items() if why.startswith(REFUSED)}
    if refused:
        first = next(iter(refused))
        reasons.append(
            f"{plural(len(refused), 'prompt')} got no answer (first: {one_line(first, 80)}, "
            f"{one_line(refused[first], 160)})"
        )
    if len(lost) > MOST_WITHOUT_ROOM:
        reasons.extend(room_words(lost))
    return tuple(reasons)


def _without_images(sides: Sequence[Observation]) -> tuple[str, ...]:
    if set.intersection(*({name for name in records_of(side) if group_of(name) == IMAGE} for side in sides)):
        return ()
    reasons = [why for side in sides for name, why in side.left_out.items() if group_of(name) == IMAGE]
    because = f": {one_line(reasons[0], 160)}" if reasons else ""
    return (f"no prompt with images was answered by both sides{because}",)


def alone_in_its_batch(candidate: Observation) -> tuple[str, ...]:
    """Say that a candidate never had a batch of many; nothing when it may have had one."""
    if candidate.limits.get(RUNNING) != 1:
        return ()
    return ("the candidate runs one request at a time (max_running_requests), so that there was no batch of many",)


def no_chunks(chunked: Observation, candidate: Observation) -> tuple[str, ...]:
    """Say why a server's prefill was not in smaller chunks than the candidate's own; nothing when it was."""
    size, own = chunked.limits.get(CHUNK), candidate.limits.get(CHUNK)
    if size is None:
        return ("the server with small prefill chunks does not say how large they are",)
    if size <= 0:
        return ("the server that was to prefill in chunks prefills whole prompts",)
    if own is not None and 0 < own <= size:
        return (f"its prefill chunk of {size:,} tokens is not smaller than the candidate's own of {own:,}",)
    return ()


def not_compared(settings: ParitySettings, checks: Sequence[ParityCheck]) -> tuple[str, ...]:
    """Say how the candidate was not compared with itself."""
    if not settings.self_checks:
        return ("the candidate was not compared with itself: the workload does not ask for it",)
    names = {check.name for check in checks}
    words = []
    if "cache" not in names:
        words.append("the candidate keeps no prefix cache: cached and cold were not compared")
    if "chunk" not in names:
        words.append("prefill in chunks was not compared: no server with small chunks was measured")
    return tuple(words)
