"""Where the readers' service runs: a filled Postgres in a folder, and the web server as users start it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.dashboard_load.store import fill
from cli.service import api_command
from db.embedded_postgres import EmbeddedPostgres, free_port
from db.embedded_redis import temporary_redis
from db.migrate import upgrade
from db.settings import Settings, settings

_START_S = 120.0
_FILLED = "filled.json"


@contextmanager
def store(folder: Path, sizes: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Run a Postgres in a folder, filled with so much, and a Redis; yield what is known of the filling."""
    server = EmbeddedPostgres(
        folder=folder / "postgres", log=folder / "postgres.log", record=folder / "postgres.json", durable=False
    )
    server.start()
    os.environ["DATABASE_URL"] = server.url
    try:
        with temporary_redis() as redis_url:
            os.environ["REDIS_URL"] = redis_url
            settings.cache_clear()
            yield _filled(folder, server.url, sizes)
    finally:
        server.stop()


def _filled(folder: Path, url: str, sizes: dict[str, int]) -> dict[str, Any]:
    """Fill the store unless that was done before; return what is known of it."""
    note = folder / _FILLED
    upgrade(url)
    if note.exists() and json.loads(note.read_text())["sizes"] != sizes:
        raise RuntimeError(f"{folder} holds a store of other sizes ({note}); name another folder with --keep")
    if not note.exists():
        note.write_text(json.dumps({"sizes": sizes, "filled_s": fill(**sizes, seed=7)}))
    known: dict[str, Any] = json.loads(note.read_text())
    return known


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run the web server as the service does, with a home of its own."""
    home = Settings(home=folder / "home")
    port = free_port()
    environment = os.environ | {"PLUMBLINE_HOME": str(home.home)}
    with (folder / "api.log").open("wb") as log:
        child = subprocess.Popen(api_command(home, port), env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        yield url, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait()


def _wait(url: str) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/healthz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError("the web server does not answer")
