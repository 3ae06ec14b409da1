"""All that is stored of one side's answer to one item."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.sample_query import Item
from db.samples import response_of, score_of
from db.tables import Prompt, StoredResponse, StoredScore
from evals.result import Response, Score


@dataclass(frozen=True, kw_only=True)
class ItemSide:
    """One side's answer to an item with its judgement under every metric.

    response: None where nothing was answered; of an item of several requests the first. requests: how many there are.
    reused_from: the job that asked for the answer, when it was another.
    """

    job_id: str
    response: Response | None
    scores: tuple[Score, ...]
    prompt: str | None
    requests: int = 1
    reused_from: str | None = None


def item_side(session: Session, job_id: str, workload: str, item: Item, repeat: int) -> ItemSide:
    """Return what a job has of an item; "" is the job of a side that has none."""
    found = (
        session.execute(
            select(StoredResponse, Prompt.text)
            .outerjoin(Prompt, Prompt.sha256 == StoredResponse.prompt_sha256)
            .where(*_of(StoredResponse, job_id, workload, item, repeat))
            .order_by(StoredResponse.request_index)
        ).all()
        if job_id
        else []
    )
    row, prompt = found[0] if found else (None, None)
    return ItemSide(
        job_id=job_id,
        response=response_of(row) if row else None,
        scores=tuple(_scores(session, job_id, workload, item, repeat)),
        prompt=prompt,
        requests=len(found),
        reused_from=row.reused_from if row else None,
    )


def _scores(session: Session, job_id: str, workload: str, item: Item, repeat: int) -> list[Score]:
    rows = session.scalars(
        select(StoredScore).where(*_of(StoredScore, job_id, workload, item, repeat)).order_by(StoredScore.metric)
    )
    return [score_of(row) for row in rows]


def _of(
    table: type[StoredResponse] | type[StoredScore], job_id: str, workload: str, item: Item, repeat: int
) -> tuple[ColumnElement[bool], ...]:
    key = (table.job_id == job_id, table.workload == workload, table.task == item[0], table.doc_id == item[1])
    return (*key, table.repeat == repeat)
