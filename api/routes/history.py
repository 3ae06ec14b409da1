"""History: which lineages there are, and how a lineage's values went over time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import Viewer
from api.history_query import LineageText, Points
from api.history_resources import HistoryResource, history_csv
from api.resources import ROOT
from api.routes.baselines import LINEAGE, LineageResource, lineage_resource
from db.history import lineages
from db.session import transaction

router = APIRouter(prefix=ROOT, tags=["history"])


class LineageItem(BaseModel):
    """A lineage and how much is known of it."""

    lineage: LineageResource
    runs: int
    newest_at: datetime = Field(description="When its newest run ended.")


class LineageList(BaseModel):
    """Lineages, the one with the newest run first."""

    items: list[LineageItem]


class Form(StrEnum):
    """The forms of a history."""

    JSON = "json"
    CSV = "csv"


@router.get("/lineages", summary="List lineages")
def list_lineages(
    token: Viewer, model: Annotated[LineageText | None, Query(description="Only this model's.")] = None
) -> LineageList:
    """Return every model, workload, engine and hardware class of which runs have measured something."""
    with transaction() as session:
        found = lineages(session, model=model)
    items = [LineageItem(lineage=lineage_resource(one), runs=runs, newest_at=at) for one, runs, at in found]
    return LineageList(items=items)


@router.get(
    "/history",
    summary="Show a lineage's history",
    response_model=HistoryResource,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "metric,setup,unit,run,..."}}}},
)
def history(
    token: Viewer,
    lineage: Annotated[LineageText, Query(examples=[LINEAGE])],
    points: Annotated[Points, Depends()],
    format: Annotated[Form, Query()] = Form.JSON,
) -> Response:
    """Return a lineage's points with their intervals, the noise between repeats, and the changes of level."""
    return answer(lineage, points, format)


def answer(lineage: str, points: Points, form: Form) -> Response:
    """Return a lineage's history in a form."""
    with transaction() as session:
        found = points.read(session, lineage).resource()
    if form is Form.CSV:
        return Response(history_csv(found), media_type="text/csv; charset=utf-8")
    return JSONResponse(found.model_dump(mode="json"))
