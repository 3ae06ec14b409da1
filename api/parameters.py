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
