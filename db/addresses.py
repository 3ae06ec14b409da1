"""Where the database and the broker are: the operator's URLs, or the embedded servers' addresses."""

from __future__ import annotations

import json
from pathlib import Path

from db.settings import Settings
from evals.errors import PlumblineError


class ServiceAddressError(PlumblineError):
    """Neither a URL nor a running embedded server is known."""

    code = "no_service_address"


def addresses_file(settings: Settings) -> Path:
    """Return the file in which `plumbline up` leaves its servers' addresses."""
    return settings.run_dir / "services.json"


def database_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL of the database; raise ServiceAddressError when there is none."""
    return _with_driver(settings.database_url or _embedded(settings, "database_url", "DATABASE_URL"))


def redis_url(settings: Settings) -> str:
    """Return the broker's URL; raise ServiceAddressError when there is none."""
    return settings.redis_url or _embedded(settings, "redis_url", "REDIS_URL")


def _embedded(settings: Settings, key: str, variable: str) -> str:
    path = addresses_file(settings)
    try:
        value: str = json.loads(path.read_text())[key]
    except (OSError, ValueError, KeyError):
        raise ServiceAddressError(
            f"{variable} is not set and no embedded server runs in {settings.home}",
            remedy=f"start `plumbline up`, or set {variable}",
        ) from None
    return value


def _with_driver(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in ("postgres", "postgresql") else url
