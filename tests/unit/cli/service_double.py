"""Answers as the service gives them, for commands that talk to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
RUN_ID = "r0k3v9x2d1a7b4c5e"


def job(role: str, engine: str, **changes: Any) -> dict[str, Any]:
    base = {"id": f"j-{role}", "role": role, "engine": engine, "state": "queued", "phase": None, "progress": {}}
    return {**base, "error": None, "log": f"/api/v1/submissions/{RUN_ID}/jobs/j-{role}/log", **changes}


def run(run_state: str = "queued", verdict: str | None = None, **candidate: Any) -> dict[str, Any]:
    engines = {"candidate": {"kind": "sglang"}, "baseline": {"kind": "hf"}}
    return {
        "id": RUN_ID,
        "state": run_state,
        "verdict": verdict,
        "created_at": "2026-01-31T12:00:00Z",
        "submission": {"model": {"path": "/models/[bold]tiny"}, "suite": "demo", **engines},
        "jobs": [job("candidate", "sglang", **candidate), job("baseline", "hf")],
        "links": {"page": f"http://127.0.0.1:8642/runs/{RUN_ID}"},
    }


def problem(status: int, code: str, detail: str, remedy: str, **more: Any) -> httpx.Response:
    body = {"status": status, "code": code, "detail": detail, "remedy": remedy, **more}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json"})


def stream(*events: tuple[str, dict[str, Any]]) -> httpx.Response:
    text = "".join(f"event: {name}\nid: 1\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return httpx.Response(200, content=text.encode(), headers={"Content-Type": "text/event-stream"})


class ServiceDouble:
    """Answer by method and path, and remember what was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {}
        self.asked: list[httpx.Request] = []

    def on(self, method: str, path: str, answer: Any) -> None:
        """Answer a path, below the submissions, with a response or with what a function returns."""
        self.answers[method, f"/api/v1/submissions{path}"] = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers[request.method, request.url.path]
        found = answer(request) if callable(answer) else answer
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)
