"""The overview and the list of runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.auth import Looking, visitor
from api.standing import standing
from dashboard.news_view import NewsView, news
from dashboard.overview_choice import ALL_RUNS, Chosen
from dashboard.overview_view import Measured, OverviewView, overview
from dashboard.render import news_part, overview_page, runs_page
from dashboard.runs_view import RunRow, RunsChosen, RunsView, run_rows
from db.jobs import jobs_of_many
from db.overview import PointFilter
from db.regressions import count_changes, list_changes
from db.run_list import RunFilter, find_runs, partial_runs
from db.session import transaction
from db.states import RunState
from db.work_by_cell import failed_work, open_work
from evals.history.points import RunKind
from evals.history.staleness import STALE_AFTER
from evals.history.states import ChangeState
from evals.plan import suite_names
from evals.result import Verdict

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=[Depends(visitor)])

SHOWN_RUNS = 50
SHOWN_FIRST = 10
_OPEN = (ChangeState.OPEN, ChangeState.REOPENED)
_OF_THE_CODE = tuple(kind for kind in RunKind if kind is not RunKind.PULL_REQUEST)
"""The runs that tell how the code stands; a pull request's is about code that nobody has accepted."""

_Words = Annotated[str, Query(max_length=500, pattern=r"^[^\u0000-\u001f\u007f]*$")]


@router.get("/")
def start(
    who: Looking,
    model: _Words = "",
    engine: _Words = "",
    hardware: _Words = "",
    source: _Words = "",
    tag: _Words = "",
    runs: RunKind | Literal["", "all"] = "",
) -> str:
    """Show how every model stands on every workload, what regressed, and what runs now."""
    chosen = Chosen(model=model, engine=engine, hardware=hardware, source=source, tag=tag, runs=str(runs))
    with transaction() as session:
        view = _overview(session, chosen)
    return overview_page(view, who)


@router.get("/overview/news")
def newest_news(who: Looking) -> str:
    """Return the part of the overview that changes by itself."""
    with transaction() as session:
        view = _news(session)
    return news_part(view)


@router.get("/runs")
def list_of_runs(
    who: Looking,
    state: RunState | Literal[""] = "",
    verdict: Verdict | Literal[""] = "",
    model: _Words = "",
    suite: _Words = "",
    tag: _Words = "",
    before: Annotated[str, Query(max_length=40, pattern=r"^[a-z0-9]*$")] = "",
) -> str:
    """List runs, the newest first; before: the run behind which the page begins."""
    chosen = RunsChosen(state=str(state), verdict=str(verdict), model=model, suite=suite, tag=tag)
    wanted = RunFilter(
        state=state or None, verdict=verdict or None, model=model or None, suite=suite or None, tag=tag or None
    )
    with transaction() as session:
        rows = _rows(session, wanted, before or None, SHOWN_RUNS + 1)
    older = chosen.address(before=rows[SHOWN_RUNS - 1].id) if len(rows) > SHOWN_RUNS else None
    view = RunsView(chosen=chosen, rows=rows[:SHOWN_RUNS], older=older, later=bool(before), suites=tuple(suite_names()))
    return runs_page(view, who)


def _overview(session: Session, chosen: Chosen) -> OverviewView:
    now = datetime.now(UTC)
    points = PointFilter(kinds=_kinds(chosen.runs), tag=chosen.tag or None, source=chosen.source or None)
    stands = standing(session, points, chosen)
    measured = Measured(
        all_results=stands.results,
        trails=stands.trails,
        accepted=stands.accepted,
        failed=failed_work(session, now - STALE_AFTER),
        work=open_work(session),
    )
    return overview(chosen, measured, _news(session), now=now)


def _news(session: Session) -> NewsView:
    regressions = list_changes(session, states=_OPEN, worse=True, limit=SHOWN_FIRST)
    running = _rows(session, RunFilter(open=True), None, SHOWN_FIRST + 1)
    return news(regressions, count_changes(session, states=_OPEN, worse=True), running, shown=SHOWN_FIRST)


def _rows(session: Session, wanted: RunFilter, before: str | None, limit: int) -> tuple[RunRow, ...]:
    found = find_runs(session, wanted, before=before, limit=limit)
    ids = [run.id for run in found]
    going_on = [run.id for run in found if run.state != RunState.FINISHED]
    return run_rows(found, jobs_of_many(session, going_on), partial_runs(session, ids))


def _kinds(runs: str) -> tuple[RunKind, ...]:
    if runs == ALL_RUNS:
        return ()
    return (RunKind(runs),) if runs else _OF_THE_CODE
