"""The plans of the pages' main queries, as Postgres ran them on the filled store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from db.overview import PointFilter, accepted_values, newest_results, trails
from db.regressions import list_changes
from db.run_list import RunFilter, find_runs, partial_runs
from db.sample_query import SampleQuery, sample_items
from db.session import engine, transaction
from db.work_by_cell import failed_work, open_work
from evals.history.points import RunKind
from evals.history.states import ChangeState

_WIDTH = 150
"""Longer lines of a plan are cut; they hold lists of values."""

Query = Callable[[Session], object]
_CODE = PointFilter(kinds=(RunKind.NIGHTLY, RunKind.MAIN, RunKind.OTHER))

QUERIES: dict[str, tuple[str, Query]] = {
    "overview: newest result of each lineage": (
        "The recursive part jumps from key to key through `points_newest`, so that it costs as much as there are "
        "lineages; the lateral part reads one row of each through the same index.",
        lambda session: newest_results(session, _CODE),
    ),
    "overview: the small lines": (
        "Thirty values of each series through `points_by_lineage` (lineage, metric, finished_at).",
        lambda session: trails(session, newest_results(session, _CODE), _CODE),
    ),
    "overview: accepted baselines": (
        "A few promotions are read whole, many through `promotions_by_result`; the points' unique index has values.",
        lambda session: accepted_values(session, newest_results(session, _CODE)),
    ),
    "overview: what is measured now": ("`jobs_by_state` begins with the state, and few jobs wait or run.", open_work),
    "overview: what failed lately": (
        "`jobs_by_state` goes on with the time.",
        lambda session: failed_work(session, datetime.now(UTC) - timedelta(days=14)),
    ),
    "overview: open regressions": (
        "`level_changes_by_state` gives the open ones by time, however many were fixed.",
        lambda session: list_changes(session, states=(ChangeState.OPEN, ChangeState.REOPENED), worse=True, limit=10),
    ),
    "runs: a page": ("The primary key, backwards.", lambda session: find_runs(session, RunFilter(), limit=51)),
    "runs: by tag": (
        "`runs_by_tag`, or the primary key backwards where the tag is common.",
        lambda session: find_runs(session, RunFilter(tag="release"), limit=51),
    ),
    "runs: those that go on": (
        "`runs_open` holds the runs that have not finished, and nothing else.",
        lambda session: find_runs(session, RunFilter(open=True), limit=11),
    ),
    "runs: which are partial": (
        "The points' unique index begins with the run.",
        lambda session: partial_runs(session, [run.id for run in find_runs(session, RunFilter(), limit=50)]),
    ),
    "samples: a page of 14,042": (
        "Fifty rows of each side's scores through their primary key, which begins with job and workload.",
        lambda session: _samples(session),
    ),
    "samples: lost answers": (
        "Both sides' scores come in the order of their primary key, so that reading ends when the page is full.",
        lambda session: _samples(session, flip="lost"),
    ),
    "samples: a search": (
        "All answers and scores of two jobs are read; the store's others are never touched.",
        lambda session: _samples(session, text="nowhere"),
    ),
}


def plans(sizes: Mapping[str, int]) -> str:
    """Return a document with the plan of each query: of the last statement that it sends."""
    store = ", ".join(f"{count:,} {name}" for name, count in sizes.items())
    parts = [
        "# Queries of the pages",
        "",
        f"Written by `python -m benchmarks dashboard_load --explain FILE` over a store of {store}. Buffers tell what",
        "a query touches on any machine; its milliseconds are this machine's, with all else that ran on it.",
        "",
    ]
    for title, (why, query) in QUERIES.items():
        parts += [f"## {title}", "", *([why, ""] if why else [])]
        with transaction() as session, _statements() as sent:
            query(session)
        parts += ["```", _explained(*sent[-1]), "```", ""]
    return "\n".join(parts)


def _samples(session: Session, **chosen: Any) -> object:
    row = session.execute(text(
        "SELECT c.id, b.id FROM jobs c JOIN jobs b ON b.run_id = c.run_id AND b.role = 'baseline'"
        " WHERE c.role = 'candidate'"
        " AND EXISTS (SELECT FROM scores WHERE job_id = c.id AND workload = 'mmlu') ORDER BY c.id DESC LIMIT 1"
    )).one()  # fmt: skip
    query = SampleQuery(candidate_job=row[0], baseline_job=row[1], workload="mmlu", metric="acc,none", **chosen)
    return sample_items(session, query)


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(engine(), "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine(), "before_cursor_execute", note)


def _explained(statement: str, parameters: Any) -> str:
    raw = engine().raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}", parameters)
        return "\n".join(row[0][:_WIDTH] for row in cursor.fetchall())
    finally:
        raw.close()
