"""The files of a run that a page offers, for whoever may see the page."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse

from api.auth import visitor
from api.headers import PICTURE_POLICY
from api.item_files import csv_lines, json_lines
from api.logs import log_of, read_tail
from api.parameters import JobId, PublicUrl, RunId, plots_url
from api.routes.submissions import read_run
from api.run_reading import job_of_run
from api.sample_sides import sides_of_run
from db.codec import to_json
from db.reports import latest_report
from db.runs import get_run
from db.session import transaction
from db.settings import settings
from evals.render.markdown import render_markdown
from evals.render.pr_description import pr_description

router = APIRouter(include_in_schema=False, dependencies=[Depends(visitor)])

LOG_LINES = 10_000


@router.get("/runs/{run_id}/run.json")
def run_file(run_id: RunId, url: PublicUrl) -> Response:
    """Return the run as the API does."""
    return JSONResponse(read_run(run_id, url).model_dump(mode="json"), headers=_named(run_id, "run.json"))


@router.get("/runs/{run_id}/report.json")
def report_file(run_id: RunId) -> Response:
    """Return the newest report."""
    with transaction() as session:
        get_run(session, run_id)
        return JSONResponse(to_json(latest_report(session, run_id)), headers=_named(run_id, "report.json"))


@router.get("/runs/{run_id}/{kind}.md")
def markdown_file(run_id: RunId, kind: Literal["report", "description"], url: PublicUrl) -> Response:
    """Return the report as Markdown: as a comment, or as a section of a pull request's description."""
    with transaction() as session:
        get_run(session, run_id)
        report = latest_report(session, run_id)
    address = f"{url}/runs/{run_id}"
    if kind == "description":
        text = pr_description(report, report_url=address)
    else:
        text = render_markdown(report, report_url=address, plots_url=plots_url(run_id))
    return _text(text, _named(run_id, f"{kind}.md"))


@router.get("/runs/{run_id}/items.{form}")
def item_file(
    run_id: RunId,
    form: Literal["csv", "jsonl"],
    workload: Annotated[str | None, Query(max_length=128)] = None,
    metric: Annotated[str | None, Query(max_length=128)] = None,
) -> StreamingResponse:
    """Return all items of a workload under one metric, line by line."""
    with transaction() as session:
        sides = sides_of_run(session, run_id, workload, metric)
    lines = csv_lines(sides) if form == "csv" else json_lines(sides)
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
    return StreamingResponse(lines, headers=_named(run_id, f"{sides.workload.name}.{form}"), media_type=kind)


@router.get("/runs/{run_id}/jobs/{job_id}.log")
def log_file(run_id: RunId, job_id: JobId) -> Response:
    """Return the end of a job's engine log without what looks like a secret."""
    job = job_of_run(run_id, job_id)
    return _text(read_tail(log_of(job, settings().jobs_dir), LOG_LINES).text, _named(run_id, f"{job.role}.log"))


def _text(text: str, headers: dict[str, str]) -> Response:
    return Response(text.encode("utf-8", "replace"), headers=headers, media_type="text/plain; charset=utf-8")


def _named(run_id: str, name: str) -> dict[str, str]:
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "_" for char in name)
    return {
        "Content-Disposition": f'attachment; filename="{run_id}-{kept}"',
        "Content-Security-Policy": PICTURE_POLICY,
    }
