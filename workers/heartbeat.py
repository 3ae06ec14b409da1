"""A job's heartbeat: it renews the lease, carries the progress out and the wish to cancel in."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Any, Self

from sqlalchemy.exc import OperationalError

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
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat {lease.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def show(self, workload: str, progress: dict[str, Any]) -> None:
        """Note a workload's progress; the next beat carries it to the database."""
        self._progress = {**self._progress, workload: progress}

    def check(self) -> None:
        """Raise the reason to stop, if there is one."""
        if self._verdict is not None:
            raise self._verdict

    def should_stop(self) -> bool:
        """Raise the reason to stop, if there is one; otherwise return False (the form that a launch asks for)."""
        self.check()
        return False

    def _run(self) -> None:
        last_success = time.monotonic()
        while True:
            if self._beat():
                last_success = time.monotonic()
            elif time.monotonic() - last_success > self._lease_s:
                self._verdict = LeaseLostError(
                    "the database has not answered for the length of the lease",
                    remedy="check Postgres; the job goes on by itself once a worker can reach it",
                )
            if self._verdict is not None or self._ended.wait(self._every_s):
                # The last beat leaves the final progress behind.
                if self._verdict is None:
                    self._beat()
                return

    def _beat(self) -> bool:
        try:
            with transaction() as session:
                cancelled = renew_lease(session, self._lease, lease_s=self._lease_s, progress=self._progress)
        except LeaseLostError as error:
            self._verdict = error
            return True
        except OperationalError as error:
            log.warning("the lease of %s was not renewed: %s", self._lease.job_id, error)
            return False
        if cancelled:
            self._verdict = CancelledError("the run was cancelled", remedy="submit it again, or `plumbline retry`")
        return True
