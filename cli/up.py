"""`plumbline up` and `plumbline down`: the whole service on this machine, in one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.lock import lock_holder, service_lock, wait_until_free
from cli.machine import answers, port_is_free
from cli.service import api_url, children, environment
from cli.supervisor import StopRequest, Supervisor, stop_on_signals
from db.addresses import database_url
from db.embedded import EmbeddedServers, ServiceAddresses, forget_addresses, write_addresses
from db.embedded_postgres import free_port
from db.migrate import upgrade
from db.processes import ChildStartError, last_lines, start_log
from db.settings import Settings, settings
from evals.errors import PlumblineError

_READY_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 90.0


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once the service is ready; it goes on alone.")
    ] = False,
) -> None:
    """Start the service: Postgres, Redis, the API, a worker and the beat."""
    settings().home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _start_detached(settings()) if detach else _run(settings())
    except PlumblineError as error:
        _print_error(error)
        raise typer.Exit(1) from error


def down() -> None:
    """Stop the service that runs in this home, and wait until it has ended."""
    holder = lock_holder(settings())
    if holder is None:
        typer.echo(f"no service runs in {settings().home}")
        return
    os.kill(holder.pid, signal.SIGTERM)
    if not wait_until_free(settings(), patience_s=_STOP_TIMEOUT_S):
        typer.echo(f"process {holder.pid} has not ended within {_STOP_TIMEOUT_S:.0f} s", err=True)
        raise typer.Exit(1)
    typer.echo("stopped")


def _run(config: Settings) -> None:
    port = config.port or free_port()
    url = api_url(config, port)
    with stop_on_signals() as request, service_lock(config, url):
        _require_port(config, port)
        with _servers(config, url) as servers:
            if not request.made:
                _prepare_database(config)
            if not request.made:
                _supervise(config, port=port, servers=servers, request=request)
            typer.echo("stopping ...")
    typer.echo("stopped; queued and running jobs go on at the next start")


def _require_port(config: Settings, port: int) -> None:
    if not port_is_free(config.host, port):
        raise ChildStartError(
            f"{config.host}:{port} is taken by another program, or is no address of this machine",
            remedy=f"choose another port, for example PLUMBLINE_PORT={port + 1}, or another PLUMBLINE_HOST",
        )


@contextmanager
def _servers(config: Settings, url: str) -> Iterator[EmbeddedServers]:
    servers = EmbeddedServers(config)
    for name in servers.names:
        start_log(config.home / "logs" / f"{name}.log")
        typer.echo(f"starting {name} ...")
    try:
        servers.start()
        addresses = ServiceAddresses(
            database_url=servers.database_url, redis_url=servers.redis_url, api_url=url, pid=os.getpid()
        )
        write_addresses(config, addresses)
        yield servers
    finally:
        servers.stop()
        forget_addresses(config)


def _prepare_database(config: Settings) -> None:
    from db.session import transaction
    from db.tokens import ensure_local_token

    upgrade(database_url(config))
    with transaction() as session:
        ensure_local_token(session, config)


@dataclass(kw_only=True)
class _Announcement:
    """Print the banner once the API answers."""

    config: Settings
    url: str
    next_look: float = 0.0
    made: bool = False

    def __call__(self) -> None:
        """Look at the API now and then until it answers."""
        if self.made or time.monotonic() < self.next_look:
            return
        self.next_look = time.monotonic() + 0.5
        if answers(f"{self.url}/readyz"):
            self.made = True
            typer.echo(_banner(self.config, self.url))


def _supervise(config: Settings, *, port: int, servers: EmbeddedServers, request: StopRequest) -> None:
    variables = environment(config, database_url=servers.database_url, redis_url=servers.redis_url)
    specs = children(config, port=port, variables=variables)
    supervisor = Supervisor(specs, say=typer.echo, servers=servers)
    try:
        supervisor.start()
        typer.echo("starting the API, a worker and the beat ...")
        supervisor.run(request, each_round=_Announcement(config=config, url=api_url(config, port)))
    finally:
        supervisor.stop()


def _banner(config: Settings, url: str) -> str:
    lines = (
        f"Plumbline is ready at {config.public_url or url}",
        f"  token  {config.home / 'token'} (the command line on this machine uses it)",
        f"  logs   {config.home / 'logs'}",
        "  stop   Ctrl-C, or `plumbline down`",
    )
    return "\n".join(lines)


def _start_detached(config: Settings) -> None:
    holder = lock_holder(config)
    if holder is not None:
        with service_lock(config, holder.url):
            pass  # taken in between: start as usual; else this raises AlreadyRunningError
    log = config.home / "logs" / "up.log"
    start_log(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    _wait_until_ready(config, process, log)


def _wait_until_ready(config: Settings, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        holder = lock_holder(config)
        if holder is not None and holder.pid == process.pid and answers(f"{holder.url}/readyz"):
            typer.echo(_banner(config, holder.url))
            return
        time.sleep(0.2)
    ended = process.poll() is not None
    process.terminate()
    process.wait(_STOP_TIMEOUT_S)
    raise ChildStartError(
        "the service ended while it started" if ended else f"the API is not ready after {_READY_TIMEOUT_S:.0f} s",
        remedy=f"see {config.home / 'logs'} and `plumbline doctor`",
        log=[*last_lines(log), *last_lines(config.home / "logs" / "api.log")],
    )


def _print_error(error: PlumblineError) -> None:
    for line in error.details.get("log", []):
        typer.echo(f"  {line}", err=True)
    typer.echo(f"error: {error.message}", err=True)
    typer.echo(f"what to do: {error.remedy}", err=True)


if __name__ == "__main__":
    typer.run(up)
