"""Start a filled Postgres and the service's web server, let readers read, and tell what it took them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.dashboard_load.explain import plans
from benchmarks.dashboard_load.pages import Pages, pages
from benchmarks.dashboard_load.readers import Load, quantile, read
from benchmarks.dashboard_load.store import fill
from cli.service import api_command
from db.embedded_postgres import EmbeddedPostgres, free_port
from db.embedded_redis import temporary_redis
from db.migrate import upgrade
from db.session import transaction
from db.settings import Settings, settings
from db.tokens import TokenRole, create_token

THINK_S = 1.0
_COUNTED = 12
_START_S = 120.0
_FILLED = "filled.json"


def measure(
    *, runs: int, lineages: int, samples: int, readers: int, seconds: float, keep: Path | None, explain: Path | None
) -> dict[str, Any]:
    """Return what pages take one reader and many, with and without time to look at them.

    keep: a folder for the store; one that was filled there before, with the same sizes, is used again. explain: a
    file for the plans of the main queries.
    """
    with tempfile.TemporaryDirectory(prefix="plumbline-load-") as scratch:
        folder = keep or Path(scratch)
        with _store(folder, {"runs": runs, "lineages": lineages, "samples": samples}) as filled:
            with transaction() as session:
                asked, secret = pages(session), create_token(session, name="reader", role=TokenRole.VIEWER)[1]
            if explain is not None:
                explain.write_text(plans({"runs": runs, "lineages": lineages, "samples": samples}))
            with _server(Path(scratch)) as (url, process):
                return filled | _loads(url, process, asked, secret, readers, seconds)


def _loads(
    url: str, process: psutil.Process, asked: Pages, secret: str, readers: int, seconds: float
) -> dict[str, Any]:
    signed = httpx.post(f"{url}/sign-in", data={"token": secret}, headers={"Origin": url})
    cookies = dict(signed.cookies)
    one_each = {name: addresses[:1] for name, addresses in asked.items()}
    asyncio.run(read(url, one_each, cookies, readers=1, seconds=seconds / 4, think_s=0, seed=0))  # warms caches
    found: dict[str, Any] = {"cpu_ms_per_page": _work(url, process, asked, cookies)}
    for name, count, think_s in (
        ("one reader", 1, 0.0),
        (f"{readers} readers, one page each {THINK_S:g} s", readers, THINK_S),
        (f"{readers} readers without a pause", readers, 0.0),
    ):
        before = _cpu_s(process)
        load = asyncio.run(read(url, asked, cookies, readers=count, seconds=seconds, think_s=think_s, seed=count))
        found[name] = _summary(load, _cpu_s(process) - before)
    return found


def _work(url: str, process: psutil.Process, asked: Pages, cookies: dict[str, str]) -> dict[str, Any]:
    """Return the processor time that one page of each kind costs the web server and Postgres.

    It says what pages cost also where other programs share the machine, which what readers wait for does not.
    """
    found = {}
    with httpx.Client(base_url=url, cookies=cookies, timeout=60) as client:
        for name, addresses in asked.items():
            chosen = (addresses * _COUNTED)[:_COUNTED]
            client.get(chosen[0])
            before = _cpu_s(process), _postgres_s()
            sizes = [len(client.get(address).content) for address in chosen]
            web_s, postgres_s = _cpu_s(process) - before[0], _postgres_s() - before[1]
            found[name] = {
                "web": round(1000 * web_s / _COUNTED, 1),
                "postgres": round(1000 * postgres_s / _COUNTED, 1),
                "kib": round(sum(sizes) / _COUNTED / 1024),
            }
    return found


def _postgres_s() -> float:
    """Return the processor time of all processes of this benchmark's Postgres that live."""
    ours = (child for child in psutil.Process().children(recursive=True) if child.name() == "postgres")
    return sum(_cpu_s(child) for child in ours)  # each of them has no child


def _summary(load: Load, cpu_s: float) -> dict[str, Any]:
    lines = {
        name: {f"p{share}": round(quantile(taken, share / 100), 1) for share in (50, 95, 99)} | {"n": len(taken)}
        for name, taken in sorted(load.taken_ms.items())
    }
    return {
        "pages_per_s": round(load.answers / load.wall_s, 1),
        "server_cpu_ms_per_page": round(1000 * cpu_s / max(1, load.answers), 1),
        "failed": dict(load.failed),
        "ms": lines,
    }


def _cpu_s(process: psutil.Process) -> float:
    """Return the processor time of a process and of those below it that live."""
    family = [process, *process.children(recursive=True)]
    return sum(float(times.user + times.system) for times in (one.cpu_times() for one in family))


@contextmanager
def _store(folder: Path, sizes: dict[str, int]) -> Iterator[dict[str, Any]]:
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
def _server(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
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
