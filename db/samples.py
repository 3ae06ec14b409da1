"""Responses and scores: written under a lease, each exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from db.jobs import Lease
from db.states import JobState
from db.storable import storable
from db.tables import Job, Prompt, StoredObservation, StoredResponse, StoredScore
from evals.errors import LeaseLostError
from evals.result import Response, SampleKey, Score

_KEY = ("job_id", "workload", "task", "doc_id", "request_index", "repeat")


def save_responses(
    session: Session,
    lease: Lease,
    responses: Iterable[tuple[str, Response]],
    prompts: Mapping[str, str],
    *,
    reused_from: str | None = None,
) -> None:
    """Save (workload, response) pairs and the prompts they answer (SHA-256 to text); a known one is left as it is,
    unless it answered another request.

    reused_from: the job that asked for them, when it was another.
    Raises LeaseLostError, and saves nothing, when the job belongs to another worker.
    """
    require_lease(session, lease)
    rows = [
        {
            "job_id": lease.job_id,
            "attempt": lease.attempt,
            "workload": workload,
            "reused_from": reused_from,
            **_columns(response),
        }
        for workload, response in responses
    ]
    if prompts:
        known = insert(Prompt).on_conflict_do_nothing(index_elements=["sha256"])
        session.execute(known, [{"sha256": sha, "text": storable(text)} for sha, text in sorted(prompts.items())])
    if rows:
        session.execute(_unless_known(), rows)


def _unless_known() -> Insert:
    """Return the INSERT that leaves an answer as it is, unless it is one to another request."""
    statement = insert(StoredResponse)
    changed = {
        column.name: statement.excluded[column.name]
        for column in StoredResponse.__table__.columns
        if column.name not in _KEY
    }
    return statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_=changed,
        where=StoredResponse.request_sha256.is_distinct_from(statement.excluded.request_sha256),
    )


def save_scores(session: Session, lease: Lease, workload: str, scores: Sequence[Score]) -> None:
    """Replace a workload's scores; raises LeaseLostError when the job belongs to another worker."""
    require_lease(session, lease)
    session.execute(delete(StoredScore).where(StoredScore.job_id == lease.job_id, StoredScore.workload == workload))
    rows = [{"job_id": lease.job_id, "workload": workload, **storable(asdict(score))} for score in scores]
    if rows:
        session.execute(insert(StoredScore), rows)


def add_scores(session: Session, job_id: str, workload: str, scores: Sequence[Score]) -> None:
    """Add the scores of a job that has ended; those it has already stay as they are."""
    rows = [{"job_id": job_id, "workload": workload, **storable(asdict(score))} for score in scores]
    if rows:
        session.execute(insert(StoredScore).on_conflict_do_nothing(), rows)


def forget_responses(session: Session, lease: Lease) -> None:
    """Delete a job's responses, scores and observations; raises LeaseLostError when another worker holds the job."""
    require_lease(session, lease)
    session.execute(delete(StoredScore).where(StoredScore.job_id == lease.job_id))
    session.execute(delete(StoredObservation).where(StoredObservation.job_id == lease.job_id))
    session.execute(delete(StoredResponse).where(StoredResponse.job_id == lease.job_id))


def responses_of(session: Session, job_id: str, workload: str) -> list[Response]:
    """Return all responses of a workload."""
    query = select(StoredResponse).where(StoredResponse.job_id == job_id, StoredResponse.workload == workload)
    return [response_of(row) for row in session.scalars(query)]


def responses_to(session: Session, job_id: str, workload: str, items: Sequence[tuple[str, int]]) -> list[Response]:
    """Return the responses of a workload to some items (task, doc_id), as far as there are any."""
    query = select(StoredResponse).where(
        StoredResponse.job_id == job_id,
        StoredResponse.workload == workload,
        tuple_(StoredResponse.task, StoredResponse.doc_id).in_(items),
    )
    return [response_of(row) for row in session.scalars(query)]


def scores_of(session: Session, job_id: str, workload: str) -> list[Score]:
    """Return all scores of a workload."""
    names = [field.name for field in fields(Score)]
    columns = [getattr(StoredScore, name) for name in names]
    query = select(*columns).where(StoredScore.job_id == job_id, StoredScore.workload == workload)
    return [_score(names, row) for row in session.execute(query)]


def _score(names: Sequence[str], values: Iterable[Any]) -> Score:
    """Return the score of a row without its constructor, whose cost a comparison of 28,000 of them feels."""
    score = object.__new__(Score)
    score.__dict__.update(zip(names, values, strict=True))
    return score


def require_lease(session: Session, lease: Lease) -> None:
    """Lock the job's row for the transaction, so that a lost lease and this write cannot pass each other."""
    query = select(Job.id).where(Job.id == lease.job_id, Job.lease_token == lease.token, Job.state == JobState.RUNNING)
    if session.scalar(query.with_for_update(read=True)) is None:
        raise LeaseLostError(f"job {lease.job_id} is no longer ours", remedy="nothing: another worker goes on with it")


def _columns(response: Response) -> dict[str, Any]:
    columns = asdict(response)
    key = columns.pop("key")
    return {**storable(columns), **key}


def score_of(row: StoredScore) -> Score:
    """Turn a row into a score."""
    return Score(**{field.name: getattr(row, field.name) for field in fields(Score)})


def response_of(row: StoredResponse) -> Response:
    """Turn a row into a response."""
    key = SampleKey(task=row.task, doc_id=row.doc_id, request_index=row.request_index, repeat=row.repeat)
    return Response(
        key=key,
        prompt_sha256=row.prompt_sha256,
        text=row.text,
        finish_reason=row.finish_reason,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        sent_at=row.sent_at,
        ended_at=row.ended_at,
        attempts=row.attempts,
        request_sha256=row.request_sha256,
        reasoning=row.reasoning,
        log_probabilities=None if row.log_probabilities is None else tuple(row.log_probabilities),
        greedy=None if row.greedy is None else tuple(row.greedy),
    )
