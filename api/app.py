"""The application: `uvicorn --factory api.app:create_app`."""

from __future__ import annotations

from functools import partial
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from api.handlers import UnexpectedErrors, add_handlers
from api.headers import SecurityHeaders
from api.limits import RequestLimits
from api.openapi import document
from api.resources import ROOT
from api.routes import (
    artifact_pages,
    baseline_pages,
    baselines,
    compare_pages,
    events,
    explain,
    github,
    health,
    history,
    history_pages,
    host_pages,
    live_pages,
    logs,
    overview_pages,
    pages,
    regression_pages,
    regressions,
    reports,
    run_action_pages,
    sample_pages,
    samples,
    schedules,
    sign_in,
    submission_checks,
    submissions,
    submit_pages,
    suites,
)
from api.static_files import KeptFiles
from api.warming import warm
from dashboard.assets import STATIC
from db.settings import settings

_DESCRIPTION = """Compare inference engines on benchmarks, and get a verdict.

Errors are problem documents (RFC 9457) that name the field and the remedy. All of `/api/v1` needs
`Authorization: Bearer plb_...` with a token from `plumbline tokens create`."""


_ROUTES = (
    submission_checks, submissions, events, reports, samples, explain, baselines, history, regressions, schedules,
    logs, suites, health, github, sign_in, overview_pages, history_pages, regression_pages, baseline_pages,
    host_pages, submit_pages, sample_pages, live_pages, artifact_pages, run_action_pages, compare_pages, pages,
)  # fmt: skip


def create_app() -> FastAPI:
    """Return the application; nothing is connected before the first request."""
    app = FastAPI(
        title="Plumbline",
        version=_version(),
        description=_DESCRIPTION,
        openapi_url=f"{ROOT}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=warm,
    )
    add_handlers(app)
    for module in _ROUTES:
        app.include_router(module.router)
    app.mount("/static", KeptFiles(directory=STATIC), name="static")
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    larger = {f"{ROOT}/github/webhook": settings().github_max_body_bytes}
    app.add_middleware(RequestLimits, max_body_bytes=settings().max_body_bytes, larger=larger)
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(SecurityHeaders)
    return app


def _version() -> str:
    try:
        return version("plumbline")
    except PackageNotFoundError:
        return "0"
