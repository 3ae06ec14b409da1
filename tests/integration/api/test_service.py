"""The API as a process: it takes hostile bodies, streams progress, and says when it cannot work."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx_sse import connect_sse
from sqlalchemy import text

from db.jobs import renew_lease
from db.session import engine_for, transaction
from db.tokens import TokenRole
from tests.integration.api.world import PATH, claim, evaluating, finished_run, queued_run, token_of


@pytest.fixture
def server(database: str, redis_url: str) -> Iterator[httpx.Client]:
    """A real uvicorn with the application, and a client with a token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    headers = {"Authorization": f"Bearer {token_of(TokenRole.SUBMITTER)}"}
    process = subprocess.Popen([*command, "--timeout-graceful-shutdown", "1", "--log-level", "error"], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20) as client:
            _wait_until_ready(client)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait_until_ready(client: httpx.Client) -> None:
    for _ in range(200):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service did not become ready")


def _chunks() -> Iterator[bytes]:
    for _ in range(50):
        yield b"x" * 1_000_000


def test_fifty_megabytes_are_refused_and_the_service_goes_on(server: httpx.Client) -> None:
    for body in (b"x" * 50_000_000, _chunks()):
        answer = server.post(PATH, content=body)
        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"
        assert server.get("/healthz").status_code == 200


def test_an_announced_giant_is_refused_before_it_is_sent(server: httpx.Client) -> None:
    address = (server.base_url.host, server.base_url.port or 0)
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_stream_shows_every_change_and_ends(server: httpx.Client) -> None:
    run_id, jobs = queued_run()
    seen: list[int] = []
    with connect_sse(server, "GET", f"{PATH}/{run_id}/events") as source:
        assert source.response.headers["content-type"].startswith("text/event-stream")
        events = source.iter_sse()
        first = next(events)
        assert (first.event, json.loads(first.data)["state"]) == ("snapshot", "queued")
        held = claim(jobs[0])
        evaluating(held, done=0, right=0)
        for done in (10, 20):
            with transaction() as session:
                renew_lease(session, held.lease, lease_s=60, progress={"gsm8k": {"done": done, "total": 40}})
            while not seen or seen[-1] != done:
                progress = json.loads(next(events).data)["jobs"][0]["progress"]
                seen.append(progress.get("gsm8k", {}).get("done", -1))
    assert seen[-1] == 20
    assert 10 in seen


def test_a_finished_runs_stream_is_a_snapshot_and_an_end(server: httpx.Client) -> None:
    run_id = finished_run([True], [True])
    with connect_sse(server, "GET", f"{PATH}/{run_id}/events") as source:
        events = list(source.iter_sse())
    assert [event.event for event in events] == ["snapshot", "end"]
    assert json.loads(events[1].data) == {"id": run_id, "verdict": "inconclusive"}
    headers = {"Last-Event-ID": events[0].id}
    with connect_sse(server, "GET", f"{PATH}/{run_id}/events", headers=headers) as source:
        assert [event.event for event in source.iter_sse()] == ["end"]


def test_many_streams_leave_the_service_responsive(server: httpx.Client) -> None:
    run_id, _ = queued_run()
    streams = [threading.Thread(target=_listen, args=(server, run_id), daemon=True) for _ in range(30)]
    for stream in streams:
        stream.start()
    time.sleep(1)
    assert all(server.get(f"{PATH}/{run_id}").status_code == 200 for _ in range(5))
    for stream in streams:
        stream.join(20)


def _listen(server: httpx.Client, run_id: str) -> None:
    url, headers = f"{server.base_url}{PATH}/{run_id}/events".replace("//api", "/api"), dict(server.headers)
    with httpx.Client(headers=headers) as client, connect_sse(client, "GET", url) as source:
        next(source.iter_sse())
        time.sleep(3)


def test_ready_names_what_fails(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from db.settings import settings

    assert client.get("/readyz").json() == {"status": "ok"}
    monkeypatch.setenv("REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    settings.cache_clear()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "not ready: redis")
    assert "secret" not in answer.text
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@127.0.0.1:1/none")
    settings.cache_clear()
    assert client.get("/readyz").json()["detail"] == "not ready: postgres, redis"
    assert client.get("/healthz").status_code == 200
    lost = client.get(PATH)
    assert (lost.status_code, lost.json()["code"]) == (503, "not_ready")
    assert "secret" not in lost.text


def test_ready_names_missing_migrations(client: TestClient, database: str) -> None:
    with engine_for(database).begin() as connection:
        version = connection.execute(text("DELETE FROM alembic_version RETURNING version_num")).scalar_one()
    try:
        assert client.get("/readyz").json()["detail"] == "not ready: migrations"
    finally:
        with engine_for(database).begin() as connection:
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})


def test_an_error_of_ours_tells_nothing_but_its_number(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr("api.routes.submissions.get_run", broken)
    answer = client.get(f"{PATH}/r1")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1234" not in answer.text
    assert answer.json()["error_id"] in caplog.text
