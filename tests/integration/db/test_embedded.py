"""The embedded servers keep what they were told, whatever happens to them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest
import redis

from db.embedded_postgres import EmbeddedPostgres
from db.embedded_redis import EmbeddedRedis
from db.processes import ChildStartError, recorded_process


def postgres_in(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder=folder / "postgres", log=folder / "log", record=folder / "postgres.json")


def redis_in(folder: Path) -> EmbeddedRedis:
    return EmbeddedRedis(folder=folder / "redis", log=folder / "log", record=folder / "redis.json")


def connect(server: EmbeddedPostgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True)


def test_a_killed_postgres_starts_again_with_its_rows_and_its_address(tmp_path: Path) -> None:
    server = postgres_in(tmp_path)
    server.start()
    try:
        url = server.url
        with connect(server) as connection:
            connection.execute("CREATE TABLE kept (value integer)")
            connection.execute("INSERT INTO kept VALUES (7)")
        process = recorded_process(tmp_path / "postgres.json")
        assert process is not None
        process.kill()
        process.wait(10)
        server.start()
        assert server.url == url
        with connect(server) as connection:
            assert connection.execute("SELECT value FROM kept").fetchall() == [(7,)]
    finally:
        server.stop()


def test_an_interrupted_creation_of_the_cluster_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data" / "cluster" / "base").mkdir(parents=True)
    server = postgres_in(tmp_path)
    server.start()
    try:
        with connect(server) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()


def test_a_lock_file_whose_process_id_is_a_strangers_by_now_does_not_block(tmp_path: Path) -> None:
    server = postgres_in(tmp_path)
    lock = tmp_path / "postgres" / "data" / "postmaster.pid"
    lock.parent.mkdir(parents=True)
    lock.write_text(f"{os.getpid()}\n/somewhere\n")
    server._forget_reused_pid()
    assert not lock.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_root_hands_postgres_to_another_user_though_the_folder_is_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = postgres_in(closed)
    server.start()
    try:
        process = recorded_process(closed / "postgres.json")
        assert process is not None
        assert process.uids().effective != 0
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_a_postgres_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = postgres_in(tmp_path)
    server.start()
    server.stop()
    (tmp_path / "postgres" / "data" / "global" / "pg_control").unlink()
    with pytest.raises(ChildStartError, match="Postgres does not start") as caught:
        server.start()
    assert any("pg_control" in line for line in caught.value.details["log"])
    assert not server.running()


def test_redis_keeps_messages_over_a_stop(tmp_path: Path) -> None:
    server = redis_in(tmp_path)
    server.start()
    redis.Redis.from_url(server.url).rpush("queue", "message")
    server.stop()
    again = redis_in(tmp_path)
    again.start()
    try:
        assert redis.Redis.from_url(again.url).lrange("queue", 0, -1) == [b"message"]
    finally:
        again.stop()


def test_redis_listens_on_loopback_alone(tmp_path: Path) -> None:
    server = redis_in(tmp_path)
    server.start()
    try:
        process = recorded_process(tmp_path / "redis.json")
        assert process is not None
        listening = [item.laddr.ip for item in process.net_connections() if item.status == "LISTEN"]
        assert listening == ["127.0.0.1"]
        process.send_signal(signal.SIGTERM)
    finally:
        server.stop()
