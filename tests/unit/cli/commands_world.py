"""The command line over a double of the service."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner, Result

from cli.main import app
from tests.unit.cli.service_double import RUN_ID, ServiceDouble, run, stream

SIDE = {"role": "candidate", "engine": "sglang", "model": "m", "state": "succeeded"}
REPORT: dict[str, Any] = {
    "run_id": RUN_ID,
    "suite": "demo",
    "verdict": "pass",
    "headline": "gsm8k is within the margin",
    "comparisons": [],
    "candidate": SIDE,
    "baseline": {**SIDE, "role": "baseline", "engine": "hf"},
    "created_at": "2026-01-31T12:00:00+00:00",
    "plumbline_version": "0.1.0",
}


def plumbline(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def ending(service: ServiceDouble, verdict: str, **candidate: Any) -> None:
    """Let the run end with a verdict while it is followed."""
    final = run("finished", verdict, **candidate)
    service.on("GET", f"/{RUN_ID}", final)
    service.on("GET", f"/{RUN_ID}/report", {**REPORT, "verdict": verdict})
    running = run("running", state="running", phase="launching")
    service.on("GET", f"/{RUN_ID}/events", lambda _: stream(("snapshot", running), ("snapshot", final), ("end", {})))
