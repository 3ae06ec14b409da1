"""How many requests to keep in flight: numbers in, a limit out, no clock and no engine in here.

Both controllers start with a moderate limit and are told what was seen, about twice a second. `QueueController` is for
engines that report how many requests run and wait: it sends more as long as nothing waits, and keeps a small queue
so that the engine never starves. `RateController` is for all others: it doubles the limit while that brings more
answers per second, goes back when it does not, and halves it while that costs none. Answers with 429 or 503 lower the
limit under both.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST = 512
"""More in flight than this gains nothing on engines of today and costs connections."""

_SPARE_S = 0.5
_QUIET_WINDOWS = 10
_GAIN, _SAME = 1.2, 0.95
_NEARLY_ALL = 0.75
_LEAST = 4
_SHORTEST_WINDOW_S = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Say what an engine is doing: how many requests it runs, and how many wait in its queue."""

    running: int
    waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Say what was seen up to a moment (`at_s`): answers and refusals so far, requests in flight, the engine's load."""

    at_s: float
    completed: int
    refused: int
    in_flight: int
    load: Load | None = None


class QueueController:
    """Keep the engine's queue short and never empty; most: never more in flight than this."""

    def __init__(self, *, most: int, start: int = 64) -> None:
        self.most = min(most, MOST)
        self.limit = min(start, self.most)
        self._ramping = True
        self._grown: Reading | None = None
        self._rate = 0.0
        self._before: Reading | None = None

    def observe(self, now: Reading) -> None:
        """Set `limit` from what was seen."""
        before, self._before = self._before, now
        if before is None:
            return
        if now.refused > before.refused:
            self._ramping = False
            self.limit = max(1, min(self.limit, now.in_flight) // 2)
        elif now.load is not None:
            self._follow(now, now.load, _rate(before, now))

    def _follow(self, now: Reading, load: Load, rate: float) -> None:
        spare = spare_requests(load.running, rate)
        if load.waiting > spare:
            self._ramping = False
            self.limit = min(self.limit, max(1, now.in_flight - (load.waiting - spare)))
        elif load.waiting <= spare // 2 and now.in_flight >= self.limit and self._could_use_more(now, load):
            step = self.limit if self._ramping else max(1, self.limit // 8)
            self.limit = min(self.most, self.limit + step)

    def _could_use_more(self, now: Reading, load: Load) -> bool:
        """Tell whether the engine runs nearly all it has, or answers quicker than before the last growth.

        What has been sent may be neither running nor waiting yet, when the engine is too busy to look at it.
        """
        grown = self._grown
        if load.running >= _NEARLY_ALL * now.in_flight:
            self._grown = now
            return True
        if grown is None or now.completed - grown.completed < self.limit:
            self._grown = grown or now
            return False
        before, self._rate, self._grown = self._rate, _rate(grown, now), now
        return self._rate >= _GAIN * before


def spare_requests(running: int, rate: float) -> int:
    """Return how many requests may wait: a quarter of those that run, or what the engine answers in half a second.

    The time matters for requests of one prefill: they run so briefly that a full batch of them counts as waiting.
    """
    return max(4, min(32, running // 4), int(rate * _SPARE_S))


class RateController:
    """Climb while that brings more answers per second, descend while it costs none; most: never more in flight."""

    def __init__(self, *, most: int = MOST, start: int = 32) -> None:
        self.most = min(most, MOST)
        self.limit = min(start, self.most)
        self._ceiling = self.most
        self._refused = 0
        self._mark: Reading | None = None
        self._settled = False
        self._before: tuple[int, float] | None = None
        self._descend_next = False
        self._quiet = 0

    def observe(self, now: Reading) -> None:
        """Set `limit` from what was seen."""
        if now.refused > self._refused:
            self._refused = now.refused
            self._back_off(now)
        elif self._mark is None:
            self._mark = now if now.completed else None
        elif self._window_is_over(now, self._mark):
            rate, settled = _rate(self._mark, now), self._settled
            self._mark, self._settled = now, True
            if settled:
                self._judge(rate)

    def _window_is_over(self, now: Reading, mark: Reading) -> bool:
        """Tell whether every request in flight has had its turn, so that the answers come from this limit."""
        return now.completed - mark.completed >= self.limit and now.at_s - mark.at_s >= _SHORTEST_WINDOW_S

    def _judge(self, rate: float) -> None:
        if self._ceiling < self.most:
            self._move(min(self._ceiling, self.limit + max(1, self.limit // 8)))
        elif self._before is not None:
            self._judge_probe(rate, *self._before)
        elif self._descend_next:
            self._descend(rate)
        elif self._quiet:
            self._quiet -= 1
        else:
            self._climb(rate)

    def _judge_probe(self, rate: float, limit: int, earlier_rate: float) -> None:
        """Go on in the probe's direction if it was right, else go back to the limit before it."""
        climbed = self.limit > limit
        self._before = None
        if rate >= (_GAIN if climbed else _SAME) * earlier_rate:
            (self._climb if climbed else self._descend)(rate)
        else:
            self._move(limit)
            self._descend_next, self._quiet = climbed, _QUIET_WINDOWS

    def _climb(self, rate: float) -> None:
        self._probe(min(self.most, 2 * self.limit), rate)

    def _descend(self, rate: float) -> None:
        self._descend_next, self._quiet = False, _QUIET_WINDOWS
        self._probe(max(min(_LEAST, self.limit), self.limit // 2), rate)

    def _probe(self, limit: int, rate: float) -> None:
        if limit != self.limit:
            self._before = (self.limit, rate)
            self._move(limit)

    def _back_off(self, now: Reading) -> None:
        """Halve, and stay below the number that was refused."""
        refused = max(1, min(self.limit, now.in_flight))
        self._ceiling = max(1, min(self._ceiling, refused - 1))
        self._before = None
        self._descend_next = False
        self._move(max(1, refused // 2))
        self._mark = now

    def _move(self, limit: int) -> None:
        if limit != self.limit:
            self.limit, self._settled = limit, False


def _rate(before: Reading, now: Reading) -> float:
    passed_s = now.at_s - before.at_s
    return (now.completed - before.completed) / passed_s if passed_s > 0 else 0.0
