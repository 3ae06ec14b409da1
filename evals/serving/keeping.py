"""Finished tries, kept as bytes until the pass is over, as far as memory allows."""

from __future__ import annotations

from collections import deque

from evals.serving.load import Endpoint
from evals.serving.reading import record_of
from evals.serving.record import Record
from evals.serving.tries import Try


class Kept:
    """Keep tries; read the oldest at once when all of them hold more than budget_bytes.

    Reading takes the time of the event loop, which the lags show; read_early counts how often that was.
    """

    def __init__(self, endpoint: Endpoint, *, budget_bytes: int) -> None:
        self.read_early = 0
        self._endpoint = endpoint
        self._budget = budget_bytes
        self._held = 0
        self._tries: deque[tuple[int, Try]] = deque()
        self._records: list[Record] = []

    def add(self, one: Try) -> None:
        """Keep a try."""
        size = sum(map(len, one.reads))
        self._held += size
        self._tries.append((size, one))
        while self._held > self._budget:
            self.read_early += 1
            self._read_oldest()

    def records(self) -> list[Record]:
        """Read what is left, and return everything in the order of the requests."""
        while self._tries:
            self._read_oldest()
        return sorted(self._records, key=lambda record: record.index)

    def _read_oldest(self) -> None:
        size, one = self._tries.popleft()
        self._held -= size
        self._records.append(record_of(one, self._endpoint))
