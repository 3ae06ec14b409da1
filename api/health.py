"""What the service needs before it can work: Postgres, its tables, and Redis."""

from __future__ import annotations

from collections.abc import Callable

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from db.addresses import database_url, redis_url
from db.migrate import is_current
from db.session import engine
from db.settings import settings
from evals.errors import PlumblineError


def failures() -> dict[str, str]:
    """Return what fails, by name, each with what to do; empty when all is well."""
    return {name: remedy for name, check in _CHECKS.items() if (remedy := check())}


def _postgres() -> str | None:
    try:
        with engine().connect() as connection:
            connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, PlumblineError):
        return "start Postgres, or mend DATABASE_URL; `plumbline doctor` tells more"
    return None


def _migrations() -> str | None:
    try:
        current = is_current(database_url(settings()))
    except (SQLAlchemyError, PlumblineError):
        return None  # said by _postgres
    return None if current else "run `python -m db.migrate upgrade`; `plumbline up` does so by itself"


def _redis() -> str | None:
    try:
        with redis.Redis.from_url(redis_url(settings()), socket_timeout=3, socket_connect_timeout=3) as client:
            client.ping()
    except (redis.RedisError, ValueError, PlumblineError):
        return "start Redis, or mend REDIS_URL; `plumbline doctor` tells more"
    return None


_CHECKS: dict[str, Callable[[], str | None]] = {"postgres": _postgres, "migrations": _migrations, "redis": _redis}
