"""Problem documents (RFC 9457): every error of the HTTP face says what happened, where, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from dashboard.render import problem_page
from evals.errors import PlumblineError

MEDIA_TYPE = "application/problem+json"
_DEFAULT_REMEDY = {
    400: "send well-formed JSON with Content-Type: application/json",
    404: "see /api/v1/openapi.json for the paths that exist",
    405: "see the Allow header for the methods that this path takes",
}
_STATUS_OF_CODE = {
    "bad_signature": 401,
    "body_too_large": 413,
    "forbidden": 403,
    "forbidden_by_policy": 403,
    "github_not_configured": 503,
    "idempotency_key_reused": 422,
    "illegal_transition": 409,
    "invalid_request": 422,
    "invalid_submission": 422,
    "malformed_webhook": 400,
    "no_baseline": 409,
    "no_log": 404,
    "no_report_yet": 404,
    "no_samples": 404,
    "not_finished": 409,
    "no_service_address": 503,
    "nothing_to_promote": 409,
    "nothing_to_retry": 409,
    "not_ready": 503,
    "schedule_exists": 409,
    "unauthenticated": 401,
    "unknown_delivery": 404,
    "unknown_item": 404,
    "unknown_job": 404,
    "unknown_lineage": 404,
    "unknown_plot": 404,
    "unknown_regression": 404,
    "unknown_run": 404,
    "unknown_schedule": 404,
    "unknown_workload": 404,
    "unreadable_schedule": 409,
    "verdict_forbids": 409,
}


class FieldError(BaseModel):
    """One wrong field of a request."""

    location: str = Field(description="body, query, path or header", examples=["body"])
    field: str = Field(description="JSON Pointer (RFC 6901) into that part", examples=["/candidate/args/port"])
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 describes it, with the remedy and a stable code."""

    type: str = Field(default="about:blank", examples=["/problems/invalid_submission"])
    title: str
    status: int
    detail: str
    instance: str | None = None
    code: str = Field(examples=["invalid_submission"])
    remedy: str | None = None
    errors: list[FieldError] = Field(default_factory=list)
    error_id: str | None = Field(default=None, description="Names the entry in the server's log (status 500 only).")


class HttpError(PlumblineError):
    """A request that the HTTP face refuses by itself; the code decides about the status."""

    code = "invalid_request"

    def __init__(self, code: str, message: str, *, remedy: str, **details: Any) -> None:
        super().__init__(message, remedy=remedy, **details)
        self.code = code  # type: ignore[misc]  # one class for all refusals of this layer


def title_of(status: int) -> str:
    """Return the standard phrase of a status."""
    return HTTPStatus(status).phrase


def pointer(parts: Sequence[Any]) -> str:
    """Return the JSON Pointer of a path of keys: ("a", 0, "b/c") becomes /a/0/b~1c."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def field_pointer(field: str) -> str:
    """Return the JSON Pointer of a field in the core's dotted form.

    An argument's name may contain dots itself; an engine's kind is the field `engine` here.
    """
    parts = field.split(".")
    if parts[1:] == ["kind"] or (parts[2:] == ["kind"] and parts[1] != "args"):
        parts = [*parts[:-1], "engine"]
    if len(parts) > 2 and parts[1] == "args":
        parts = [*parts[:2], ".".join(parts[2:])]
    return pointer(parts)


def of_error(error: PlumblineError) -> Problem:
    """Turn one of our errors into a problem."""
    status = _STATUS_OF_CODE.get(error.code, 500)
    field = error.details.get("field")
    where = error.details.get("location", "body")
    return Problem(
        type=f"/problems/{error.code}",
        title=title_of(status),
        status=status,
        detail=error.message,
        code=error.code,
        remedy=error.remedy,
        errors=[FieldError(location=where, field=field_pointer(field), message=error.message)] if field else [],
    )


def of_validation(error: RequestValidationError) -> Problem:
    """Turn the framework's findings into a problem: 400 for what is no JSON, else 422 with all wrong fields."""
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        reason = found[0].get("ctx", {}).get("error", "syntax error")
        return of_status(400, f"the body is no JSON: {reason} at character {found[0]['loc'][-1]}")
    errors = [
        FieldError(location=str(item["loc"][0]), field=pointer(item["loc"][1:]), message=_plain(item["msg"]))
        for item in found
    ]
    named = "; ".join(f"{item.field or item.location}: {item.message}" for item in errors[:3])
    return Problem(
        type="/problems/invalid_request",
        title=title_of(422),
        status=422,
        detail=f"{len(errors)} field(s) of the request are wrong: {named}",
        code="invalid_request",
        remedy="mend the fields under errors; /api/v1/openapi.json describes each of them",
        errors=errors[:50],
    )


def of_status(status: int, detail: str | None = None) -> Problem:
    """Return the problem of a plain HTTP status."""
    phrase = title_of(status)
    return Problem(
        title=phrase,
        status=status,
        detail=detail or phrase,
        code=phrase.lower().replace(" ", "_").replace("'", ""),
        remedy=_DEFAULT_REMEDY.get(status),
    )


def of_http(request: Request, error: HTTPException) -> Problem:
    """Turn an error of the framework into a problem."""
    details = {
        404: f"there is nothing at {request.url.path}",
        405: f"{request.url.path} does not take {request.method}",
    }
    generic = title_of(error.status_code) == error.detail
    return of_status(error.status_code, details.get(error.status_code) if generic else str(error.detail))


def respond(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the problem as problem+json, or as a page to a browser that asked for a page."""
    problem = problem.model_copy(update={"instance": request.url.path})
    extra = dict(headers or {})
    if problem.status == 401:
        extra["WWW-Authenticate"] = 'Bearer realm="plumbline"'
    if wants_page(request):
        page = problem_page(title=problem.title, status=problem.status, detail=problem.detail, remedy=problem.remedy)
        return Response(page, problem.status, extra, "text/html; charset=utf-8")
    # ASCII escapes: a message may quote text that UTF-8 cannot carry.
    return Response(json.dumps(problem.model_dump(exclude_none=True)), problem.status, extra, MEDIA_TYPE)


def wants_page(request: Request) -> bool:
    """Tell whether a person's browser asked for a page."""
    is_page = not request.url.path.startswith(("/api/", "/healthz", "/readyz"))
    return is_page and "text/html" in request.headers.get("accept", "")


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
