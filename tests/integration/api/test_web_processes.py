"""Several processes answer behind one address, as `plumbline up` starts them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from cli.service import api_command
from db.embedded_postgres import free_port
from db.processes import descendants, is_alive, kill_all
from db.settings import Settings


class Served:
    """A web server with two processes. family: all that were started for it."""

    def __init__(self, leader: psutil.Process, url: str) -> None:
        self.leader, self.url = leader, url
        self.family = {leader}

    def answering(self) -> set[int]:
        """Return the processes that take some new connections."""
        self.family |= descendants(self.leader.pid)
        port, clients = httpx.URL(self.url).port, [httpx.Client() for _ in range(12)]
        try:
            for client in clients:
                assert client.get(f"{self.url}/healthz", timeout=10).status_code == 200
            held = psutil.net_connections("tcp")
        except httpx.TransportError:
            return set()
        finally:
            for client in clients:
                client.close()
        ours = (one for one in held if one.laddr and one.laddr.port == port and one.status == "ESTABLISHED")
        return {one.pid for one in ours if one.pid}


@pytest.fixture
def served(database: str, redis_url: str, tmp_path: Path) -> Iterator[Served]:
    port = free_port()
    variables = os.environ | {"DATABASE_URL": database, "REDIS_URL": redis_url, "PLUMBLINE_HOME": str(tmp_path)}
    child = subprocess.Popen(api_command(Settings(home=tmp_path, web_processes=2), port), env=variables)
    found = Served(psutil.Process(child.pid), f"http://127.0.0.1:{port}")
    try:
        yield found
    finally:
        kill_all(found.family | descendants(child.pid))
        child.wait()


def wait_for(condition: Callable[[], bool], *, patience_s: float = 120.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_two_processes_answer_and_end_with_the_one_that_leads_them_although_it_is_killed(served: Served) -> None:
    wait_for(lambda: len(served.answering()) == 2)
    assert served.leader.pid not in served.answering()
    served.leader.kill()
    wait_for(lambda: not any(map(is_alive, served.family)), patience_s=10)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.url}/healthz")
