"""The pages about regressions, and the forms that decide about one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from api import problems
from api.auth import Looking, form_of, visitor
from api.form_troubles import FormError, in_words, read_form
from api.routes.regressions import ChangeId, FixRequest, ReasonRequest
from dashboard.history_view import series_views
from dashboard.links import with_query
from dashboard.regressions_view import change_row, change_view
from dashboard.render import Who, page
from db import baselines
from db.change_points import around, blamed_commits, changed_series
from db.history import points_in, points_to_read
from db.regressions import ChangeRecord, acknowledge, assign, fix, get_change, list_changes, reopen
from db.runs import get_run
from db.series import series_of
from db.session import transaction
from db.tokens import TokenInfo, TokenRole
from evals.code_sources import GitCode, git_source
from evals.errors import PlumblineError
from evals.history.states import ChangeState, IllegalChangeError
from evals.lineage import lineage_from

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

SHOWN, POINTS = 100, 400
Part = Annotated[str, Query(max_length=2048)]
Text = Annotated[str, Form(max_length=2000)]
Action = Literal["acknowledge", "fix", "reopen", "assign"]
FormWriter = Annotated[TokenInfo, Depends(form_of(TokenRole.SUBMITTER))]


@router.get("/regressions")
def list_all(who: Looking, state: Part = "", model: Part = "", metric: Part = "") -> str:
    """List regressions, those that wait for somebody first."""
    states = [one for one in ChangeState if one.value == state]
    worse = None if ChangeState.IMPROVEMENT in states else True
    with transaction() as session:
        found = list_changes(
            session,
            model=model or None,
            metric=metric or None,
            states=states,
            worse=worse,
            open_first=True,
            limit=SHOWN,
        )
        blamed, known = blamed_commits(session, found), changed_series(session)
    models = sorted({lineage_from(lineage).model for lineage, _ in known})
    return page(
        "regressions.html",
        who,
        here="regressions",
        rows=[change_row(one, blamed.get(one.id, "")) for one in found],
        full=len(found) == SHOWN,
        states=[(one.value, one.value) for one in ChangeState],
        models=[(name, name) for name in models],
        metrics=[(name, name) for name in sorted({metric for _, metric in known})],
        asked={"state": state, "model": model, "metric": metric},
        filtered=bool(state or model or metric),
    )


@router.get("/regressions/{change_id}")
def show(change_id: ChangeId, who: Looking) -> str:
    """Show what changed, since when, by how much, where to look, and what was decided."""
    return _page(change_id, who)


@router.post("/regressions/{change_id}/{action}")
def decide(
    change_id: ChangeId, action: Action, token: FormWriter, who: Looking, reason: Text = "", commit: Text = ""
) -> Response:
    """Do what a form asks for; a refusal shows the page again, with the reason beside what was typed."""
    try:
        act = _ACTIONS[action]
        with transaction() as session:
            act(session, change_id, token.name, reason.strip(), commit.strip())
    except FormError as error:
        typed = {"reason": reason, "commit": commit, "trouble": error.troubles}
        return HTMLResponse(_page(change_id, who, typed={action: typed}), 422)
    except IllegalChangeError as error:
        refused = {"why": in_words(error), "typed": " ".join(filter(None, (commit, reason)))}
        return HTMLResponse(_page(change_id, who, refused=refused), problems.of_error(error).status)
    return RedirectResponse(f"/regressions/{change_id}", 303)


def _acknowledge(session: Session, change_id: str, actor: str, reason: str, commit: str) -> None:
    acknowledge(session, change_id, actor=actor, reason=read_form(ReasonRequest, reason=reason).reason)


def _reopen(session: Session, change_id: str, actor: str, reason: str, commit: str) -> None:
    reopen(session, change_id, actor=actor, reason=read_form(ReasonRequest, reason=reason).reason)


def _fix(session: Session, change_id: str, actor: str, reason: str, commit: str) -> None:
    asked = read_form(FixRequest, reason=reason, commit=commit)
    fix(session, change_id, actor=actor, commit=asked.commit, reason=asked.reason or "")


def _assign(session: Session, change_id: str, actor: str, reason: str, commit: str) -> None:
    asked = read_form(FixRequest, reason=reason, commit=commit)
    assign(session, change_id, actor=actor, commit=asked.commit, reason=asked.reason or "")


_ACTIONS: dict[str, Callable[[Session, str, str, str, str], None]] = {
    "acknowledge": _acknowledge,
    "fix": _fix,
    "reopen": _reopen,
    "assign": _assign,
}


def _page(
    change_id: str,
    who: Who | None,
    *,
    typed: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    refused: Mapping[str, str] | None = None,
) -> str:
    with transaction() as session:
        change = get_change(session, change_id)
        code = _code(session, change)
        read = points_to_read(session, change.lineage, metric=change.metric)
        metric, setup = change.metric, change.setup
        shown = points_in(session, change.lineage, metric=metric, setup=setup, limit=POINTS) if read else []
        promotions = baselines.history(session, change.lineage)
    series = [one for one in series_of(read) if one.setup == change.setup]
    views = series_views(series, shown, [change], promotions)
    query = {"metric": metric, "setup": setup, "lineage": change.lineage, "limit": str(POINTS)}
    view = change_view(change, around(read, change), code)
    return page(
        "regression.html",
        who,
        here="regressions",
        view=replace(view, forms=tuple(replace(form, **typed.get(form.action, {})) for form in view.forms)),
        series=views[0] if views else None,
        source=with_query("/history.json", query),
        may_write=who is not None and who.form_key is not None and TokenRole(who.role).allows(TokenRole.SUBMITTER),
        refused=refused,
    )


def _code(session: Session, change: ChangeRecord) -> GitCode | None:
    """Return the repository that the first run after a change took its engine's code from, if it is known."""
    try:
        return git_source(get_run(session, change.first_run_id).submission.candidate.source)
    except PlumblineError:
        return None
