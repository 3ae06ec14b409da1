"""What can be done with a run from its page: a page that says what will happen, and the form that does it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api import problems
from api.auth import Looking, form_of, visitor
from api.form_troubles import FormError, in_words
from api.parameters import RunId
from api.run_actions import ROLES, ActionForm, act, confirmation
from dashboard.render import Who, page
from db.runs import get_run
from db.session import transaction
from db.tokens import TokenInfo, TokenRole
from evals.errors import PlumblineError

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

Action = Literal["again", "cancel", "retry", "promote"]
FormSubmitter = Annotated[TokenInfo, Depends(form_of(TokenRole.SUBMITTER))]
FormMaintainer = Annotated[TokenInfo, Depends(form_of(TokenRole.MAINTAINER))]


@router.get("/runs/{run_id}/do/{action}")
def ask(run_id: RunId, action: Action, who: Looking) -> str:
    """Say what will happen, and offer the form to whoever may do it."""
    return _page(run_id, action, who)


@router.post("/runs/{run_id}/do/promote")
def promote(
    run_id: RunId,
    token: FormMaintainer,
    who: Looking,
    reason: Annotated[str, Form(max_length=2000)] = "",
    workload: Annotated[str, Form(max_length=200)] = "",
    despite_verdict: Annotated[bool, Form()] = False,
) -> Response:
    """Accept what the run's candidate measured; a refusal shows the form again with what was typed."""
    return _done(
        run_id, "promote", who, token, ActionForm(reason=reason, workload=workload, despite_verdict=despite_verdict)
    )


@router.post("/runs/{run_id}/do/{action}")
def do(run_id: RunId, action: Literal["again", "cancel", "retry"], token: FormSubmitter, who: Looking) -> Response:
    """Do it; a refusal shows the page again with the reason."""
    return _done(run_id, action, who, token, ActionForm())


def _done(run_id: str, action: str, who: Who | None, token: TokenInfo, form: ActionForm) -> Response:
    try:
        return RedirectResponse(act(action, run_id, token, form), 303)
    except FormError as error:
        return HTMLResponse(_page(run_id, action, who, form=form, troubles=error.troubles), 422)
    except PlumblineError as error:
        status = problems.of_error(error).status
        if status >= 500 or error.code == "unknown_run":
            raise
        return HTMLResponse(_page(run_id, action, who, form=form, refused=in_words(error)), status)


def _page(
    run_id: str,
    action: str,
    who: Who | None,
    *,
    form: ActionForm | None = None,
    troubles: object = None,
    refused: str = "",
) -> str:
    with transaction() as session:
        run = get_run(session, run_id)
    may = who is not None and who.form_key is not None and TokenRole(who.role).allows(ROLES[action])
    return page(
        "run_action.html",
        who,
        here="runs",
        run_id=run.id,
        action=action,
        asked=confirmation(action, run),
        may=may,
        role=ROLES[action].value,
        form=form or ActionForm(),
        troubles=troubles or {},
        refused=refused,
        failed=run.verdict is not None and run.verdict.value not in ("pass", "inconclusive"),
    )
