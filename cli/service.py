"""The processes that make up a service: the API, a worker and the beat, with their command lines."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.machine import gpu_names
from db.processes import ChildSpec
from db.settings import Settings

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_CODE = Path(__file__).resolve().parent.parent


def api_url(settings: Settings, port: int) -> str:
    """Return the address under which this machine reaches the API."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def api_command(settings: Settings, port: int) -> list[str]:
    """Return the command line of the web server; on a crowded machine a process may be silent for long, and live."""
    command = [sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory", "--no-access-log"]
    command += ["--workers", str(settings.web_processes), "--timeout-worker-healthcheck", "60"]
    return [*command, "--host", settings.host, "--port", str(port), "--timeout-graceful-shutdown", "5"]


def worker_command(settings: Settings) -> list[str]:
    """Return the command line of the worker: one process for each slot and GPU, two more for control messages."""
    processes = settings.cpu_slots + settings.remote_slots + len(gpu_names()) + 2
    command = [sys.executable, "-m", "celery", "-A", "workers.queue:app", "worker"]
    command += ["-Q", "jobs.cpu,jobs.cuda,control", "-n", f"plumbline@{socket.gethostname()}"]
    return [*command, "--concurrency", str(processes), "--prefetch-multiplier", "1", "--loglevel", "INFO"]


def beat_command(settings: Settings) -> list[str]:
    """Return the command line of the process that sends the periodic messages."""
    command = [sys.executable, "-m", "celery", "-A", "workers.queue:app", "beat", "--pidfile="]
    return [*command, "--schedule", str(settings.run_dir / "beat"), "--loglevel", "WARNING"]


def environment(settings: Settings, *, database_url: str, redis_url: str) -> dict[str, str]:
    """Return the environment of the children: this one's, with absolute paths and the servers' addresses."""
    variables = dict(os.environ)
    variables |= {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "PLUMBLINE_HOME": str(settings.home.absolute())}
    if settings.data is not None:
        variables["PLUMBLINE_DATA"] = str(settings.data.absolute())
    variables["PLUMBLINE_EXTERNAL_CODE_ROOTS"] = ":".join(map(str, settings.code_roots))
    variables["PLUMBLINE_CODE_REPOSITORIES"] = " ".join(settings.repositories)
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_CODE), os.environ.get("PYTHONPATH")]))
    variables["PYTHONUNBUFFERED"] = "1"
    if settings.host in LOOPBACK_HOSTS:
        # Whoever can reach a loopback address is on this machine; elsewhere the operator decides.
        variables.setdefault("PLUMBLINE_PUBLIC_READ", "1")
    return variables


def children(settings: Settings, *, port: int, variables: Mapping[str, str]) -> list[ChildSpec]:
    """Return the service's processes in their starting order.

    They run in `home`, so that no package in the operator's folder passes for one of ours. The worker's SIGTERM
    waits for running jobs; after a short grace SIGQUIT gives them up, and they go on when the service starts again.
    """
    worker_stop = ((signal.SIGTERM, 3.0), (signal.SIGQUIT, 15.0))
    commands = {
        "api": (api_command(settings, port), ((signal.SIGTERM, 8.0),)),
        "worker": (worker_command(settings), worker_stop),
        "beat": (beat_command(settings), ((signal.SIGTERM, 5.0),)),
    }
    return [
        ChildSpec(
            name=name,
            command=command,
            log=settings.home / "logs" / f"{name}.log",
            record=settings.run_dir / f"{name}.json",
            environment=variables,
            folder=settings.home,
            stop=stop,
        )
        for name, (command, stop) in commands.items()
    ]
