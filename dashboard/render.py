"""Fill the templates; everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.job_view import BAR_WIDTH
from dashboard.queue_view import QueueView
from dashboard.report_view import RunView
from dashboard.runs_view import RunRow

STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who looks at a page, and what its forms must send back; form_key: None where nobody signed in by a cookie."""

    name: str
    role: str
    form_key: str | None


def run_page(view: RunView, who: Who | None = None) -> str:
    """Return the page about a run."""
    return _page("run.html", who, run=view, live=view.live, bar_width=BAR_WIDTH)


def runs_page(rows: Sequence[RunRow], who: Who | None = None) -> str:
    """Return the page that lists the newest runs."""
    return _page("runs.html", who, rows=rows, live=any(row.live for row in rows))


def queue_page(view: QueueView, who: Who | None = None) -> str:
    """Return the page about what waits and runs, which keeps itself up to date."""
    return _page("queue.html", who, queue=view, live=True)


def sign_in_page(*, path: str, trouble: str | None = None) -> str:
    """Return the page that asks for a token. path: where to go on; trouble: why the last one was refused."""
    return _page("sign_in.html", None, path=path, trouble=trouble, live=False)


def problem_page(*, title: str, status: int, detail: str, remedy: str | None) -> str:
    """Return the page about an error."""
    return _page("problem.html", None, title=title, status=status, detail=detail, remedy=remedy, live=False)


def _page(template: str, who: Who | None, **values: Any) -> str:
    return _environment().get_template(template).render(who=who, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
