"""The page about baselines: what is accepted, who decided so, and the forms of those who may decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api import problems
from api.auth import Looking, form_of, visitor
from api.form_troubles import FormError, in_words, read_form
from api.routes.baselines import DemotionRequest, PromotionRequest
from dashboard.baselines_view import Typed, baseline_rows
from dashboard.links import with_query
from dashboard.render import Who, page
from db.baselines import NothingToPromoteError, VerdictForbidsError, demote, history, list_baselines, promote
from db.promotions import lineages_with_baselines
from db.runs import UnknownRunError
from db.session import transaction
from db.tokens import TokenInfo, TokenRole
from evals.errors import PlumblineError

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

PAGE, LOG = 50, 50
Part = Annotated[str, Query(max_length=2048)]
Text = Annotated[str, Form(max_length=2000)]
FormMaintainer = Annotated[TokenInfo, Depends(form_of(TokenRole.MAINTAINER))]
_REFUSALS = (NothingToPromoteError, VerdictForbidsError, UnknownRunError)


@router.get("/baselines")
def show(
    who: Looking,
    model: Part = "",
    lineage: Part = "",
    run: Part = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> str:
    """Show the accepted baselines and the promotions and demotions."""
    return _page(who, model=model, lineage=lineage, run=run, number=number)


@router.post("/baselines/promote")
def promote_run(
    token: FormMaintainer,
    who: Looking,
    run: Text = "",
    workload: Text = "",
    reason: Text = "",
    despite_verdict: Text = "",
) -> Response:
    """Make a run's results baselines; a refusal shows the form again, with what was typed."""
    typed = Typed(form="promote", run=run, workload=workload, reason=reason, despite_verdict=bool(despite_verdict))
    try:
        asked = read_form(
            PromotionRequest, reason=reason.strip(), workload=workload.strip(), despite_verdict=bool(despite_verdict)
        )
        with transaction() as session:
            promote(session, run.strip(), actor=token.name, **asked.model_dump())
    except (FormError, *_REFUSALS) as error:
        return _refused(who, typed, error)
    return RedirectResponse("/baselines", 303)


@router.post("/baselines/demote")
def demote_run(token: FormMaintainer, who: Looking, run: Text = "", workload: Text = "", reason: Text = "") -> Response:
    """Take a run's baseline back; a refusal shows the form again, with what was typed."""
    typed = Typed(form=f"demote-{run}-{workload}", run=run, workload=workload, reason=reason)
    try:
        asked = read_form(DemotionRequest, reason=reason.strip(), workload=workload.strip())
        with transaction() as session:
            demote(session, run.strip(), actor=token.name, **asked.model_dump())
    except (FormError, *_REFUSALS) as error:
        return _refused(who, typed, error)
    return RedirectResponse("/baselines", 303)


def _refused(who: Who | None, typed: Typed, error: FormError | PlumblineError) -> Response:
    if isinstance(error, FormError):
        troubles, status = error.troubles, 422
    else:
        troubles, status = {"": in_words(error)}, problems.of_error(error).status
    return HTMLResponse(_page(who, typed=Typed(**{**vars(typed), "troubles": troubles})), status)


def _page(
    who: Who | None,
    *,
    model: str = "",
    lineage: str = "",
    run: str = "",
    number: int = 1,
    typed: Typed | None = None,
) -> str:
    with transaction() as session:
        known = lineages_with_baselines(session)
        wanted = {"model": model or None, "lineage": lineage or None}
        found = list_baselines(session, **wanted, limit=PAGE, offset=(number - 1) * PAGE)
        log = history(session, lineage or None, limit=LOG)
    of_model = [one for one in known if model in ("", one.model)]
    pages = max(1, -(-sum(lineage in ("", one.key) for one in of_model) // PAGE))

    def turned(to: int) -> str | None:
        return with_query("/baselines", {"model": model, "lineage": lineage, "page": to}) if 1 <= to <= pages else None

    return page(
        "baselines.html",
        who,
        here="baselines",
        rows=baseline_rows(found),
        log=baseline_rows(log),
        models=[(name, name) for name in sorted({one.model for one in known})],
        lineages=[(one.key, one.key) for one in of_model if model],
        asked={"model": model, "lineage": lineage, "run": run},
        typed=typed or Typed(),
        may_write=who is not None and who.form_key is not None and TokenRole(who.role).allows(TokenRole.MAINTAINER),
        number=number,
        pages=pages,
        older=turned(number + 1),
        newer=turned(number - 1),
    )
