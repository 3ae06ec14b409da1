"""A stand-in for GitHub that remembers, in tests only: what the bot asks for and writes, and faults on command."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.github.standin_routes import answer
from tests.github.standin_state import APP_ID as APP_ID
from tests.github.standin_state import Headers, Json, Request, StandIn


class _Handler(BaseHTTPRequestHandler):
    github: StandIn
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = Request(
            method=self.command,
            path=parts.path,
            query={name: values[-1] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(raw) if raw else None,
        )
        self.github.requests.append(request)
        fault = self.github.due_fault(request)
        status, body = answer(self.github, request) if fault is None or fault.after else (fault.status, None)
        if fault is not None:
            time.sleep(fault.stall_s)
            if fault.status == 0:
                self.close_connection = True
                return
            status, body = fault.status, {"message": fault.message}
        self._send(status, body, fault.headers if fault else {})

    def _send(self, status: int, body: Json, headers: Headers) -> None:
        sent = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def standin() -> Iterator[StandIn]:
    """Run a stand-in on a free port until the end of the block."""
    github = StandIn()
    handler = type("Handler", (_Handler,), {"github": github})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        github.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield github
        finally:
            server.shutdown()
