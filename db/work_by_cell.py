"""What is being measured now and what could not be measured lately, by model, workload and engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Text, cast, select
from sqlalchemy.orm import Session

from db.codec import from_json
from db.states import JobState
from db.tables import Job
from evals.fingerprinting import model_name, workload_key
from evals.spec import JobSpec, Role

_MEASURES = (Role.CANDIDATE.value, Role.DUEL.value)
_MOST = 500


@dataclass(frozen=True, kw_only=True)
class CellWork:
    """A job as one workload of it sees it; failed_at: None while it waits or runs."""

    model: str
    workload_key: str
    engine: str
    run_id: str
    state: JobState
    failed_at: datetime | None


def open_work(session: Session) -> list[CellWork]:
    """Return what waits and runs for the candidates' side, the newest first."""
    states = (JobState.QUEUED.value, JobState.RUNNING.value)
    return _work(session, select(Job).where(Job.state.in_(states)))


def failed_work(session: Session, since: datetime) -> list[CellWork]:
    """Return what failed of jobs made since a time, the newest first."""
    return _work(session, select(Job).where(Job.state == JobState.FAILED, Job.created_at >= since))


def _work(session: Session, query: Select[Any]) -> list[CellWork]:
    columns = query.where(Job.role.in_(_MEASURES)).order_by(Job.created_at.desc()).limit(_MOST)
    spec = cast(Job.spec, Text).label("spec")
    wanted = columns.with_only_columns(Job.run_id, spec, Job.state, Job.finished_at)
    return [work for row in session.execute(wanted) for work in _cells(row)]


def _cells(row: Any) -> Sequence[CellWork]:
    state = JobState(row.state)
    failed_at = row.finished_at if state is JobState.FAILED else None
    return [
        CellWork(model=model, workload_key=key, engine=engine, run_id=row.run_id, state=state, failed_at=failed_at)
        for model, key, engine in _places(row.spec)
    ]


@lru_cache(maxsize=2048)
def _places(spec: str) -> tuple[tuple[str, str, str], ...]:
    """Return the model, workload and engine of each workload of a job; hashing them anew would take most of a page."""
    asked = from_json(JobSpec, json.loads(spec))
    return tuple((model_name(asked.model), workload_key(one), asked.engine.kind) for one in asked.workloads)
