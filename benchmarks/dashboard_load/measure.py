"""Start a filled Postgres and the service's web server, let readers read, and tell what it took them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.dashboard_load.explain import plans
from benchmarks.dashboard_load.hosting import server, store
from benchmarks.dashboard_load.pages import Pages, large_comparisons, pages
from benchmarks.dashboard_load.readers import Load, quantile, read
from db.session import transaction
from db.tokens import TokenRole, create_token

THINK_S = 1.0
_COUNTED = 12


def measure(
    *, runs: int, lineages: int, samples: int, readers: int, seconds: float, keep: Path | None, explain: Path | None
) -> dict[str, Any]:
    """Return what pages take one reader and many, with and without time to look at them.

    keep: a folder for the store; one that was filled there before, with the same sizes, is used again. explain: a
    file for the plans of the main queries.
    """
    with tempfile.TemporaryDirectory(prefix="plumbline-load-") as scratch:
        folder = keep or Path(scratch)
        with store(folder, {"runs": runs, "lineages": lineages, "samples": samples}) as filled:
            with transaction() as session:
                asked, secret = pages(session), create_token(session, name="reader", role=TokenRole.VIEWER)[1]
                large = large_comparisons(session)
            if explain is not None:
                explain.write_text(plans({"runs": runs, "lineages": lineages, "samples": samples}))
            with server(Path(scratch)) as (url, process):
                cookies = _signed_in(url, secret)
                found = _loads(url, process, asked, cookies, readers, seconds)
                return filled | found | {"two runs of 14,042 items, ms": _comparisons(url, large, cookies)}


def _loads(
    url: str, process: psutil.Process, asked: Pages, cookies: dict[str, str], readers: int, seconds: float
) -> dict[str, Any]:
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


def _signed_in(url: str, secret: str) -> dict[str, str]:
    return dict(httpx.post(f"{url}/sign-in", data={"token": secret}, headers={"Origin": url}).cookies)


def _comparisons(url: str, addresses: list[str], cookies: dict[str, str]) -> dict[str, Any]:
    """Return what one reader waits for comparisons that nobody has asked for yet, and then for the same again.

    All requests go through one connection, and so to one process, which keeps what it has compared.
    """
    found = {}
    with httpx.Client(base_url=url, cookies=cookies, timeout=60) as client:
        for name in ("first", "again"):
            taken = []
            for address in addresses[:_COUNTED]:
                sent = time.perf_counter()
                client.get(address).raise_for_status()
                taken.append((time.perf_counter() - sent) * 1000)
            found[name] = {"p50": round(quantile(taken, 0.5), 1), "most": round(max(taken), 1)} if taken else {}
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
    return sum(_own_s(child) for child in ours)


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
    return sum(_own_s(one) for one in (process, *process.children(recursive=True)))


def _own_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
