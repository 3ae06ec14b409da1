"""Schedules: submissions that the service makes by itself, night after night."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field, StringConstraints

from api.auth import Maintainer, Viewer
from api.fields import StrictRequest
from api.parameters import PublicUrl
from api.resources import ROOT, RunResource
from api.routes.submissions import read_run
from api.schemas import SubmissionRequest
from api.submission import to_submission
from db.schedule_records import ScheduleRecord
from db.schedules import (
    create_schedule,
    get_schedule,
    list_schedules,
    remove_schedule,
    set_enabled,
    submit_now,
)
from db.session import transaction
from db.settings import settings
from evals.errors import PlumblineError
from evals.spec import Submission
from workers.queue import enqueue_job

router = APIRouter(prefix=f"{ROOT}/schedules", tags=["schedules"])

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
ScheduleName = Annotated[str, Path(description="A schedule's name.", pattern=_NAME, examples=["nightly-gsm8k"])]


class ScheduleRequest(StrictRequest):
    """What is submitted, and when."""

    name: Annotated[str, StringConstraints(pattern=_NAME)] = Field(examples=["nightly-gsm8k"])
    cron: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[ -~]+$")] = Field(
        description="Minute, hour, day, month and weekday, in UTC.", examples=["0 2 * * *"]
    )
    submission: SubmissionRequest = Field(
        description="As for POST /submissions; without the tag `main` it gets `nightly`."
    )


class ScheduleResource(BaseModel):
    """A schedule and what came of it last."""

    name: str
    cron: str
    enabled: bool
    submission: dict[str, Any] = Field(description="As it was sent.")
    created_by: str
    created_at: datetime
    next_due_at: datetime | None = Field(description="Null while it rests.")
    last_due_at: datetime | None
    last_run: str | None
    last_error: str | None = Field(description="Why no run was made when it was due last; null when one was.")


class ScheduleList(BaseModel):
    """All schedules, by name."""

    items: list[ScheduleResource]


@router.get("", summary="List schedules")
def schedules(token: Viewer) -> ScheduleList:
    """Return all schedules with their next and last times."""
    with transaction() as session:
        return ScheduleList(items=[_resource(one) for one in list_schedules(session)])


@router.post("", status_code=201, summary="Add a schedule")
def add(body: ScheduleRequest, token: Maintainer, response: Response) -> ScheduleResource:
    """Check the submission as if it were made now, and keep it."""
    submission = _checked(body.submission)
    sent = body.submission.model_dump(mode="json", exclude_unset=True)
    with transaction() as session:
        made = create_schedule(
            session,
            name=body.name,
            cron=body.cron,
            body=sent,
            submission=submission,
            created_by=token.name,
            now=datetime.now(UTC),
        )
    response.headers["Location"] = f"{ROOT}/schedules/{made.name}"
    return _resource(made)


@router.get("/{name}", summary="Show a schedule")
def show(name: ScheduleName, token: Viewer) -> ScheduleResource:
    """Return a schedule with its next and last times."""
    with transaction() as session:
        return _resource(get_schedule(session, name))


@router.delete("/{name}", status_code=204, summary="Remove a schedule")
def remove(name: ScheduleName, token: Maintainer) -> None:
    """Forget a schedule; its runs stay."""
    with transaction() as session:
        remove_schedule(session, name)


@router.post("/{name}/enable", summary="Let a schedule go on")
def enable(name: ScheduleName, token: Maintainer) -> ScheduleResource:
    """Go on from now; what was due while it rested is not made up for."""
    with transaction() as session:
        return _resource(set_enabled(session, name, True, now=datetime.now(UTC)))


@router.post("/{name}/disable", summary="Let a schedule rest")
def disable(name: ScheduleName, token: Maintainer) -> ScheduleResource:
    """Make no more runs until it is enabled again."""
    with transaction() as session:
        return _resource(set_enabled(session, name, False, now=datetime.now(UTC)))


@router.post("/{name}/run", status_code=202, summary="Make a schedule's run now")
def run_now(name: ScheduleName, token: Maintainer, url: PublicUrl, response: Response) -> RunResource:
    """Submit at once what the schedule submits; its times stay as they are."""
    with transaction() as session:
        run_id, jobs = submit_now(session, name, settings=settings())
    for job in jobs:
        enqueue_job(job.id, job.queue)
    made = read_run(run_id, url)
    response.headers["Location"] = made.links.self
    return made


def _checked(request: SubmissionRequest) -> Submission:
    try:
        return to_submission(request, settings())
    except PlumblineError as error:
        if "field" in error.details:
            error.details["field"] = f"submission.{error.details['field']}"
        raise


def _resource(found: ScheduleRecord) -> ScheduleResource:
    same = ScheduleResource.model_fields.keys() - {"submission", "last_run"}
    values = {name: getattr(found, name) for name in same}
    return ScheduleResource(**values, submission=found.body, last_run=found.last_run_id)
