"""Why a job failed, and what it noted, in words that hide nothing; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dashboard.texts import visible


@dataclass(frozen=True, kw_only=True)
class ErrorView:
    """Why a job failed, what to do, and the log's telling lines."""

    code: str
    message: str
    remedy: str
    details: str


def error_view(error: dict[str, Any] | None) -> ErrorView | None:
    """Return a job's error in words; None for none."""
    if error is None:
        return None
    details = error.get("details") or {}
    return ErrorView(
        code=str(error.get("code", "error")),
        message=visible(str(error.get("message", "no message was recorded"))),
        remedy=visible(str(error.get("remedy") or "")),
        details="\n".join(f"{visible(name)}: {fact_text(value)}" for name, value in details.items()),
    )


def fact_text(value: Any) -> str:
    """Return what was noted as text: lines for a list of texts, JSON for anything else that is none."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return visible("\n".join(value))
    return visible(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))
