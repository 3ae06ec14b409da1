"""Run the model in a thread of its own: take requests from a queue, keep the batch full, hand events back."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from .requests import Event, FailureEvent, Finish, GenerationRequest, TokenEvent

logger = logging.getLogger(__name__)


class Batch(Protocol):
    """What the scheduler needs from a way of batching; used by the scheduler's thread alone."""

    name: str

    @property
    def capacity(self) -> int:
        """How many requests may join now."""

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""

    def admit(self, requests: Sequence[GenerationRequest]) -> Iterator[list[Event]]:
        """Let requests join, and yield what their prompts give."""

    def step(self) -> list[Event]:
        """Advance the running requests."""

    def abort(self, rid: str) -> bool:
        """Take a request out; tell whether it was here."""

    def fail(self, error: Exception) -> list[Event]:
        """End every running request, for a step that failed as a whole."""


class Scheduler:
    """Feed one batch from one queue; every method but the thread's own may be called from any thread."""

    def __init__(self, deliver: Callable[[list[Event]], None]) -> None:
        self._deliver = deliver
        self._commands: queue.SimpleQueue[GenerationRequest | str | None] = queue.SimpleQueue()
        self._waiting: deque[GenerationRequest] = deque()
        self._batch: Batch | None = None
        self._stopping = False

    def start(self, build: Callable[[], Batch], ready: Callable[[BaseException | None], None]) -> threading.Thread:
        """Start the thread: it builds the batch, says so, and works until `stop`."""
        thread = threading.Thread(target=self._main, args=(build, ready), name="model", daemon=True)
        thread.start()
        return thread

    def submit(self, request: GenerationRequest) -> None:
        """Queue a request."""
        self._commands.put(request)

    def abort(self, rid: str) -> None:
        """End a request, wherever it is; an unknown id is ignored."""
        self._commands.put(rid)

    def stop(self) -> None:
        """Leave the thread after its current step."""
        self._commands.put(None)

    def counts(self) -> dict[str, int]:
        """Return how many requests wait and how many more could run at once."""
        return {"waiting": len(self._waiting), "free": self._batch.capacity if self._batch else 0}

    def _main(self, build: Callable[[], Batch], ready: Callable[[BaseException | None], None]) -> None:
        try:
            self._batch = build()
        except BaseException as error:  # noqa: BLE001  # the main thread ends the process with it
            ready(error)
            return
        ready(None)
        while not self._stopping:
            self._work(self._batch)

    def _work(self, batch: Batch) -> None:
        self._take_commands(batch, wait=not (self._waiting or batch.busy))
        joining = [self._waiting.popleft() for _ in range(min(batch.capacity, len(self._waiting)))]
        try:
            if joining:
                for events in batch.admit(joining):
                    self._deliver(events)
            if batch.busy and (events := batch.step()):
                self._deliver(events)
        except Exception as error:
            logger.exception("the batch failed")
            self._deliver(batch.fail(error))
            self._deliver([FailureEvent(rid=request.rid, message=f"the model failed: {error}") for request in joining])

    def _take_commands(self, batch: Batch, wait: bool) -> None:
        while True:
            try:
                command = self._commands.get(block=wait)
            except queue.Empty:
                return
            wait = False
            if command is None:
                self._stopping = True
            elif isinstance(command, GenerationRequest):
                self._waiting.append(command)
            else:
                self._abort(batch, command)

    def _abort(self, batch: Batch, rid: str) -> None:
        waiting = [request for request in self._waiting if request.rid == rid]
        for request in waiting:
            self._waiting.remove(request)
        if batch.abort(rid) or waiting:
            self._deliver([TokenEvent(rid=rid, finish=Finish(kind="abort"))])
