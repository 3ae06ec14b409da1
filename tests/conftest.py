"""Fixtures that many tests share: a home of its own, a real Postgres and a real Redis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
import sqlalchemy as sa
from xdist.scheduler import LoadFileScheduling, Scheduling

from db.embedded_postgres import temporary_postgres
from db.embedded_redis import temporary_redis
from db.migrate import upgrade
from db.session import engine_for
from db.settings import settings
from db.tables import Base

# scipy is imported by whichever example comes first, which takes longer than Hypothesis allows; pytest has a limit too.
hypothesis.settings.register_profile("plumbline", deadline=None)
hypothesis.settings.load_profile("plumbline")


class ByFile(LoadFileScheduling):
    """Keep each file's tests on one worker, and those of the browser together: all of them share one service."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Take our own schedule wherever whole files are asked for."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh PLUMBLINE_HOME; nothing of the developer's own settings reaches the test."""
    for name in [name for name in os.environ if name.startswith("PLUMBLINE_")] + ["DATABASE_URL", "REDIS_URL"]:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("PLUMBLINE_HOME", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """The URL of a Postgres with all migrations, one for the whole session."""
    with temporary_postgres() as url:
        upgrade(url)
        yield url
        engine_for(url).dispose()


@pytest.fixture(scope="session")
def session_redis() -> Iterator[str]:
    """The URL of a Redis, one for the whole session."""
    with temporary_redis() as url:
        yield url


@pytest.fixture
def database(migrated_postgres: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty, migrated database that this process's settings name."""
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with engine_for(migrated_postgres).begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    monkeypatch.setenv("DATABASE_URL", migrated_postgres)
    settings.cache_clear()
    yield migrated_postgres
    settings.cache_clear()


@pytest.fixture
def redis_url(session_redis: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty Redis that this process's settings name."""
    with redis.Redis.from_url(session_redis) as client:
        client.flushall()
    monkeypatch.setenv("REDIS_URL", session_redis)
    settings.cache_clear()
    yield session_redis
    settings.cache_clear()
