"""Parameters that several routes take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from api.resources import EXAMPLE_RUN_ID
from db.settings import settings

RunId = Annotated[str, Path(description="A run's id.", min_length=1, max_length=64, examples=[EXAMPLE_RUN_ID])]
JobId = Annotated[str, Path(description="A job's id.", min_length=1, max_length=64, examples=["j0k3v9x2d1a7b4c5f"])]
PageSize = Annotated[int, Query(ge=1, le=100, description="Items on a page.")]


def public_url(request: Request) -> str:
    """Return the address under which people reach the service."""
    return settings().public_url or str(request.base_url).rstrip("/")


PublicUrl = Annotated[str, Depends(public_url)]


def plots_url(run_id: str) -> str | None:
    """Return the folder of a run's plots, where everybody who reads a comment about it can read them; else None."""
    config = settings()
    if config.public_url is None or not config.public_read:
        return None
    return f"{config.public_url.rstrip('/')}/runs/{run_id}/plots"
