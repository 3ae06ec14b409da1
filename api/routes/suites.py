"""The suites that a submission may name."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Viewer
from api.resources import ROOT
from evals.plan import load_suite, suite_names
from evals.spec import Workload

router = APIRouter(prefix=f"{ROOT}/suites", tags=["suites"])


class SuiteResource(BaseModel):
    """A suite: a named list of workloads with their margins."""

    name: str = Field(examples=["demo"])
    workloads: list[Workload]


class SuiteList(BaseModel):
    """All suites."""

    items: list[SuiteResource]


@router.get("", summary="List suites")
def suites(token: Viewer) -> SuiteList:
    """Return all suites with their workloads."""
    return SuiteList(items=[SuiteResource(name=name, workloads=list(load_suite(name))) for name in suite_names()])
