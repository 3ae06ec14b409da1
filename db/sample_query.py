"""Which items of a run are wanted, and the statement that finds them: by small columns, texts only where asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, false, func, literal, or_, select, true, tuple_, union
from sqlalchemy.orm import Session

from db.tables import Prompt, StoredResponse, StoredScore

Item = tuple[str, int]

CUT = "length"
"""The finish reason of an answer that the limit on tokens ended."""

ANSWERS, PROMPTS = "answers", "prompts"
"""Where a text can be looked for."""


@dataclass(frozen=True, kw_only=True)
class SampleQuery:
    """Choose samples of a workload under one metric.

    flip: "any", "lost" (only the baseline right), "gained" (only the candidate right), "none", or None for all.
    unparsed: nothing was found in an answer. errors: a side lacks the answer or its judgement, or was cut at the limit
    on tokens. text, within: a piece of text, without regard to the case of A to Z, in the answers of either side (with
    what was found in them and the reference) or in the prompts. task: only this one. repeat: which answer to an item.
    after: the (task, doc_id) behind which the page begins; backwards: the page before it instead, from its end. item:
    the only one that is wanted. A side without a job ("") has no answers, and lacks none.
    """

    candidate_job: str
    baseline_job: str
    workload: str
    metric: str
    flip: str | None = None
    unparsed: bool = False
    errors: bool = False
    text: str = ""
    within: str = ANSWERS
    task: str | None = None
    repeat: int = 0
    after: Item | None = None
    backwards: bool = False
    item: Item | None = None
    limit: int = 50


def sample_items(session: Session, query: SampleQuery) -> list[Item]:
    """Return the items of a page in the order of task and document, backwards the nearest first."""
    return [(task, doc_id) for task, doc_id in session.execute(_page(query))]


def _page(query: SampleQuery) -> Select[Any]:
    ours, theirs = _judged(query, query.candidate_job), _judged(query, query.baseline_job)
    task, doc = func.coalesce(ours.c.task, theirs.c.task), func.coalesce(ours.c.doc_id, theirs.c.doc_id)
    same = and_(ours.c.task == theirs.c.task, ours.c.doc_id == theirs.c.doc_id)
    statement = (
        select(task, doc)
        .select_from(ours.join(theirs, same, full=True))
        .where(_flipped(query, ours, theirs), _silent(query, ours, theirs))
    )
    if query.errors:
        statement = statement.where(or_(_lacking(query, ours, theirs), tuple_(task, doc).in_(_without_end(query))))
    if query.text:
        statement = statement.where(tuple_(task, doc).in_(_with_text(query)))
    if query.after is not None:
        place = tuple_(task, doc)
        border = tuple_(literal(query.after[0], Text), literal(query.after[1]))
        statement = statement.where(place < border if query.backwards else place > border)
    order = (task.desc(), doc.desc()) if query.backwards else (task, doc)
    return statement.order_by(*order).limit(query.limit)


def _judged(query: SampleQuery, job_id: str) -> Any:
    return (
        select(StoredScore.task, StoredScore.doc_id, StoredScore.value, StoredScore.parsed)
        .where(
            StoredScore.job_id == job_id,
            StoredScore.workload == query.workload,
            StoredScore.metric == query.metric,
            StoredScore.repeat == query.repeat,
            *_of_item(StoredScore, query),
        )
        .subquery()
    )


def _of_item(table: Any, query: SampleQuery) -> list[ColumnElement[bool]]:
    """Return the conditions that keep a scan of one side to the wanted part of its index."""
    if query.item is not None:
        return [table.task == query.item[0], table.doc_id == query.item[1]]
    return [table.task == query.task] if query.task is not None else []


def _flipped(query: SampleQuery, ours: Any, theirs: Any) -> Any:
    return {
        None: true(),
        "any": ours.c.value != theirs.c.value,
        "lost": ours.c.value < theirs.c.value,
        "gained": ours.c.value > theirs.c.value,
        "none": ours.c.value == theirs.c.value,
    }[query.flip]


def _silent(query: SampleQuery, ours: Any, theirs: Any) -> Any:
    return or_(ours.c.parsed.is_(False), theirs.c.parsed.is_(False)) if query.unparsed else true()


def _jobs(query: SampleQuery) -> list[str]:
    return [job for job in (query.candidate_job, query.baseline_job) if job]


def _lacking(query: SampleQuery, ours: Any, theirs: Any) -> Any:
    sides = ((query.candidate_job, ours), (query.baseline_job, theirs))
    return or_(false(), *(side.c.task.is_(None) for job, side in sides if job))


def _without_end(query: SampleQuery) -> Any:
    """Return the items that a side judged without having their answer, or whose answer was cut."""
    answer = (StoredResponse.task, StoredResponse.doc_id)
    cut = select(*answer).where(*_answers(StoredResponse, query), StoredResponse.finish_reason == CUT)
    unheard = (
        select(StoredScore.task, StoredScore.doc_id)
        .where(*_scores(query), StoredScore.job_id == job)
        .except_(select(*answer).where(*_answers(StoredResponse, query), StoredResponse.job_id == job))
        for job in _jobs(query)
    )
    return union(cut, *unheard)


def _with_text(query: SampleQuery) -> Any:
    answers = select(StoredResponse.task, StoredResponse.doc_id).where(*_answers(StoredResponse, query))
    if query.within == PROMPTS:
        # One side's prompts are enough: where the other's differ, nothing is compared.
        asked = answers.join(Prompt, Prompt.sha256 == StoredResponse.prompt_sha256)
        return asked.where(StoredResponse.job_id == _jobs(query)[0], _has(Prompt.text, query.text))
    judged = select(StoredScore.task, StoredScore.doc_id).where(
        *_scores(query), or_(_has(StoredScore.extracted, query.text), _has(StoredScore.gold, query.text))
    )
    return union(answers.where(_has(StoredResponse.text, query.text)), judged)


def _answers(table: Any, query: SampleQuery) -> list[ColumnElement[bool]]:
    return [
        table.job_id.in_(_jobs(query)),
        table.workload == query.workload,
        table.repeat == query.repeat,
        *_of_item(table, query),
    ]


def _scores(query: SampleQuery) -> list[ColumnElement[bool]]:
    return [*_answers(StoredScore, query), StoredScore.metric == query.metric]


def _has(column: Any, text: str) -> ColumnElement[bool]:
    """Tell whether a column holds a text; the C collation compares bytes, many times faster than a language's rules."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: ColumnElement[bool] = column.collate("C").ilike(f"%{escaped}%", escape="\\")
    return found
