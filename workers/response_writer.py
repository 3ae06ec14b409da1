"""Save what engines answer as it arrives, in small batches, without holding up the requests in flight."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.jobs import Lease
from db.observations import save_observed
from db.passes import save_pass
from db.samples import save_responses
from db.session import StorageError, transaction
from evals.accuracy.questions import Asked
from evals.duel.results import Pass
from evals.errors import PlumblineError
from evals.parity.records import Record, Tokenized
from evals.result import Response

log = logging.getLogger(__name__)

_PATIENCE_S = 60.0
"""How long saving is tried while Postgres is away; the heartbeat ends the job when its lease runs out before."""

Item = TypeVar("Item")


class Writer(Generic[Item]):
    """Write items from a thread of its own while a `with` block runs; the block's end waits for the last one.

    `check` raises in the job's thread what the writing met, first of all LeaseLostError.
    """

    batch = 200

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._error: PlumblineError | None = None
        self._thread = threading.Thread(target=self._run, name=f"answers {lease.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._items.put(None)
        self._thread.join()
        if kind is None:
            self.check()

    def put(self, item: Item) -> None:
        """Hand an item over; returns at once."""
        self._items.put(item)

    def check(self) -> None:
        """Raise what the writer met, if anything."""
        if self._error is not None:
            raise self._error

    def save(self, session: Session, items: Sequence[Item]) -> None:
        """Save a batch under the lease."""
        raise NotImplementedError

    def _run(self) -> None:
        open_ = True
        while open_ and self._error is None:
            batch = [self._items.get()]
            while len(batch) < self.batch and not self._items.empty():
                batch.append(self._items.get())
            open_ = None not in batch
            try:
                self._save([item for item in batch if item is not None])
            except PlumblineError as error:
                self._error = error
            except Exception as error:
                # Unsaved answers must never pass for saved ones, whatever kept them from being saved.
                log.exception("answers of %s were not saved", self._lease.job_id)
                self._error = StorageError(
                    f"answers cannot be saved: {type(error).__name__}: {error}"[:500],
                    remedy="look at the worker's log and at Postgres; the job is tried again by itself",
                )

    def _save(self, items: Sequence[Item]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                with transaction() as session:
                    return self.save(session, items)
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)


class ResponseWriter(Writer[tuple[str, Asked, Response]]):
    """Write (workload, what was asked, response)."""

    def save(self, session: Session, items: Sequence[tuple[str, Asked, Response]]) -> None:
        """Save responses with the prompts they answer."""
        prompts = {asked.prompt_sha256: asked.prompt for _, asked, _ in items}
        save_responses(session, self._lease, [(workload, response) for workload, _, response in items], prompts)


class ObservationWriter(Writer[tuple[str, Record | Tokenized]]):
    """Write (workload, what was heard); the items may be megabytes each."""

    batch = 16

    def save(self, session: Session, items: Sequence[tuple[str, Record | Tokenized]]) -> None:
        """Save what was heard by workload."""
        for workload in dict.fromkeys(name for name, _ in items):
            save_observed(session, self._lease, workload, [heard for name, heard in items if name == workload])


class PassWriter(Writer[tuple[str, Pass, bytes]]):
    """Write (workload, pass, what its client recorded)."""

    batch = 4

    def save(self, session: Session, items: Sequence[tuple[str, Pass, bytes]]) -> None:
        """Save passes one by one."""
        for workload, done, raw in items:
            save_pass(session, self._lease, workload, done, raw)
