"""A job's heartbeat: it renews the lease, carries the progress out and the wish to cancel in."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Any, Self

from db.jobs import Lease, renew_lease
from db.session import transaction
from evals.errors import CancelledError, LeaseLostError, PlumblineError

log = logging.getLogger(__name__)


class Heartbeat:
    """Renew a lease from a thread of its own while a `with` block runs.

    `check` raises in the job's thread what the heartbeat has learnt: CancelledError, or LeaseLostError when
    another worker owns the job or the database has been silent for the whole length of the lease.
    """

    def __init__(self, lease: Lease, *, lease_s: float, every_s: float) -> None:
        self._lease = lease
        self._lease_s = lease_s
        self._every_s = every_s
        self._progress: dict[str, Any] = {}
        self._verdict: PlumblineError | None = None
        self._last_success = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat {lease.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(self._lease_s)

    def show(self, workload: str, progress: dict[str, Any]) -> None:
        """Note a workload's progress; the next beat carries it to the database."""
        self._progress = {**self._progress, workload: progress}

    def check(self) -> None:
        """Raise the reason to stop, if there is one.

        The silence is measured here and not in the thread, which may itself hang in a broken connection.
        """
        if self._verdict is not None:
            raise self._verdict
        if time.monotonic() - self._last_success > self._lease_s:
            raise LeaseLostError(
                "the lease could not be renewed for its whole length",
                remedy="check Postgres; the job goes on by itself once a worker can reach it",
            )

    def should_stop(self) -> bool:
        """Raise the reason to stop, if there is one; otherwise return False (the form that a launch asks for)."""
        self.check()
        return False

    def _run(self) -> None:
        while True:
            self._beat()
            if self._verdict is not None or self._ended.wait(self._every_s):
                # The last beat leaves the final progress behind.
                if self._verdict is None:
                    self._beat()
                return

    def _beat(self) -> None:
        try:
            with transaction() as session:
                cancelled = renew_lease(session, self._lease, lease_s=self._lease_s, progress=self._progress)
        except LeaseLostError as error:
            self._verdict = error
        except Exception:
            # Whatever it was, the next beat may succeed; `check` ends the job when none does for too long.
            log.exception("the lease of %s was not renewed", self._lease.job_id)
        else:
            self._last_success = time.monotonic()
            if cancelled:
                self._verdict = CancelledError("the run was cancelled", remedy="submit it again, or `plumbline retry`")
