"""The OpenAPI document: what the framework derives, plus the problem documents that every route may answer."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.examples import answer_examples
from api.problems import MEDIA_TYPE, Problem, title_of
from api.resources import ROOT

_EXAMPLE = {
    "type": "/problems/invalid_submission",
    "title": "Unprocessable Content",
    "status": 422,
    "detail": "there is no suite 'dmo'",
    "instance": "/api/v1/submissions",
    "code": "invalid_submission",
    "remedy": "did you mean 'demo'? the suites are: demo, gsm8k, gsm8k-local",
    "errors": [{"location": "body", "field": "/suite", "message": "there is no suite 'dmo'"}],
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path, operations in made["paths"].items():
            for method, operation in operations.items():
                operation["responses"] |= {str(status): _problem(status) for status in _statuses(path, method)}
        for path, example in answer_examples().items():
            made["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"] = example
        app.openapi_schema = made
    return app.openapi_schema


def _statuses(path: str, method: str) -> list[int]:
    if not path.startswith("/api/"):
        return [503] if path == "/readyz" else []
    statuses = [401, 403, 413, 422, 500, 503]
    if "{" in path or path == f"{ROOT}/history":
        statuses.append(404)
    if method == "post":
        statuses += [400, 409]
    return sorted(statuses)


def _problem(status: int) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if status == 422:
        content["example"] = _EXAMPLE
    return {"description": title_of(status), "content": {MEDIA_TYPE: content}}
