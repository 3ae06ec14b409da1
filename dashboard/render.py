"""Fill the templates; everything that comes from outside is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.assets import static
from dashboard.job_view import BAR_WIDTH
from dashboard.news_view import NewsView
from dashboard.overview_choice import ALL_RUNS
from dashboard.overview_view import OverviewView
from dashboard.queue_view import QueueView
from dashboard.report_view import RunView
from dashboard.runs_view import RunsView
from dashboard.spark import HEIGHT, WIDTH
from dashboard.words import sentence
from evals.history.staleness import STALE_AFTER


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who looks at a page, and what its forms must send back; form_key: None where nobody signed in by a cookie."""

    name: str
    role: str
    form_key: str | None


def run_page(view: RunView, who: Who | None = None) -> str:
    """Return the page about a run."""
    return page("run.html", who, here="runs", run=view, live=view.live, bar_width=BAR_WIDTH)


def overview_page(view: OverviewView, who: Who | None = None) -> str:
    """Return the page that tells how everything stands."""
    return page(
        "overview.html", who, view=view, all_runs=ALL_RUNS, spark_size=(WIDTH, HEIGHT), stale_days=STALE_AFTER.days
    )


def news_part(view: NewsView) -> str:
    """Return the overview's part about open regressions and what runs now."""
    return page("overview_news.html", None, news=view)


def runs_page(view: RunsView, who: Who | None = None) -> str:
    """Return the page that lists runs."""
    return page("runs.html", who, view=view)


def queue_page(view: QueueView, who: Who | None = None) -> str:
    """Return the page about what waits and runs, which keeps itself up to date."""
    return page("queue.html", who, queue=view, live=True)


def sign_in_page(*, path: str, trouble: str | None = None) -> str:
    """Return the page that asks for a token. path: where to go on; trouble: why the last one was refused."""
    return page("sign_in.html", None, path=path, trouble=trouble, live=False)


def problem_page(*, title: str, status: int, detail: str, remedy: str | None) -> str:
    """Return the page about an error."""
    return page("problem.html", None, title=title, status=status, detail=detail, remedy=remedy, live=False)


def page(template: str, who: Who | None, **values: Any) -> str:
    """Return a filled template; live: whether something on the page is still going on."""
    return _environment().get_template(template).render(who=who, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["static"] = static
    environment.filters["sentence"] = sentence
    environment.filters["pairs"] = lambda values: [(value, value) for value in values]
    return environment
