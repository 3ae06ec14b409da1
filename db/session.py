"""Connections: one engine for each process, one transaction for each verb."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from db.addresses import database_url
from db.settings import settings
from evals.errors import PlumblineError

_CONNECTION = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""libpq's settings: a network that has gone away is noticed within some 15 seconds (tcp_user_timeout: ms)."""


class StorageError(PlumblineError):
    """Postgres does not take what a job has to save."""

    code = "storage"
    retryable = True


@lru_cache(maxsize=4)
def engine_for(url: str) -> Engine:
    """Return this process's connection pool for `url`; all connections are kept, since new ones are slow at first."""
    return create_engine(url, pool_size=15, max_overflow=0, pool_pre_ping=True, connect_args=_CONNECTION)


def engine() -> Engine:
    """Return the connection pool of the configured database."""
    return engine_for(database_url(settings()))


@contextmanager
def transaction() -> Iterator[Session]:
    """Yield a session whose work is committed at the end, or rolled back when an error leaves the block."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


def forget_connections() -> None:
    """Drop pooled connections that a forked process has inherited; they belong to the parent."""
    engine().dispose(close=False)
