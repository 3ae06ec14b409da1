"""A run's items with both sides' answers."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.auth import Viewer
from api.parameters import PageSize, RunId
from api.problems import HttpError
from api.resources import ROOT
from db.jobs import jobs_of
from db.runs import get_run
from db.sample_pairs import SamplePair, SampleQuery, sample_pairs
from db.session import transaction
from db.side_jobs import side_jobs
from db.storable import storable
from evals.plan import workloads_of
from evals.spec import Submission, Workload
from evals.workload_kinds import has_items

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["reports"])


class Flip(StrEnum):
    """How the sides disagree: lost means that only the baseline is right."""

    ANY = "any"
    LOST = "lost"
    GAINED = "gained"
    NONE = "none"


class Within(StrEnum):
    """Where a text is looked for: in answers, what was found in them and the reference, or in prompts."""

    ANSWERS = "answers"
    PROMPTS = "prompts"


class SamplePage(BaseModel):
    """A page of items, in the order of task and document."""

    items: list[SamplePair]
    next: str | None = Field(description="Address of the next page; null on the last one.")


class SampleParameters(BaseModel):
    """What to show."""

    workload: str | None = Field(default=None, max_length=128, description="Default: the suite's first that has items.")
    metric: str | None = Field(default=None, max_length=128, description="Default: the workload's deciding metric.")
    flip: Flip | None = Field(default=None, description="Only items about which the sides disagree in this way.")
    unparsed: bool = Field(default=False, description="Only items with an answer in which nothing was found.")
    errors: bool = Field(default=False, description="Only items that a side did not answer or not to its end.")
    text: str = Field(default="", max_length=200, description="Only items with this text; A to Z in either case.")
    within: Within = Field(default=Within.ANSWERS, description="Where the text is looked for.")
    task: str | None = Field(default=None, max_length=200, description="Only this task's items.")
    cursor: str | None = Field(
        default=None, max_length=256, pattern=r"^[^\s]+:[0-9]{1,9}$", description="From the page before."
    )
    limit: PageSize = 50


@router.get("/{run_id}/samples", summary="Show items with both sides' answers")
def samples(
    run_id: RunId, token: Viewer, response: Response, wanted: Annotated[SampleParameters, Query()]
) -> SamplePage:
    """Return items with prompt, gold answer, and each side's text, extracted answer and judgement."""
    with transaction() as session:
        run = get_run(session, run_id)
        workload = workload_of(run_id, run.submission, wanted.workload)
        query = replace(
            query_of(session, run_id, workload, wanted.metric),
            flip=wanted.flip,
            unparsed=wanted.unparsed,
            errors=wanted.errors,
            text=storable(wanted.text),
            within=wanted.within,
            task=wanted.task and storable(wanted.task),
            after=_after(wanted.cursor),
            limit=wanted.limit + 1,
        )
        found = sample_pairs(session, query)
    following = None
    if len(found) > wanted.limit:
        following = _next(run_id, wanted, found[wanted.limit - 1])
        response.headers["Link"] = f'<{following}>; rel="next"'
    return SamplePage(items=found[: wanted.limit], next=following)


def query_of(session: Session, run_id: str, workload: Workload, metric: str | None) -> SampleQuery:
    """Return the query for all of a run's items under one metric, by default the one that decides."""
    ours, theirs = side_jobs(get_run(session, run_id).submission, jobs_of(session, run_id), workload.name)
    return SampleQuery(
        candidate_job=ours,
        baseline_job=theirs,
        workload=workload.name,
        metric=metric or workload.metric,
    )


def workload_of(run_id: str, submission: Submission, name: str | None) -> Workload:
    """Return a run's workload by name, by default the first that has items; raise HttpError when there is none."""
    asked = workloads_of(submission)
    known = [workload for workload in asked if has_items(workload.benchmark)]
    for workload in known:
        if name in (None, workload.name):
            return workload
    if not known or name in [workload.name for workload in asked]:
        raise HttpError(
            "no_samples",
            f"{name or 'what the run measures'} has no dataset, so there are no items to show",
            remedy=f"read the run's report: `plumbline report {run_id}`",
        )
    raise HttpError(
        "unknown_workload",
        f"the suite {submission.suite!r} has no workload {name!r}",
        remedy=f"use one of {', '.join(workload.name for workload in known)}",
    )


def _after(cursor: str | None) -> tuple[str, int] | None:
    if cursor is None:
        return None
    task, _, doc_id = cursor.rpartition(":")
    return task, int(doc_id)


def _next(run_id: str, wanted: SampleParameters, last: SamplePair) -> str:
    query = wanted.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    query |= {"limit": wanted.limit, "cursor": f"{last.task}:{last.doc_id}"}
    return f"{ROOT}/submissions/{run_id}/samples?{urlencode(query)}"
