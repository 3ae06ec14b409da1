"""What each worker has said of its host, kept in Redis: it is about the present, and said again twice a minute."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass, field
from functools import lru_cache

from redis import Redis
from redis.exceptions import RedisError

from db.addresses import redis_url
from db.settings import settings

log = logging.getLogger(__name__)

EVERY_S = 30.0
"""How often a worker says what its host has."""

_KEY = "plumbline:hosts"
_FORGET_S = 7 * 24 * 3600
_TIMEOUT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class DeviceRecord:
    """A GPU, by its UUID, or a slot. kind: gpu, cpu or remote. memory_bytes: 0 for slots."""

    id: str
    kind: str
    name: str
    memory_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class EnvironmentRecord:
    """An engine's environment. version: "" while its installation is unfinished; packages: those that matter most."""

    engine: str
    device: str
    version: str
    python: str = ""
    installed_at: str = ""
    size_bytes: int = 0
    packages: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class HostRecord:
    """A worker and its host. worker: its name at Celery; seen_s, started_s: Unix seconds; driver: the GPUs'."""

    worker: str
    host: str
    seen_s: float
    started_s: float
    version: str
    hardware: str
    driver: str
    queues: tuple[str, ...]
    devices: tuple[DeviceRecord, ...]
    environments: tuple[EnvironmentRecord, ...]


def record_host(found: HostRecord) -> None:
    """Keep what a worker says in place of what it said before; without Redis it is said again later."""
    try:
        _redis().hset(_KEY, found.worker, json.dumps(asdict(found)))
    except RedisError as error:
        log.warning("the host is not recorded: %s", error)


def forget_host(worker: str) -> None:
    """Forget a worker that ends."""
    try:
        _redis().hdel(_KEY, worker)
    except RedisError as error:
        log.warning("the host is not forgotten: %s", error)


def host_records() -> list[HostRecord] | None:
    """Return what the workers of the last week have said, by host and worker; None when Redis does not answer."""
    try:
        kept = _redis().hgetall(_KEY)
    except RedisError as error:
        log.warning("the hosts cannot be read: %s", error)
        return None
    found = [record for text in kept.values() if (record := _record(text)) is not None]
    recent = [record for record in found if time.time() - record.seen_s < _FORGET_S]
    return sorted(recent, key=lambda record: (record.host, record.worker))


def _record(text: bytes | str) -> HostRecord | None:
    try:
        values = json.loads(text)
        values["queues"] = tuple(values["queues"])
        values["devices"] = tuple(DeviceRecord(**one) for one in values["devices"])
        values["environments"] = tuple(EnvironmentRecord(**one) for one in values["environments"])
        return HostRecord(**values)
    except (ValueError, TypeError, KeyError):
        log.warning("a worker of another version has recorded its host in a way that is not known here")
        return None


def _redis() -> Redis:
    return _client(redis_url(settings()))


@lru_cache(maxsize=4)
def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
