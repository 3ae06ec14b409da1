"""What `plumbline doctor` looks at: each thing that can be wrong, with the command that mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from cli.lock import lock_holder
from cli.machine import answers, gpu_names, port_is_free
from db.embedded_postgres import postgres_programs
from db.embedded_redis import redis_program
from db.settings import Settings
from evals.errors import PlumblineError

GIB = 1024**3
_LITTLE_GIB, _TOO_LITTLE_GIB = 20.0, 2.0


class Level(StrEnum):
    """How a check came out; FAIL means that the service cannot work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, and the command that mends it."""

    name: str
    level: Level
    found: str
    remedy: str | None = None


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield the findings one after the other."""
    for check in _CHECKS:
        yield from check(settings)


def python_version(_: Settings) -> Iterator[Finding]:
    """Look at the interpreter."""
    good = (3, 11) <= sys.version_info < (3, 14)
    found = sys.version.split()[0]
    yield _finding("python", good, found, remedy="rm -rf .venv && make setup PYTHON=python3.12", bad=Level.WARN)


def packages(_: Settings) -> Iterator[Finding]:
    """Compare the installed packages with what each extra asks for."""
    try:
        wanted = [Requirement(text) for text in requires("plumbline") or []]
    except PackageNotFoundError:
        yield _finding("packages", False, "plumbline itself is not installed", remedy="make setup")
        return
    for extra in ("", "api", "cli", "worker"):
        missing = [f"{item.name}{item.specifier}" for item in wanted if _applies(item, extra) and not _satisfied(item)]
        found = f"missing {', '.join(missing)}" if missing else "complete"
        if extra:  # a GPU host needs no web server, an API host no harness
            remedy = f"pip install '.[{extra}]', if this host needs it"
            yield _finding(f"packages {extra}", not missing, found, remedy=remedy, bad=Level.WARN)
        else:
            yield _finding("packages core", not missing, found, remedy="make setup")


def embedded_servers(settings: Settings) -> Iterator[Finding]:
    """Run the servers' programs, unless the operator brings servers along."""
    programs: dict[str, tuple[str | None, Callable[[], Path]]] = {
        "postgres": (settings.database_url, lambda: postgres_programs() / "postgres"),
        "redis": (settings.redis_url, redis_program),
    }
    for name, (url, program) in programs.items():
        if url is not None:
            yield Finding(name=name, level=Level.OK, found="the operator's own")
            continue
        try:
            answer = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True, timeout=20)
            yield Finding(name=name, level=Level.OK, found=f"embedded, {answer.stdout.strip()[:40]}")
        except PlumblineError as error:
            yield Finding(name=name, level=Level.FAIL, found=error.message, remedy=error.remedy)
        except (OSError, subprocess.SubprocessError) as error:
            remedy = f"export {'DATABASE' if name == 'postgres' else 'REDIS'}_URL=... to a server of your own"
            yield Finding(name=name, level=Level.FAIL, found=f"does not run: {error}", remedy=remedy)


def home_folder(settings: Settings) -> Iterator[Finding]:
    """Look whether `home` can be written and has room for engines and responses."""
    place = next(folder for folder in (settings.home, *settings.home.absolute().parents) if folder.exists())
    writable = os.access(place, os.W_OK | os.X_OK)
    yield _finding("home", writable, str(settings.home), remedy="export PLUMBLINE_HOME=<a folder you may write to>")
    free_gib = shutil.disk_usage(place).free / GIB
    bad = Level.FAIL if free_gib < _TOO_LITTLE_GIB else Level.WARN
    found = f"{free_gib:.0f} GiB free (an engine takes 3 to 10 GiB)"
    yield _finding("disk", free_gib >= _LITTLE_GIB, found, remedy=f"make room on the disk of {place}", bad=bad)


def service(settings: Settings) -> Iterator[Finding]:
    """Ask the running service whether it is ready, or look whether its port is free."""
    holder = lock_holder(settings)
    if holder is not None:
        ready = answers(f"{holder.url}/readyz")
        found = f"{'ready' if ready else 'not ready'} at {holder.url}, process {holder.pid}"
        yield _finding("service", ready, found, remedy=f"plumbline down; plumbline up; see {settings.home / 'logs'}")
        return
    yield Finding(name="service", level=Level.WARN, found="not running", remedy="plumbline up")
    free = settings.port == 0 or port_is_free(settings.host, settings.port)
    remedy = f"export PLUMBLINE_PORT={settings.port + 1}"
    yield _finding("port", free, f"{settings.host}:{settings.port} is {'free' if free else 'taken'}", remedy=remedy)


def migrations(settings: Settings) -> Iterator[Finding]:
    """Compare the database with this code's migrations, when the database can be reached."""
    from sqlalchemy.exc import SQLAlchemyError

    from db.addresses import ServiceAddressError, database_url
    from db.migrate import is_current

    try:
        current = is_current(database_url(settings))
    except ServiceAddressError:
        return
    except SQLAlchemyError as error:
        found = f"unreachable: {str(error).splitlines()[0]}"
        yield Finding(name="database", level=Level.FAIL, found=found, remedy="start the server that DATABASE_URL names")
        return
    found = "migrations are current" if current else "migrations are missing"
    yield _finding("database", current, found, remedy="python -m db.migrate upgrade")


def engines(settings: Settings) -> Iterator[Finding]:
    """List the installed engines and the GPUs that they could use."""
    from workers.engines.environments import installed

    names = gpu_names()
    device = "cuda" if names else "cpu"
    yield Finding(name="gpus", level=Level.OK, found=", ".join(names) or "none; engines run on the CPU")
    found = installed(settings)
    for folder, manifest in found:
        words = f"{manifest.engine} {manifest.version} for {manifest.device}" if manifest else "installation unfinished"
        engine, _, its_device = folder.name.rpartition("-")
        remedy = f"plumbline engines install {engine} --device {its_device}"
        yield _finding(f"engine {folder.name}", manifest is not None, words, remedy=remedy)
    if not any(manifest and manifest.device == device for _, manifest in found):
        remedy = f"plumbline engines install sglang hf --device {device}"
        yield Finding(name="engines", level=Level.WARN, found=f"none installed for {device}", remedy=remedy)


def data(settings: Settings) -> Iterator[Finding]:
    """Look for the folders with benchmark data."""
    from evals.accuracy.datasets import DEMO_DATA

    demo = DEMO_DATA.is_dir()
    yield _finding(
        "demo data", demo, str(DEMO_DATA), remedy="run from a checkout: git clone, then make setup", bad=Level.WARN
    )
    if settings.data is not None:
        there = settings.data.is_dir()
        yield _finding("data", there, str(settings.data), remedy="export PLUMBLINE_DATA=<a folder that exists>")


def _finding(name: str, good: bool, found: str, *, remedy: str, bad: Level = Level.FAIL) -> Finding:
    return Finding(name=name, level=Level.OK if good else bad, found=found, remedy=None if good else remedy)


def _applies(item: Requirement, extra: str) -> bool:
    if item.marker is None:
        return extra == ""
    return item.marker.evaluate({"extra": extra}) and (extra == "" or not item.marker.evaluate({"extra": ""}))


def _satisfied(item: Requirement) -> bool:
    try:
        return item.specifier.contains(version(item.name), prereleases=True)
    except PackageNotFoundError:
        return False


_CHECKS = (python_version, packages, embedded_servers, home_folder, service, migrations, engines, data)
