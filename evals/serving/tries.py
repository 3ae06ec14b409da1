"""What a pass leaves behind, before anybody has read it."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals.serving.streams import Ending


@dataclass(kw_only=True, slots=True, eq=False)
class Ask:
    """Hold one request on its way; all times in ns of the common clock.

    due_ns: when it should be sent, None in a closed loop; until the pass starts, it counts from there. refusals: sent
    and ended times, and statuses, of tries that the server refused. crossed: whether it was sent once more because the
    server closed an idle connection at that moment.
    """

    index: int
    message: bytes = field(repr=False)
    input_len: int | None
    output_len: int
    due_ns: int | None = None
    first_sent_ns: int | None = None
    tries: int = 0
    crossed: bool = False
    refusals: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Try:
    """Hold a request's last try as it came: reads and when each was there. fault: why nothing was sent."""

    ask: Ask
    sent_ns: int | None
    ended_ns: int
    stamps: list[int]
    reads: list[bytes] = field(repr=False)
    ending: Ending | None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Say what one process of the client had to do: seconds on the wall and of its own core, lags in ms.

    lags_ms: how late the event loop came to a regular appointment; late_ms: how late each request that had a time of
    its own was let go. opened: connections that were opened during the pass; read_early: answers that were read during
    the pass because storing them took too much memory.
    """

    wall_s: float
    cpu_s: float
    lags_ms: list[float]
    late_ms: list[float]
    opened: int
    read_early: int
