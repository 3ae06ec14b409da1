"""Two runs held against each other, and the items behind it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.auth import Looking, visitor
from api.held_runs import held_pair
from api.problems import HttpError
from api.routes.explain import Document, Task
from api.run_comparing import compare_view
from api.sample_showing import ItemParameters, TableParameters, Text, item_page, table_page, text_of
from api.sample_sides import Sides, metrics_known
from dashboard.links import compare
from dashboard.render import page
from db.session import transaction
from evals.workload_kinds import has_items

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

RunName = Annotated[str, Query(max_length=64)]


class TwoRuns(BaseModel):
    """Which runs are held against each other."""

    left: str = Field(min_length=1, max_length=64)
    right: str = Field(min_length=1, max_length=64)


class TableOfTwo(TableParameters, TwoRuns):
    """What a table of both runs' items shows."""


class ItemOfTwo(ItemParameters, TwoRuns):
    """Which of both runs' answers to an item are shown."""


Wanted = Annotated[TableOfTwo, Query()]
WantedItem = Annotated[ItemOfTwo, Query()]


@router.get("/compare")
def two_runs(who: Looking, left: RunName = "", right: RunName = "") -> str:
    """Let two runs be chosen, and show them beside each other."""
    with transaction() as session:
        view = compare_view(session, left.strip() or None, right.strip() or None)
    return page("compare.html", who, here="compare", view=view)


@router.get("/compare/samples")
def table(who: Looking, wanted: Wanted) -> str:
    """Show the items of both runs beside each other."""
    with transaction() as session:
        return table_page(session, _sides(session, wanted), wanted, who)


@router.get("/compare/samples/{task:path}/{doc_id}/{text}.txt")
def whole_text(task: Task, doc_id: Document, text: Text, wanted: WantedItem) -> Response:
    """Return one text of an item as it is stored."""
    with transaction() as session:
        return text_of(session, _sides(session, wanted), (task, doc_id), wanted, text)


@router.get("/compare/samples/{task:path}/{doc_id}")
def item(task: Task, doc_id: Document, who: Looking, wanted: WantedItem) -> str:
    """Show one item with both runs' answers."""
    with transaction() as session:
        return item_page(session, _sides(session, wanted), (task, doc_id), wanted, who)


def _sides(session: Session, wanted: TableOfTwo | ItemOfTwo) -> Sides:
    left, right = wanted.left, wanted.right
    theirs, ours = held_pair(session, left, right)
    both = {name: one for name, one in ours.workloads.items() if name in theirs.workloads and has_items(one.benchmark)}
    name = wanted.workload or next(iter(both), None)
    if name is None or name not in both:
        raise HttpError(
            "no_samples", f"the runs have no items of {name or 'any workload'} in common", remedy="compare other runs"
        )
    return Sides(
        path="/compare/samples",
        candidate_job=ours.job_of(name),
        baseline_job=theirs.job_of(name),
        workload=both[name],
        metric=wanted.metric or both[name].metric,
        model=ours.run.submission.model,
        names=(f"Right run ({ours.side().measured})", f"Left run ({theirs.side().measured})"),
        title=f"run {right} against {left}",
        back=(compare(left, right), "Comparison"),
        workloads=tuple(both),
        metrics=metrics_known(ours.report, both[name]),
        kept={"left": left, "right": right},
    )
