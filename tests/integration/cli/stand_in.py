"""Run `plumbline up` with small programs in the places of the API, the worker and the beat.

The worker behaves like one with a running job: it has started an engine in a session of its own, and SIGTERM does
not end it; nor does SIGQUIT when STUBBORN_WORKER is set. The engine ends soon after it has lost its worker.
"""

from __future__ import annotations

import sys

import typer

import cli.service
from cli.up import up
from db.settings import Settings

_API = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
_WORKER = r"""
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.environ.get("STUBBORN_WORKER"):
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
engine = "import os, time\nwhile os.getppid() == %d: time.sleep(0.1)" % os.getpid()
subprocess.Popen([sys.executable, "-c", engine, "stand-in-engine"], start_new_session=True)
print("worker is up", flush=True)
time.sleep(1000)
"""
_BEAT = "import time; time.sleep(1000)"


def _api(_settings: Settings, port: int) -> list[str]:
    return [sys.executable, "-c", _API, str(port)]


def main() -> None:
    """Start the service."""
    cli.service.api_command = _api
    cli.service.worker_command = lambda _settings: [sys.executable, "-c", _WORKER, "stand-in-worker"]
    cli.service.beat_command = lambda _settings: [sys.executable, "-c", _BEAT, "stand-in-beat"]
    typer.run(up)


if __name__ == "__main__":
    main()
