"""Small scripts that stand in for an engine, to fail on purpose."""

from __future__ import annotations

import http.client
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from db.settings import Settings
from evals.spec import EngineSpec, ModelSpec
from workers import server
from workers.engines.base import EngineEnvironment
from workers.server import running

SERVE = """
import http.server, sys, threading, time
port, delay_s = int(sys.argv[1]), float(sys.argv[2])
ready_at = time.time() + delay_s
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.time() > ready_at else 503)
        self.end_headers()
    def do_POST(self):
        import os
        os._exit(5)
print("serving on", port)
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class Script:
    """An engine that is a Python script; it gets the port and `argument`."""

    code: str
    argument: str = "0"
    kind: str = "sglang"
    ready_path: str = "/health"
    capabilities: frozenset[str] = frozenset({"chat"})

    def command(self, spec: EngineSpec, model: ModelSpec, *, port: int, interpreter: Path) -> list[str]:
        return [str(interpreter), "-c", self.code, str(port), self.argument]

    def environment(self, spec: EngineSpec) -> dict[str, str]:
        return {}

    def import_check(self, device: str) -> str:
        return ""

    def help_command(self, interpreter: Path) -> list[str]:
        return []


class Bench:
    """Start scripts as engines in a home of their own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(home=home)
        self.folder = home
        self._monkeypatch = monkeypatch

    def running(self, code: str, argument: str = "0", *, start_timeout_s: float = 60, **options: Any) -> Any:
        engine = Script(code=code, argument=argument)
        self._monkeypatch.setattr(server, "local_engine", lambda kind: engine)
        settings = self.settings.model_copy(update={"start_timeout_s": start_timeout_s})
        environment = EngineEnvironment(engine="sglang", device="cpu", interpreter=Path(sys.executable))
        return running(
            EngineSpec(kind="sglang"),
            options.pop("model", ModelSpec(path="org/name")),
            settings=settings,
            job_id="job",
            environment=options.pop("environment", environment),
            **options,
        )


def status_of(base_url: str, method: str = "GET") -> int:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    try:
        connection.request(method, "/health")
        return connection.getresponse().status
    finally:
        connection.close()
