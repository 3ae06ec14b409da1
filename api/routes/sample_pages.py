"""The pages of a run's items: the table, one item, and its texts as they are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from api.auth import Looking, visitor
from api.parameters import RunId
from api.routes.explain import Document, Task
from api.sample_showing import ItemParameters, TableParameters, Text, item_page, table_page, text_of
from api.sample_sides import sides_of_run
from db.session import transaction

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

Wanted = Annotated[TableParameters, Query()]
WantedItem = Annotated[ItemParameters, Query()]


@router.get("/runs/{run_id}/samples")
def table(run_id: RunId, who: Looking, wanted: Wanted) -> str:
    """Show the items of a run with both sides' answers, as many as the filters let through."""
    with transaction() as session:
        sides = sides_of_run(session, run_id, wanted.workload, wanted.metric)
        return table_page(session, sides, wanted, who)


@router.get("/runs/{run_id}/samples/{task:path}/{doc_id}/{text}.txt")
def whole_text(run_id: RunId, task: Task, doc_id: Document, text: Text, wanted: WantedItem) -> Response:
    """Return one text of an item as it is stored, as plain text that no browser reads as anything else."""
    with transaction() as session:
        sides = sides_of_run(session, run_id, wanted.workload, wanted.metric)
        return text_of(session, sides, (task, doc_id), wanted, text)


@router.get("/runs/{run_id}/samples/{task:path}/{doc_id}")
def item(run_id: RunId, task: Task, doc_id: Document, who: Looking, wanted: WantedItem) -> str:
    """Show one item: what was asked, both answers, and how they were judged."""
    with transaction() as session:
        sides = sides_of_run(session, run_id, wanted.workload, wanted.metric)
        return item_page(session, sides, (task, doc_id), wanted, who)
