"""Items with both sides' answers, for people who look at what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from db.tables import Prompt, StoredResponse, StoredScore


@dataclass(frozen=True, kw_only=True)
class SampleSide:
    """One side's answer to an item; None values were never measured."""

    value: float | None
    parsed: bool | None
    extracted: str | None
    text: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_ms: float | None
    how: str | None = None
    log_probabilities: list[float] | None = None


@dataclass(frozen=True, kw_only=True)
class SamplePair:
    """An item with both sides' answers; `flip` is None unless the sides disagree about being right."""

    workload: str
    task: str
    doc_id: int
    metric: str
    gold: str | None
    prompt: str | None
    flip: str | None
    candidate: SampleSide
    baseline: SampleSide


@dataclass(frozen=True, kw_only=True)
class SampleQuery:
    """Choose samples of a workload under one metric.

    flip: "any", "lost" (only the baseline right), "gained" (only the candidate right), "none", or None for all.
    after: the (task, doc_id) behind which the page begins. item: the only (task, doc_id) that is wanted.
    """

    candidate_job: str
    baseline_job: str
    workload: str
    metric: str
    flip: str | None = None
    unparsed: bool = False
    after: tuple[str, int] | None = None
    item: tuple[str, int] | None = None
    limit: int = 50


def sample_pairs(session: Session, query: SampleQuery) -> list[SamplePair]:
    """Return a page of items, in the order of task and document."""
    ours, theirs = _side(query, query.candidate_job), _side(query, query.baseline_job)
    joined = select(ours, theirs).join(
        theirs, and_(ours.c.task == theirs.c.task, ours.c.doc_id == theirs.c.doc_id), full=True
    )
    task = func.coalesce(ours.c.task, theirs.c.task)
    doc = func.coalesce(ours.c.doc_id, theirs.c.doc_id)
    statement = joined.where(_flip_filter(query, ours, theirs)).order_by(task, doc).limit(query.limit)
    if query.after is not None:
        statement = statement.where(or_(task > query.after[0], and_(task == query.after[0], doc > query.after[1])))
    if query.item is not None:
        statement = statement.where(task == query.item[0], doc == query.item[1])
    rows = [tuple(row) for row in session.execute(statement)]
    width = len(ours.c)
    return [
        _pair(
            query,
            dict(zip(ours.c.keys(), row[:width], strict=True)),
            dict(zip(theirs.c.keys(), row[width:], strict=True)),
        )
        for row in rows
    ]


def _side(query: SampleQuery, job_id: str) -> Any:
    response, prompt = aliased(StoredResponse), aliased(Prompt)
    return (
        select(
            StoredScore.task,
            StoredScore.doc_id,
            StoredScore.value,
            StoredScore.parsed,
            StoredScore.extracted,
            StoredScore.gold,
            StoredScore.how,
            response.text.label("text"),
            response.finish_reason,
            response.prompt_tokens,
            response.completion_tokens,
            response.sent_at,
            response.ended_at,
            response.log_probabilities,
            prompt.text.label("prompt"),
        )
        .join(
            response,
            and_(
                response.job_id == StoredScore.job_id,
                response.workload == StoredScore.workload,
                response.task == StoredScore.task,
                response.doc_id == StoredScore.doc_id,
                response.request_index == 0,
                response.repeat == 0,
            ),
            isouter=True,
        )
        .join(prompt, prompt.sha256 == response.prompt_sha256, isouter=True)
        .where(
            StoredScore.job_id == job_id,
            StoredScore.workload == query.workload,
            StoredScore.metric == query.metric,
            StoredScore.repeat == 0,
        )
        .subquery()
    )


def _flip_filter(query: SampleQuery, ours: Any, theirs: Any) -> Any:
    conditions = {
        None: true(),
        "any": ours.c.value != theirs.c.value,
        "lost": ours.c.value < theirs.c.value,
        "gained": ours.c.value > theirs.c.value,
        "none": ours.c.value == theirs.c.value,
    }
    unparsed = or_(ours.c.parsed.is_(False), theirs.c.parsed.is_(False)) if query.unparsed else true()
    return and_(conditions[query.flip], unparsed)


def _pair(query: SampleQuery, ours: dict[str, Any], theirs: dict[str, Any]) -> SamplePair:
    known = ours if ours["task"] is not None else theirs
    flip = None
    if ours["value"] is not None and theirs["value"] is not None and ours["value"] != theirs["value"]:
        flip = "lost" if ours["value"] < theirs["value"] else "gained"
    return SamplePair(
        workload=query.workload,
        task=known["task"],
        doc_id=known["doc_id"],
        metric=query.metric,
        gold=known["gold"],
        prompt=ours["prompt"] or theirs["prompt"],
        flip=flip,
        candidate=_sample_side(ours),
        baseline=_sample_side(theirs),
    )


def _sample_side(row: dict[str, Any]) -> SampleSide:
    timed = row["sent_at"] is not None and row["ended_at"] is not None
    names = (
        "value",
        "parsed",
        "extracted",
        "how",
        "text",
        "finish_reason",
        "prompt_tokens",
        "completion_tokens",
        "log_probabilities",
    )
    return SampleSide(
        **{name: row[name] for name in names},
        latency_ms=(row["ended_at"] - row["sent_at"]) * 1000 if timed else None,
    )
