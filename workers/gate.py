"""The gate of a job that may stop early: the order of its run, and what the other side has stored meanwhile.

Nothing is written for the other side: each job judges both sides' stored answers itself, and a decision depends on
those and the order alone. So a job that was killed comes to the same one when it goes on, and so does the report.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from sqlalchemy.orm import Session

from db.claims import Claim
from db.jobs import JobRecord, jobs_of
from db.runs import get_run
from db.samples import responses_to
from db.session import transaction
from evals.accuracy.benchmark import Benchmark
from evals.accuracy.gate import Gate, tests_in
from evals.accuracy.order import Order, order_of, seed_for
from evals.pairing import Item
from evals.result import Response
from evals.spec import Role, Workload
from workers.sides import baseline_jobs

log = logging.getLogger(__name__)

_EVERY_S = 1.0


class StoredAnswers:
    """What another job has stored of a workload; while a `with` block runs, it is read by a thread of its own.

    Then nobody waits for Postgres: answers come one second after they were wanted, and while it is away there are none.
    """

    def __init__(self, job_id: str, workload: str) -> None:
        self._job_id = job_id
        self._workload = workload
        self._wanted: tuple[Item, ...] = ()
        self._found: list[Response] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name=f"other side {self._job_id}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def answers(self, wanted: Sequence[Item]) -> list[Response]:
        """Return answers to some of these items."""
        if self._thread is None:
            return self._read(tuple(wanted))
        with self._lock:
            self._wanted = tuple(wanted)
            found, self._found = self._found, []
        return found

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_S):
            try:
                with self._lock:
                    wanted = () if self._found else self._wanted
                found = self._read(wanted)
            except Exception:
                # The heartbeat ends a job whose database is away for too long; here the next second may do.
                log.exception("what job %s has answered was not read", self._job_id)
            else:
                with self._lock:
                    self._found += found

    def _read(self, wanted: tuple[Item, ...]) -> list[Response]:
        if not wanted:
            return []
        with transaction() as session:
            return responses_to(session, self._job_id, self._workload, wanted)


def gate_of(claim: Claim, workload: Workload, benchmark: Benchmark) -> tuple[Gate, StoredAnswers] | None:
    """Return the gate of a claimed job's workload with its other side, or None where it may not stop early."""
    role = claim.job.role
    if not workload.early_stop or role not in (Role.CANDIDATE, Role.BASELINE):
        return None
    with transaction() as session:
        other = _other_job(session, claim.job, workload)
    if other is None:
        return None
    answers = StoredAnswers(other.id, workload.name)
    order = order_of(benchmark.questions(), seed_for(claim.job.run_id, workload.name))
    tests = tests_in(claim.job.spec.workloads)
    return Gate(benchmark, workload, order=order, role=role, tests=tests, other=answers), answers


def order_fact(workload: Workload) -> str:
    """Return under which of a job's facts the order of a workload stands."""
    return f"order:{workload.name}"


def recorded_order(candidate: JobRecord, baseline: JobRecord | None, workload: Workload) -> Order | None:
    """Return the order in which a run asked a workload; None when it could not stop early.

    A baseline's counts only where the candidate could stop early: a stored one may be of a run that could.
    """
    jobs = [candidate, *([baseline] if baseline is not None and workload.early_stop else [])]
    told: list[dict[str, Any]] = [job.facts[order_fact(workload)] for job in jobs if order_fact(workload) in job.facts]
    return Order.from_json(told[0]) if told else None


def _other_job(session: Session, job: JobRecord, workload: Workload) -> JobRecord | None:
    jobs = {one.role: one for one in jobs_of(session, job.run_id)}
    if job.role is Role.BASELINE:
        return jobs.get(Role.CANDIDATE)
    return baseline_jobs(session, get_run(session, job.run_id).submission, jobs).get(workload.name)
