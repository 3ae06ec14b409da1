"""The pages about lineages: the list, the history of one, and the same as a file."""

from __future__ import annotations

import shlex
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.auth import Looking, visitor
from api.history_query import History, LineageText, Points
from api.routes.history import Form, answer
from api.standing import listed
from dashboard.history_view import KINDS, series_views
from dashboard.lineages_view import LineageFilter, lineages_view
from dashboard.links import history_of, with_query
from dashboard.render import Who, page
from dashboard.spark import HEIGHT, WIDTH
from dashboard.words import lineage_title
from db.lineage_list import metrics_in, open_changes
from db.promotions import Action
from db.session import transaction

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

SHOWN = 200
Part = Annotated[str, Query(max_length=1200)]


@router.get("/history")
def list_all(
    who: Looking,
    model: Part = "",
    engine: Part = "",
    hardware: Part = "",
    workload: Part = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> str:
    """List the lineages with their newest values."""
    wanted = LineageFilter(model=model, engine=engine, hardware=hardware, workload=workload)
    with transaction() as session:
        known, newest = listed(session, wanted, number)
        view = lineages_view(known, wanted, newest, open_changes(session, list(newest)), page=number)

    def turned(to: int) -> str | None:
        return with_query("/history", {**vars(wanted), "page": to}) if 1 <= to <= view.pages else None

    pages = {"older": turned(number + 1), "newer": turned(number - 1)}
    return page("history.html", who, here="history", view=view, wanted=wanted, spark_size=(WIDTH, HEIGHT), **pages)


@router.get("/history.json")
def as_json(lineage: LineageText, points: Annotated[Points, Depends()]) -> Response:
    """Return what a lineage's page shows, as the API does."""
    return answer(lineage, points, Form.JSON)


@router.get("/history.csv")
def as_csv(lineage: LineageText, points: Annotated[Points, Depends()]) -> Response:
    """Return what a lineage's page shows, a line for each point."""
    return answer(lineage, points, Form.CSV)


@router.get("/history/{lineage:path}")
def show(
    lineage: Annotated[LineageText, Path()], who: Looking, points: Annotated[Points, Depends()], request: Request
) -> str:
    """Show a lineage's values over time, with their intervals and changes of level."""
    if "limit" not in request.query_params:
        points.limit = SHOWN
    with transaction() as session:
        metrics = metrics_in(session, lineage)
        if "metric" not in request.query_params and metrics:
            points.metric = metrics[0]
        found = points.read(session, lineage)
    return _page(lineage, found, points, metrics, who)


def _page(key: str, found: History, points: Points, metrics: list[str], who: Who | None) -> str:
    lineage = found.series[0].lineage
    query = {"lineage": key, **points.query()}
    latest: dict[str, Action] = {}
    for one in reversed(found.promotions):
        latest.pop(one.result.run_id, None)
        latest[one.result.run_id] = one.action
    accepted = [run_id for run_id, action in latest.items() if action is Action.PROMOTED]
    return page(
        "lineage.html",
        who,
        here="history",
        title=lineage_title(lineage),
        lineage=lineage,
        view=series_views(found.series, found.records, found.changes, found.promotions),
        asked=points,
        metrics=[(name, name) for name in metrics],
        kinds=[(kind.value, word) for kind, word in KINDS.items()],
        action=history_of(key),
        json=with_query("/history.json", query),
        csv=with_query("/history.csv", query),
        quoted=shlex.quote(key),
        baseline=accepted[-1] if accepted else None,
        baselines_address=with_query("/baselines", {"lineage": key}),
    )
