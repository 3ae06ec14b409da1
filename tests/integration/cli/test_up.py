"""`plumbline up` with a real Postgres and a real Redis; the API, worker and beat are stand-ins."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from db.birth import born
from db.embedded_postgres import free_port
from db.processes import is_alive

ROOT = Path(__file__).parents[3]
PARTS = ("postgres", "redis", "api", "worker", "beat")
Start = Callable[..., subprocess.Popen[str]]


def wait_for(condition: Callable[[], object], *, patience_s: float = 180.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def services(home: Path) -> dict[str, str]:
    return dict(json.loads((home / "run" / "services.json").read_text()))


def recorded_pid(home: Path, part: str) -> int | None:
    try:
        return int(json.loads((home / "run" / f"{part}.json").read_text())["pid"])
    except (OSError, ValueError):
        return None


def family(supervisor: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(supervisor.pid).children(recursive=True)


@pytest.fixture
def start(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a service in `home`; it and all it started are gone at the end of the test."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PLUMBLINE_PORT", str(free_port()))
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    started: list[subprocess.Popen[str]] = []

    def start(*, ready: bool = True, **environment: str) -> subprocess.Popen[str]:
        supervisor = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("stand_in.py"))],
            env=os.environ | environment,
            stdout=(home / f"output-{len(started)}").open("w"),
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(supervisor)
        output = home / f"output-{len(started) - 1}"
        if ready:
            wait_for(lambda: "is ready at" in output.read_text() or supervisor.poll() is not None)
            assert supervisor.poll() is None, output.read_text()
            wait_for(lambda: "worker is up" in (home / "logs" / "worker.log").read_text())
        return supervisor

    yield start
    for supervisor in started:
        supervisor.terminate()
        supervisor.wait(60)


def output(home: Path, number: int = 0) -> str:
    return (home / f"output-{number}").read_text()


@pytest.mark.parametrize(
    ("number", "stubborn"), [(signal.SIGINT, ""), (signal.SIGTERM, "1")], ids=["ctrl_c", "sigterm_with_a_deaf_worker"]
)
def test_a_stop_leaves_no_process_and_no_address(
    start: Start, home: Path, number: signal.Signals, stubborn: str
) -> None:
    supervisor = start(STUBBORN_WORKER=stubborn)
    everything = family(supervisor)
    assert {process.pid for process in everything} >= {recorded_pid(home, part) for part in PARTS}
    assert any("stand-in-engine" in process.cmdline() for process in everything)
    supervisor.send_signal(number)
    assert supervisor.wait(60) == 0, output(home)
    assert not [process for process in everything if is_alive(process)]
    assert not (home / "run" / "services.json").exists()
    assert "stopped" in output(home)


def test_the_addresses_lead_to_a_migrated_database_and_a_redis_behind_passwords(start: Start, home: Path) -> None:
    start()
    addresses = services(home)
    url = addresses["database_url"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT name FROM tokens").fetchall()
    assert names == [("local command line",)]
    assert redis.Redis.from_url(addresses["redis_url"]).ping()
    for secret in (home / "run" / "services.json", home / "token", home / "redis" / "redis.conf"):
        assert secret.stat().st_mode & 0o077 == 0, secret
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(url.split(":")[2].split("@")[0], "wrong"))
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=int(addresses["redis_url"].rsplit(":", 1)[1].split("/")[0])).ping()


def test_a_second_start_names_the_running_service(start: Start, home: Path) -> None:
    first = start()
    second = start(ready=False)
    assert second.wait(60) == 1
    assert services(home)["api_url"] in output(home, 1)
    assert str(first.pid) in output(home, 1)
    assert "plumbline down" in output(home, 1)
    assert first.poll() is None
    assert services(home)["pid"] == first.pid


def test_a_killed_supervisor_takes_its_children_along_and_the_next_start_works(start: Start, home: Path) -> None:
    supervisor = start()
    token = (home / "token").read_text()
    parts = [psutil.Process(recorded_pid(home, part)) for part in PARTS]
    supervisor.kill()
    supervisor.wait()
    wait_for(lambda: not [process for process in parts if is_alive(process)], patience_s=20)
    again = start()
    assert services(home)["pid"] == again.pid
    assert (home / "token").read_text() == token


def test_a_leftover_of_a_killed_service_is_ended_by_the_next_start(start: Start, home: Path) -> None:
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    (home / "run").mkdir()
    (home / "run" / "worker.json").write_text(json.dumps({"pid": orphan.pid, "born": born(orphan.pid)}))
    start()
    assert orphan.wait(10) == -signal.SIGTERM


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_dies_is_started_again_on_its_old_address(start: Start, home: Path, part: str) -> None:
    start()
    before, addresses = recorded_pid(home, part), services(home)
    assert before is not None
    psutil.Process(before).kill()
    wait_for(lambda: recorded_pid(home, part) not in (None, before), patience_s=30)
    wait_for(lambda: part in output(home).split("is ready at")[1], patience_s=10)
    assert services(home) == addresses
    url = addresses["database_url"].replace("+psycopg", "")
    wait_for(lambda: psycopg.connect(url).execute("SELECT 1").fetchone() == (1,), patience_s=20)


def test_configured_servers_are_used_and_none_is_embedded(
    start: Start, home: Path, database: str, redis_url: str
) -> None:
    supervisor = start(DATABASE_URL=database, REDIS_URL=redis_url)
    commands = [" ".join(process.cmdline()) for process in family(supervisor)]
    assert not [command for command in commands if "postgres" in command or "redis-server" in command]
    assert not (home / "postgres").exists()
    assert not (home / "redis").exists()
    assert services(home)["database_url"] == database


def test_a_taken_port_is_named_before_anything_starts(start: Start, home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert start(ready=False, PLUMBLINE_PORT=str(port)).wait(60) == 1
    assert f"127.0.0.1:{port} is taken" in output(home)
    assert f"PLUMBLINE_PORT={port + 1}" in output(home)
    assert not (home / "postgres").exists()


def test_a_home_with_a_long_path_works(start: Start, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = home / ("long" * 30) / "with a space and 'quotes'"
    deep.mkdir(parents=True)
    supervisor = start(ready=False, PLUMBLINE_HOME=str(deep))
    wait_for(lambda: "is ready at" in output(home) or supervisor.poll() is not None)
    assert supervisor.poll() is None, output(home)
    assert redis.Redis.from_url(services(deep)["redis_url"]).ping()
