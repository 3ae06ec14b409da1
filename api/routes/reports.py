"""A run's report, for programs and for people."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.auth import Submitter, Viewer
from api.parameters import PublicUrl, RunId, plots_url
from api.problems import HttpError
from api.resources import ROOT
from db.codec import to_json
from db.reports import count_reports, latest_report
from db.run_views import run_view
from db.runs import get_run
from db.session import transaction
from db.states import RunState
from evals.render.markdown import render_markdown
from evals.render.pr_description import pr_description
from evals.render.pull_request.comment import render_comment
from evals.render.pull_request.views import PullView
from evals.result import Report
from workers.queue import enqueue_rescoring

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["reports"])

_MARKDOWN = "text/markdown; charset=utf-8"


Scorer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@-]{1,64}$")]


class RescoreRequest(BaseModel):
    """Which scorer shall decide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scorer: Scorer = Field(examples=["answer-line@1", "flexible-extract"])


class Rescoring(BaseModel):
    """Where the rescored report will be: ask there until it is found."""

    report: str
    after: int = Field(description="How many reports the run has now.")


class Format(StrEnum):
    """The forms of a report."""

    JSON = "json"
    MARKDOWN = "markdown"
    PR_DESCRIPTION = "pr-description"


@router.get(
    "/{run_id}/report",
    summary="Show a run's report",
    response_model=Report,
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}, "example": "✅ **Pass:** ..."}}}},
)
def report(
    run_id: RunId,
    token: Viewer,
    url: PublicUrl,
    format: Annotated[Format | None, Query(description="Goes before the Accept header.")] = None,
    scorer: Annotated[Scorer | None, Query(description="The report that this scorer decided; see rescore.")] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only a report with a higher number.")] = 0,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Return the newest report as JSON, as the Markdown of a comment, or as a section of a pull request's text."""
    with transaction() as session:
        get_run(session, run_id)
        found = latest_report(session, run_id, scorer=scorer, after=after)
    if format == Format.PR_DESCRIPTION:
        return Response(pr_description(found, report_url=f"{url}/runs/{run_id}"), media_type=_MARKDOWN)
    if format == Format.MARKDOWN or (format is None and "text/markdown" in accept):
        text = render_markdown(found, report_url=f"{url}/runs/{run_id}", plots_url=plots_url(run_id))
        return Response(text, media_type=_MARKDOWN)
    return JSONResponse(to_json(found))


@router.get(
    "/{run_id}/comment",
    summary="Show a run as the comment on a pull request shows it",
    response_class=Response,
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}, "example": "✅ **Passed:** ..."}}}},
)
def comment(
    run_id: RunId,
    token: Viewer,
    url: PublicUrl,
    head_sha: Annotated[str, Query(pattern="^([0-9a-f]{40})?$", description="The commit it is about.")] = "",
    name: Annotated[str, Query(pattern="^[A-Za-z0-9_.-]{1,60}$", description="Which comment.")] = "pull-request",
) -> Response:
    """Return Markdown for GitHub, also while the run is at work; its last line is the mark to find the comment by."""
    with transaction() as session:
        view = run_view(session, run_id, url=f"{url}/runs/{run_id}", plots_url=plots_url(run_id))
    text = render_comment(PullView(runs=(view,), head_sha=head_sha, commands=False, name=name))
    return Response(text, media_type=_MARKDOWN)


@router.post("/{run_id}/rescore", status_code=202, summary="Judge a run's answers by another scorer")
def rescore(run_id: RunId, body: RescoreRequest, token: Submitter) -> Rescoring:
    """Queue a further report of a finished run in which another scorer decides; no model runs."""
    with transaction() as session:
        if get_run(session, run_id).state != RunState.FINISHED:
            raise HttpError("not_finished", f"run {run_id} has not ended", remedy="wait for its report")
        count = count_reports(session, run_id)
    if not enqueue_rescoring(run_id, body.scorer):
        raise HttpError("not_ready", "the broker does not take the request", remedy="try again; see GET /readyz")
    where = urlencode({"scorer": body.scorer, "after": count})
    return Rescoring(report=f"{ROOT}/submissions/{run_id}/report?{where}", after=count)
