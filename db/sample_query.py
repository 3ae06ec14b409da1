"""Which items of a run are wanted, and the statement that finds them: by small columns, texts only where asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Double,
    Select,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from db.tables import Prompt, StoredResponse, StoredScore

Item = tuple[str, int]

CUT = "length"
"""The finish reason of an answer that the limit on tokens ended."""

ANSWERS, PROMPTS = "answers", "prompts"
"""Where a text can be looked for."""

CANDIDATE, BASELINE = "candidate", "baseline"

_COLUMNS = {"value": Double, "parsed": Boolean, "found": Boolean, "cut": Boolean, "answered": Boolean}
"""What rows tell of their item beside its side: found, the text that is looked for; cut, its answer has no end."""


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
    """Return the statement of a page: one pass over both sides' rows, whose parts meet in groups of one item.

    All parts come in the keys' order, so that the pass ends when the page is full. A join would be left to the planner,
    which takes jobs for small and looks up the other side's row of each by itself.
    """
    rows = union_all(*_rows(query)).subquery("rows")
    item = (rows.c.task, rows.c.doc_id)
    statement = select(*item).group_by(*item).having(*_conditions(query, rows.c))
    return statement.order_by(*_order(query, *item)).limit(query.limit)


def _rows(query: SampleQuery) -> Iterator[Select[Any]]:
    """Yield the rows that tell of an item: those of the scores, and those of the texts where these are asked for."""
    jobs = {CANDIDATE: query.candidate_job, BASELINE: query.baseline_job}
    sides = {side: job for side, job in jobs.items() if job} or jobs
    for side, job in sides.items():
        yield _judged(query, side, job)
    for side, job in sides.items():
        if query.errors or (query.text and query.within == ANSWERS):
            yield _answered(query, side, job)
    if query.text and query.within == PROMPTS:
        # One side's prompts are enough: where the other's differ, nothing is compared.
        yield _asked(query, *next(iter(sides.items())))


def _judged(query: SampleQuery, side: str, job_id: str) -> Select[Any]:
    score = StoredScore
    found = or_(_has(score.extracted, query.text), _has(score.gold, query.text)) if query.text else false()
    here = found if query.within == ANSWERS else false()
    statement = _of(query, score, side, job_id, value=score.value, parsed=score.parsed, found=here)
    statement = statement.where(score.metric == query.metric)
    chooses = query.flip or query.unparsed or query.errors or query.text
    return statement if chooses else statement.limit(query.limit)


def _answered(query: SampleQuery, side: str, job_id: str) -> Select[Any]:
    answer = StoredResponse
    found = _has(answer.text, query.text) if query.text and query.within == ANSWERS else false()
    statement = _of(query, answer, side, job_id, found=found, cut=answer.finish_reason == CUT, answered=true())
    return statement if query.errors else statement.where(found)


def _asked(query: SampleQuery, side: str, job_id: str) -> Select[Any]:
    statement = _of(query, StoredResponse, side, job_id, found=true())
    return statement.join(Prompt, Prompt.sha256 == StoredResponse.prompt_sha256).where(_has(Prompt.text, query.text))


def _of(query: SampleQuery, table: Any, side: str, job_id: str, **told: Any) -> Select[Any]:
    """Return one side's rows of a table in the columns of all; told: what this table knows, the rest is null."""
    columns = {name: told.get(name, cast(null(), kind)) for name, kind in _COLUMNS.items()}
    statement = select(
        table.task, table.doc_id, cast(literal(side), Text).label("side"),
        *(column.label(name) for name, column in columns.items()),
    ).where(table.job_id == job_id, table.workload == query.workload, table.repeat == query.repeat)  # fmt: skip
    if query.item is not None:
        statement = statement.where(table.task == query.item[0], table.doc_id == query.item[1])
    elif query.task is not None:
        statement = statement.where(table.task == query.task)
    if query.after is not None:
        place = tuple_(table.task, table.doc_id)
        border = tuple_(literal(query.after[0], Text), literal(query.after[1]))
        statement = statement.where(place < border if query.backwards else place > border)
    return statement.order_by(*_order(query, table.task, table.doc_id))


def _order(query: SampleQuery, *columns: Any) -> list[Any]:
    return [column.desc() if query.backwards else column for column in columns]


def _conditions(query: SampleQuery, row: Any) -> Iterator[ColumnElement[bool]]:
    """Yield what the rows of one item must be together; only what was judged is an item."""
    ours, theirs = (func.max(row.value).filter(row.side == side) for side in (CANDIDATE, BASELINE))
    yield func.count(row.value) > 0
    if query.flip:
        yield {"any": ours != theirs, "lost": ours < theirs, "gained": ours > theirs, "none": ours == theirs}[
            query.flip
        ]
    if query.unparsed:
        yield func.bool_or(not_(row.parsed))
    if query.text:
        yield func.bool_or(row.found)
    if query.errors:
        jobs = ((CANDIDATE, query.candidate_job, ours), (BASELINE, query.baseline_job, theirs))
        lacking = (value.is_(None) for _, job, value in jobs if job)
        unheard = (
            and_(value.is_not(None), func.count(row.answered).filter(row.side == side) == 0)
            for side, job, value in jobs if job
        )  # fmt: skip
        yield or_(func.bool_or(row.cut), *lacking, *unheard)


def _has(column: Any, text: str) -> ColumnElement[bool]:
    """Tell whether a column holds a text; the C collation compares bytes, many times faster than a language's rules."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: ColumnElement[bool] = column.collate("C").ilike(f"%{escaped}%", escape="\\")
    return found
