"""The servers that `plumbline up` brings along: Postgres and Redis, each unless the operator named one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from db.addresses import addresses_file
from db.embedded_postgres import EmbeddedPostgres
from db.embedded_redis import EmbeddedRedis
from db.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ServiceAddresses:
    """Where a running service is reached, and the process that keeps it running."""

    database_url: str
    redis_url: str
    api_url: str
    pid: int


class EmbeddedServers:
    """The embedded servers of one home; a server whose URL is configured is left to its operator."""

    def __init__(self, settings: Settings) -> None:
        logs, run = settings.home / "logs", settings.run_dir
        self._settings = settings
        self._servers: dict[str, EmbeddedPostgres | EmbeddedRedis] = {}
        if settings.database_url is None:
            self._servers["postgres"] = EmbeddedPostgres(
                folder=settings.home / "postgres", log=logs / "postgres.log", record=run / "postgres.json"
            )
        if settings.redis_url is None:
            self._servers["redis"] = EmbeddedRedis(
                folder=settings.home / "redis", log=logs / "redis.log", record=run / "redis.json"
            )

    @property
    def names(self) -> list[str]:
        """Return the names of the servers that are ours to run."""
        return list(self._servers)

    @property
    def database_url(self) -> str:
        """Return the database's URL, configured or embedded."""
        return self._settings.database_url or self._servers["postgres"].url

    @property
    def redis_url(self) -> str:
        """Return the broker's URL, configured or embedded."""
        return self._settings.redis_url or self._servers["redis"].url

    def start(self) -> None:
        """Start the servers one after the other; when one fails, stop those that run and raise its error."""
        try:
            for server in self._servers.values():
                server.start()
        except BaseException:
            self.stop()
            raise

    def revive(self) -> list[str]:
        """Start every server that has died, on its old address, and return their names."""
        dead = [name for name, server in self._servers.items() if not server.running()]
        for name in dead:
            self._servers[name].start()
        return dead

    def stop(self) -> None:
        """Stop the servers, the last one first."""
        for server in reversed(self._servers.values()):
            server.stop()


def write_addresses(settings: Settings, addresses: ServiceAddresses) -> None:
    """Tell the other processes of this home where everything is; the file holds passwords and has mode 0600."""
    path = addresses_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(addresses), indent=2))
    draft.replace(path)


def forget_addresses(settings: Settings) -> None:
    """Remove the addresses at the end of the service."""
    addresses_file(settings).unlink(missing_ok=True)
