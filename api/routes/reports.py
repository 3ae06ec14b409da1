"""A run's report, for programs and for people."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse

from api.auth import Viewer
from api.parameters import PublicUrl, RunId
from api.resources import ROOT
from db.codec import to_json
from db.reports import latest_report
from db.runs import get_run
from db.session import transaction
from evals.render.markdown import render_markdown
from evals.result import Report

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["reports"])

_MARKDOWN = "text/markdown; charset=utf-8"


class Format(StrEnum):
    """The forms of a report."""

    JSON = "json"
    MARKDOWN = "markdown"


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
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Return the newest report as JSON, or as the Markdown that stands in a pull request."""
    with transaction() as session:
        get_run(session, run_id)
        found = latest_report(session, run_id)
    if format == Format.MARKDOWN or (format is None and "text/markdown" in accept):
        return Response(render_markdown(found, report_url=f"{url}/runs/{run_id}"), media_type=_MARKDOWN)
    return JSONResponse(to_json(found))
