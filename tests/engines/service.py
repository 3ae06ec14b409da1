"""A whole Plumbline service for the tests on real engines: started, spoken to and stopped as its user would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import sqlalchemy as sa

from db.addresses import database_url
from db.session import engine_for
from db.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEMO_MODEL = ROOT / "demo" / "demo-llm"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running `plumbline up` in a home of its own."""

    home: Path
    port: int

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        own = {"PLUMBLINE_HOME": str(self.home), "PLUMBLINE_PORT": str(self.port), "PLUMBLINE_LEASE_S": "10"}
        return {**kept, **own, "PLUMBLINE_EXTERNAL_CODE_ROOTS": str(ROOT / "demo")}

    def command(self, *words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        plumbline = [sys.executable, "-m", "cli.main", *words]
        return subprocess.run(
            plumbline, env=self.environment(), cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    @contextmanager
    def up(self) -> Iterator[Self]:
        """Start the service and stop it at the end, which leaves no engine."""
        started = self.command("up", "--detach", timeout_s=240)
        assert started.returncode == 0, started.stdout + started.stderr
        try:
            yield self
        finally:
            stopped = self.command("down")
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr
        assert self.engines() == []

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """Yield a connection to the service's database."""
        with engine_for(database_url(Settings(home=self.home))).connect() as connection:
            yield connection

    @property
    def http(self) -> httpx.Client:
        token = (self.home / "token").read_text().strip()
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def submit(self, **changes: Any) -> dict[str, Any]:
        body = {"model": str(DEMO_MODEL), "candidate": {"engine": "hf"}, "baseline": {"engine": "hf"}, "suite": "demo"}
        body |= {"use_cache": False}
        with self.http as client:
            answer = client.post("/submissions", json=body | changes)
            assert answer.status_code == 202, answer.text
            resource: dict[str, Any] = answer.json()
            return resource

    def run(self, run_id: str) -> dict[str, Any]:
        with self.http as client:
            resource: dict[str, Any] = client.get(f"/submissions/{run_id}").raise_for_status().json()
            return resource

    def report(self, run_id: str) -> dict[str, Any]:
        with self.http as client:
            report: dict[str, Any] = client.get(f"/submissions/{run_id}/report").raise_for_status().json()
            return report

    def wait(self, run_id: str, until: Callable[[dict[str, Any]], bool], *, timeout_s: float = 300) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while not until(run := self.run(run_id)):
            assert time.monotonic() < deadline, f"still {run['state']}: {run['jobs']}"
            time.sleep(0.2)
        return run

    def finished(self, run_id: str, *, timeout_s: float = 300) -> dict[str, Any]:
        return self.wait(run_id, lambda run: run["state"] == "finished", timeout_s=timeout_s)

    def processes(self, *words: str) -> list[psutil.Process]:
        """Return the processes whose command line has all the words."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            line = " ".join(process.info["cmdline"] or [])
            if all(word in line for word in words) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def engines(self) -> list[psutil.Process]:
        """Return the engine processes of this service: those whose interpreter lies in its home or log there."""
        return [*self.processes(str(self.home / "engines")), *self.processes("keeper", str(self.home))]

    def worker(self) -> psutil.Process:
        """Return the main process of this service's worker."""
        supervisor = psutil.Process(self.addresses()["pid"])
        return next(child for child in supervisor.children(recursive=True) if "worker" in child.cmdline())

    def addresses(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "run" / "services.json").read_text())
        return found


def done(run: dict[str, Any], role: str) -> int:
    """Return how many items a side has answered."""
    job = next(job for job in run["jobs"] if job["role"] == role)
    return sum(progress["done"] for progress in job["progress"].values())


def job_of(run: dict[str, Any], role: str) -> dict[str, Any]:
    return next(job for job in run["jobs"] if job["role"] == role)
