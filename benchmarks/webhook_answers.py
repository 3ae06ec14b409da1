"""How soon the API answers a webhook of GitHub: `python -m benchmarks.webhook_answers`."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil

from db.embedded_postgres import temporary_postgres
from db.embedded_redis import temporary_redis
from db.migrate import upgrade

SECRET, ANSWERS, WARM_UP = "secret", 300, 20
BODY_BYTES = 30_000
"""About what GitHub sends of a comment on a pull request."""


def measure() -> dict[str, Any]:
    """Send signed webhooks one after another; return the milliseconds until each answer was there."""
    with temporary_postgres() as database, temporary_redis() as broker, tempfile.TemporaryDirectory() as home:
        upgrade(database)
        with _api(database, broker, home) as (url, process), httpx.Client(base_url=url) as client:
            for number in range(WARM_UP):
                _sent(client, number)
            before = process.cpu_times()
            took_ms = [_sent(client, WARM_UP + number) for number in range(ANSWERS)]
            spent_s = sum(process.cpu_times()[:2]) - sum(before[:2])
    cuts = statistics.quantiles(took_ms, n=100)
    shown = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "most": max(took_ms)}
    return {
        "answers": ANSWERS,
        "body_bytes": BODY_BYTES,
        "ms": {name: round(ms, 1) for name, ms in shown.items()},
        "processor_ms_of_the_api": round(1000 * spent_s / ANSWERS, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def _sent(client: httpx.Client, number: int) -> float:
    comment = {"id": number + 1, "body": "/plumbline status", "user": {"login": "alice", "type": "User"}}
    payload = {
        "action": "created",
        "issue": {"number": 12, "pull_request": {}, "body": "x" * BODY_BYTES},
        "comment": comment,
        "repository": {"full_name": "org/engine"},
        "installation": {"id": 99},
        "sender": comment["user"],
    }
    body = json.dumps(payload).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "issue_comment"}
    began = time.perf_counter()
    answer = client.post("/api/v1/github/webhook", content=body, headers=headers | {"X-GitHub-Delivery": f"d-{number}"})
    took_ms = 1000 * (time.perf_counter() - began)
    if answer.status_code != 202:
        raise RuntimeError(answer.text)
    return took_ms


@contextmanager
def _api(database: str, broker: str, home: str) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    named = {"APP_ID": "1", "PRIVATE_KEY_PATH": "/nowhere", "WEBHOOK_SECRETS": SECRET, "REPOSITORIES": "org/engine"}
    ours = {f"PLUMBLINE_GITHUB_{name}": value for name, value in named.items()}
    ours |= {"DATABASE_URL": database, "REDIS_URL": broker, "PLUMBLINE_HOME": home}
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "api.app:create_app",
        "--no-access-log",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, env=os.environ | ours)
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the API does not start")


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
