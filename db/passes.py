"""The passes of serving workloads: stored as each one ends, under the lease.

An attempt at a job begins its rounds anew; what earlier attempts measured stays to be read, and does not count.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.codec import from_json
from db.jobs import Lease
from db.packing import compressed, decompressed, packed, unpacked
from db.samples import require_lease
from db.tables import Job, StoredPass
from evals.duel.results import Pass


def save_pass(session: Session, lease: Lease, workload: str, done: Pass, raw: bytes) -> None:
    """Save a pass with what its client recorded of every request; the same pass again changes nothing.

    Raises LeaseLostError, and saves nothing, when the job belongs to another worker.
    """
    require_lease(session, lease)
    row = {
        "job_id": lease.job_id,
        "workload": workload,
        "attempt": lease.attempt,
        **_which(done),
        "body": packed(asdict(done)),
        "raw": compressed(raw),
    }
    session.execute(insert(StoredPass).on_conflict_do_nothing(), [row])


def passes_of(session: Session, job_id: str, workload: str, *, attempt: int | None = None) -> tuple[Pass, ...]:
    """Return the passes of one attempt at a job (None: the latest) in the order in which they began."""
    query = select(StoredPass.body).where(*_of(job_id, workload, attempt)).order_by(StoredPass.started_s)
    return tuple(from_json(Pass, unpacked(body)) for body in session.scalars(query))


def raw_of(session: Session, job_id: str, workload: str, done: Pass, *, attempt: int | None = None) -> bytes | None:
    """Return what the client recorded of every request of a pass, as it was saved; None for an unknown pass."""
    query = select(StoredPass.raw).where(*_of(job_id, workload, attempt)).filter_by(**_which(done))
    body = session.scalar(query)
    return None if body is None else decompressed(body)


def _of(job_id: str, workload: str, attempt: int | None) -> tuple[ColumnElement[bool], ...]:
    latest = select(Job.attempt).where(Job.id == job_id).scalar_subquery()
    wanted = StoredPass.attempt == (latest if attempt is None else attempt)
    return StoredPass.job_id == job_id, StoredPass.workload == workload, wanted


def _which(done: Pass) -> dict[str, Any]:
    return {name: getattr(done, name) for name in ("round", "level", "side", "started_s")}
