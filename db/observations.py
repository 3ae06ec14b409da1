"""What parity workloads heard: stored as it arrives, and put together again for who judges or goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.codec import from_json
from db.jobs import Lease
from db.packing import packed, unpacked
from db.samples import require_lease
from db.tables import StoredObservation
from evals.parity.records import Observation, Record, Tokenized

_RECORD, _TOKENS, _END = "record", "tokens", "end"


def save_observed(session: Session, lease: Lease, workload: str, heard: Iterable[Record | Tokenized]) -> None:
    """Save what was heard of some prompts; what is known already is replaced.

    Raises LeaseLostError, and saves nothing, when the job belongs to another worker.
    """
    require_lease(session, lease)
    _put(session, lease, workload, ((_kind(item), item.prompt, asdict(item)) for item in heard))


def end_observation(session: Session, lease: Lease, workload: str, whole: Observation) -> None:
    """Note that nothing is left to hear, with what concerns the whole; raises LeaseLostError like every write."""
    require_lease(session, lease)
    about = {name: dict(getattr(whole, name)) for name in ("left_out", "facts", "notes", "limits")}
    _put(session, lease, workload, [(_END, "", about)])


def forget_observation(session: Session, lease: Lease, workload: str) -> None:
    """Delete what a workload has heard; raises LeaseLostError like every write."""
    require_lease(session, lease)
    session.execute(delete(StoredObservation).where(*_of(lease.job_id, workload)))


def observation_of(session: Session, job_id: str, workload: str) -> Observation:
    """Return what a workload has heard so far, in the order of kinds and prompts."""
    rows = session.execute(
        select(StoredObservation.kind, StoredObservation.body)
        .where(*_of(job_id, workload))
        .order_by(StoredObservation.kind, StoredObservation.prompt)
    ).all()
    bodies = [(kind.partition(" ")[0], unpacked(body)) for kind, body in rows]
    about: dict[str, dict[str, Any]] = next((body for kind, body in bodies if kind == _END), {})
    return Observation(
        records=tuple(from_json(Record, body) for kind, body in bodies if kind == _RECORD),
        tokenized=tuple(from_json(Tokenized, body) for kind, body in bodies if kind == _TOKENS),
        **about,
    )


def is_observed(session: Session, job_id: str, workload: str) -> bool:
    """Tell whether a workload has heard everything."""
    ended = exists().where(*_of(job_id, workload), StoredObservation.kind == _END)
    return bool(session.scalar(select(ended)))


def _of(job_id: str, workload: str) -> tuple[Any, Any]:
    return StoredObservation.job_id == job_id, StoredObservation.workload == workload


def _kind(item: Record | Tokenized) -> str:
    return f"{_RECORD} {item.mode}" if isinstance(item, Record) else f"{_TOKENS} {item.form}"


def _put(session: Session, lease: Lease, workload: str, parts: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    rows = [
        {
            "job_id": lease.job_id,
            "workload": workload,
            "kind": kind,
            "prompt": prompt,
            "attempt": lease.attempt,
            "body": packed(body),
        }
        for kind, prompt, body in parts
    ]
    if not rows:
        return
    statement = insert(StoredObservation)
    changed = {name: statement.excluded[name] for name in ("attempt", "body")}
    key = ["job_id", "workload", "kind", "prompt"]
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), rows)
