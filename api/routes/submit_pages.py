"""The page that submits: a form that is the API's body, checked as it is typed, and the same as commands."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from api import problems
from api.auth import Looking, form_of, visitor
from api.checking import CheckResource, checked
from api.parameters import PublicUrl
from api.routes.submissions import accept
from api.schemas import SubmissionRequest
from api.submission import to_submission
from dashboard.render import Who, page
from dashboard.submit_commands import curl_command, plumbline_command
from dashboard.submit_form import SubmitForm, UnreadableFieldError, form_from
from dashboard.submit_view import ASSUMED, Answer, Trouble, field_of, job_line, suite_line, workload_line
from db.lineage_list import known_models
from db.session import transaction
from db.settings import settings
from db.tokens import TokenInfo, TokenRole
from evals.errors import PlumblineError
from evals.plan import load_suite, suite_names

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

_MOST = 20_000
FormSubmitter = Annotated[TokenInfo, Depends(form_of(TokenRole.SUBMITTER))]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a browser has sent. key: makes one run of a form that is sent twice; only_check: nothing shall be made."""

    form: SubmitForm
    key: str | None
    only_check: bool


async def sent(request: Request) -> Sent:
    """Return the form that a browser has sent."""
    found = (await request.form()).items()
    values = {name: value[:_MOST] for name, value in found if isinstance(value, str)}
    key = values.get("submission_key", "")[:64]
    return Sent(form=form_from(values), key=key if key.isalnum() else None, only_check=values.get("do") == "check")


SentForm = Annotated[Sent, Depends(sent)]


@router.get("/submit")
def ask(request: Request, who: Looking) -> str:
    """Show the form; what the address says is filled in."""
    return _page(who, form_from({name: value[:_MOST] for name, value in request.query_params.items()}), None)


@router.post("/submit/check")
def check(token: FormSubmitter, form: SentForm, url: PublicUrl) -> str:
    """Return what stands beside the form: what is wrong with it, or its plan and commands."""
    return page("submit_answer.html", None, answer=answer_to(form.form, token, url), assumed=ASSUMED)


@router.post("/submit")
def submit(token: FormSubmitter, who: Looking, form: SentForm, url: PublicUrl) -> Response:
    """Make the run and go to its page; a refusal shows the form again, with the reasons beside the fields."""
    answer = answer_to(form.form, token, url)
    if answer.troubles or form.only_check:
        return HTMLResponse(_page(who, form.form, answer), 422 if answer.troubles else 200)
    try:
        run, _, _ = accept(to_submission(SubmissionRequest(**form.form.body), settings()), token, form.key)
    except PlumblineError as error:
        return HTMLResponse(_page(who, form.form, _refused(problems.of_error(error))), 422)
    return RedirectResponse(f"/runs/{run.id}", 303)


def answer_to(form: SubmitForm, token: TokenInfo, url: str) -> Answer:
    """Return what there is to say of a form, by the same checks as the API's."""
    try:
        body = form.body
        request = SubmissionRequest(**body)
        with transaction() as session:
            plan = checked(session, request, token)
    except UnreadableFieldError as error:
        return Answer(troubles=(Trouble(field=error.field, message=str(error)),))
    except ValidationError as error:
        found = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        return _refused(problems.of_validation(RequestValidationError(found)))
    except PlumblineError as error:
        return _refused(problems.of_error(error))
    return _planned(plan, curl_command(url, body), plumbline_command(body))


def _refused(problem: problems.Problem) -> Answer:
    named = tuple(Trouble(field=field_of(one.field), message=one.message) for one in problem.errors)
    remedy = problem.remedy if problem.code != "invalid_request" else None
    return Answer(troubles=named or (Trouble(field="", message=problem.detail),), remedy=remedy or "")


def _planned(plan: CheckResource, curl: str, command: str) -> Answer:
    found = plan.model_dump(mode="json")
    return Answer(
        compared=plan.compared,
        runs=tuple(plan.baseline_runs),
        jobs=tuple(job_line(job) for job in found["jobs"]),
        workloads=tuple(workload_line(workload) for workload in found["workloads"]),
        notes=tuple(plan.notes),
        curl=curl,
        command=command,
    )


def _page(who: Who | None, form: SubmitForm, answer: Answer | None) -> str:
    with transaction() as session:
        models = known_models(session)
    return page(
        "submit.html",
        who,
        here="submit",
        form=form,
        answer=answer,
        wrong=answer.by_field if answer else {},
        assumed=ASSUMED,
        suites=[suite_line(name, load_suite(name)) for name in suite_names()],
        models=models,
        submission_key=secrets.token_hex(16),
        may_write=who is not None and who.form_key is not None and TokenRole(who.role).allows(TokenRole.SUBMITTER),
    )
