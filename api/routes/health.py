"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.health import failures
from api.problems import HttpError

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well."""

    status: str = Field(default="ok", examples=["ok"])


@router.get("/healthz", summary="The process lives")
async def healthz() -> Health:
    """Answer as long as the process can."""
    return Health()


@router.get("/readyz", summary="The service can work")
def readyz() -> Health:
    """Answer 200 when Postgres answers, has every migration, and Redis answers; else 503 with what fails."""
    failing = failures()
    if failing:
        raise HttpError(
            "not_ready",
            f"not ready: {', '.join(failing)}",
            remedy="; ".join(f"{name}: {remedy}" for name, remedy in failing.items()),
        )
    return Health()
