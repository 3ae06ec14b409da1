"""Fill the templates; everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.job_view import BAR_WIDTH
from dashboard.report_view import RunView
from dashboard.runs_view import RunRow

STATIC = Path(__file__).with_name("static")


def run_page(view: RunView) -> str:
    """Return the page about a run."""
    return _page("run.html", run=view, live=view.live, bar_width=BAR_WIDTH)


def runs_page(rows: Sequence[RunRow]) -> str:
    """Return the page that lists the newest runs."""
    return _page("runs.html", rows=rows, live=any(row.live for row in rows))


def problem_page(*, title: str, status: int, detail: str, remedy: str | None) -> str:
    """Return the page about an error."""
    return _page("problem.html", title=title, status=status, detail=detail, remedy=remedy, live=False)


def _page(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
