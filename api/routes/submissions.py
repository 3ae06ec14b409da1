"""Submissions: accept, list, show, cancel and retry."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Response

from api.auth import Submitter, Viewer, check_role
from api.parameters import PageSize, PublicUrl, RunId
from api.resources import ROOT, RunPage, RunResource, run_resource
from api.schemas import SubmissionRequest
from api.submission import to_submission
from db.baseline_choice import settled
from db.codec import to_json
from db.jobs import JobRecord, get_job, jobs_of, jobs_of_many
from db.runs import (
    Idempotency,
    RunRecord,
    create_run,
    earlier_run,
    finish_run,
    get_run,
    list_runs,
    lock_run,
    request_cancel,
    retry_run,
)
from db.schedules import READ_TAGS
from db.session import transaction
from db.settings import settings
from db.states import RunState
from db.tokens import TokenInfo, TokenRole
from evals.plan import plan_jobs
from evals.spec import Submission, digest
from workers.queue import enqueue_job, enqueue_report

router = APIRouter(prefix=f"{ROOT}/submissions", tags=["submissions"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="Send the same key again after a lost answer, and you get the run that the first request made.",
        examples=["nightly-2026-01-31"],
    ),
]


@router.post("", status_code=202, summary="Submit a model for comparison")
def submit(
    body: SubmissionRequest, token: Submitter, url: PublicUrl, response: Response, key: IdempotencyKey = None
) -> RunResource:
    """Accept a submission and queue its jobs; the answer is the run, and Location says where it stays.

    The tag `main` lets a passed run become a baseline by itself, and `nightly` makes a run a point of the history that
    is searched for changes; both need the role of those who may promote a baseline.
    """
    run, jobs, is_new = accept(to_submission(body, settings()), token, key)
    resource = run_resource(run, jobs, public_url=url)
    response.headers["Location"] = resource.links.self
    if not is_new:
        response.headers["Idempotency-Replayed"] = "true"
    return resource


@router.get("", summary="List runs")
def list_all(
    token: Viewer,
    url: PublicUrl,
    response: Response,
    limit: PageSize = 20,
    state: RunState | None = None,
    cursor: Annotated[
        str | None, Query(pattern="^r[0-9a-z]{1,63}$", description="From the `next` address of the page before.")
    ] = None,
) -> RunPage:
    """Return runs, newest first; runs that arrive meanwhile do not shift the pages."""
    with transaction() as session:
        found = list_runs(session, before=cursor, limit=limit + 1, state=state)
        runs = found[:limit]
        jobs = jobs_of_many(session, [run.id for run in runs])
    following = None
    if len(found) > limit:
        query = {"limit": limit, "cursor": runs[-1].id} | ({"state": state.value} if state else {})
        following = f"{ROOT}/submissions?{urlencode(query)}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return RunPage(items=[run_resource(run, jobs[run.id], public_url=url) for run in runs], next=following)


@router.get("/{run_id}", summary="Show a run")
def show(run_id: RunId, token: Viewer, url: PublicUrl) -> RunResource:
    """Return a run with its jobs: state, phase, progress, timings, errors and what was found to be true."""
    return read_run(run_id, url)


@router.post("/{run_id}/cancel", status_code=202, summary="Cancel a run")
def cancel(run_id: RunId, token: Submitter, url: PublicUrl) -> RunResource:
    """End queued jobs at once and tell running ones to stop; a finished run stays as it is."""
    cancel_run(run_id)
    return read_run(run_id, url)


@router.post("/{run_id}/retry", status_code=202, summary="Repeat a finished run's failed and cancelled jobs")
def retry(run_id: RunId, token: Submitter, url: PublicUrl) -> RunResource:
    """Queue the jobs again; what was answered before is kept and asked no second time."""
    repeat_failed(run_id)
    return read_run(run_id, url)


def read_run(run_id: str, url: str) -> RunResource:
    """Return a run's JSON form as it is now."""
    with transaction() as session:
        return run_resource(get_run(session, run_id), jobs_of(session, run_id), public_url=url)


def cancel_run(run_id: str) -> None:
    """Cancel a run that has not ended."""
    ended = False
    with transaction() as session:
        if lock_run(session, run_id).state in (RunState.QUEUED, RunState.RUNNING):
            request_cancel(session, run_id)
            ended = finish_run(session, run_id)
    if ended:
        enqueue_report(run_id)


def repeat_failed(run_id: str) -> None:
    """Queue a finished run's failed and cancelled jobs again."""
    with transaction() as session:
        waiting = [(job_id, get_job(session, job_id).queue) for job_id in retry_run(session, run_id)]
    for job_id, queue in waiting:
        enqueue_job(job_id, queue)


def accept(submission: Submission, token: TokenInfo, key: str | None = None) -> tuple[RunRecord, list[JobRecord], bool]:
    """Write a run with its jobs, wake workers for them, and return both and whether the run is new.

    A repeated request (key) finds its run, whatever has become of the baseline since. Tags that decide about baselines
    and history are refused without a maintainer's role.
    """
    if READ_TAGS.intersection(submission.tags):
        check_role(token, TokenRole.MAINTAINER)
    run, jobs, is_new = _written(submission, token, key)
    for job in jobs if is_new else ():
        enqueue_job(job.id, job.queue)
    return run, jobs, is_new


def _written(submission: Submission, token: TokenInfo, key: str | None) -> tuple[RunRecord, list[JobRecord], bool]:
    idempotency = Idempotency(token_id=token.id, key=key, body_sha256=digest(to_json(submission))) if key else None
    with transaction() as session:
        earlier = earlier_run(session, idempotency) if idempotency else None
        if earlier is not None:
            return earlier, jobs_of(session, earlier.id), False
        wanted = settled(session, submission)
        jobs = plan_jobs(wanted)
        run, _ = create_run(session, submission=wanted, jobs=jobs, token_id=token.id, idempotency=idempotency)
        return run, jobs_of(session, run.id), True
