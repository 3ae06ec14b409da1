"""Items with both sides' answers, for people who look at what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select, tuple_
from sqlalchemy.orm import Session, aliased

from db.sample_query import Item, sample_items
from db.sample_query import SampleQuery as SampleQuery
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


def sample_pairs(session: Session, query: SampleQuery) -> list[SamplePair]:
    """Return a page of items, in the order of task and document; backwards they are those before the page's end."""
    items = [query.item] if query.item is not None and not _filters(query) else sample_items(session, query)
    sides = [_sides(session, query, job, items) for job in (query.candidate_job, query.baseline_job)]
    found = [_pair(query, item, *(side.get(item, {}) for side in sides)) for item in items if _is_known(sides, item)]
    return found[::-1] if query.backwards else found


def _filters(query: SampleQuery) -> bool:
    return bool(query.flip or query.unparsed or query.errors or query.text or query.after)


def _is_known(sides: Sequence[Mapping[Item, Any]], item: Item) -> bool:
    return any(item in side for side in sides)


def _sides(session: Session, query: SampleQuery, job_id: str, items: Sequence[Item]) -> dict[Item, dict[str, Any]]:
    """Return what one side says of some items: its judgement, its answer and its prompt."""
    if not items or not job_id:
        return {}
    response, prompt = aliased(StoredResponse), aliased(Prompt)
    statement = (
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
                response.repeat == StoredScore.repeat,
            ),
            isouter=True,
        )
        .join(prompt, prompt.sha256 == response.prompt_sha256, isouter=True)
        .where(
            StoredScore.job_id == job_id,
            StoredScore.workload == query.workload,
            StoredScore.metric == query.metric,
            StoredScore.repeat == query.repeat,
            tuple_(StoredScore.task, StoredScore.doc_id).in_(items),
        )
    )
    return {(row["task"], row["doc_id"]): dict(row) for row in session.execute(statement).mappings()}


def _pair(query: SampleQuery, item: Item, ours: dict[str, Any], theirs: dict[str, Any]) -> SamplePair:
    known, flip = ours or theirs, None
    if ours and theirs and ours["value"] != theirs["value"]:
        flip = "lost" if ours["value"] < theirs["value"] else "gained"
    return SamplePair(
        workload=query.workload,
        task=item[0],
        doc_id=item[1],
        metric=query.metric,
        gold=known["gold"],
        prompt=ours.get("prompt") or theirs.get("prompt"),
        flip=flip,
        candidate=_sample_side(ours),
        baseline=_sample_side(theirs),
    )


def _sample_side(row: dict[str, Any]) -> SampleSide:
    timed = row.get("sent_at") is not None and row.get("ended_at") is not None
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
        **{name: row.get(name) for name in names},
        latency_ms=(row["ended_at"] - row["sent_at"]) * 1000 if timed else None,
    )
