"""Remote engines: any server with an OpenAI-compatible API, started and stopped by others.

Keys come from the operator alone, out of `remotes.toml` in Plumbline's home, and each goes to its own address only:

    [[remote]]
    url = "https://inference.example.org"
    key_env = "EXAMPLE_KEY"        # a variable of the worker, or  key_file = "/etc/plumbline/example.key"
"""

from __future__ import annotations

import http.client
import os
import socket
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.server_addresses import infrastructure_error, is_infrastructure

ANSWER_S = 10.0
FILE_NAME = "remotes.toml"


def root_url(base_url: str) -> str:
    """Return a server's address without the trailing /v1 that clients of OpenAI's API are used to."""
    return base_url.rstrip("/").removesuffix("/v1").rstrip("/")


def key_for(base_url: str, home: Path, ours: Mapping[str, str] = os.environ) -> str | None:
    """Return the key that the operator has listed for this very scheme, host and port, or None."""
    path = home / FILE_NAME
    if not path.exists():
        return None
    for entry in tomllib.loads(path.read_text()).get("remote", []):
        if _origin(str(entry.get("url", ""))) == _origin(base_url):
            return _read_key(entry, ours)
    return None


def probe(base_url: str, key: str | None) -> None:
    """Ask for /v1/models; raise EngineUnreachableError or RequestRefusedError when nobody serves there.

    Raises PolicyError for a name that leads to the host's own infrastructure, which is then asked nothing.
    """
    _check_resolved(base_url)
    address = f"{root_url(base_url)}/v1/models"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=ANSWER_S) as answer:
            answer.read(65536)
    except urllib.error.HTTPError as error:
        raise _refusal(address, error.code, has_key=key is not None) from None
    except (OSError, http.client.HTTPException) as error:
        raise EngineUnreachableError(
            f"Nobody answers at {address}: {getattr(error, 'reason', None) or error}.",
            remedy="Check that the server runs and that this worker's host can reach it.",
            url=address,
        ) from None


def _check_resolved(base_url: str) -> None:
    host = urlsplit(base_url).hostname or ""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return  # the question that follows fails the same way, and says so
    if any(map(is_infrastructure, found)):
        raise infrastructure_error(host, "base_url")


def _refusal(address: str, status: int, *, has_key: bool) -> EngineUnreachableError | RequestRefusedError:
    if status >= 500:
        return EngineUnreachableError(
            f"{address} answers with status {status}.", remedy="Wait until the server is healthy.", url=address
        )
    if status in (401, 403):
        problem = "does not accept the key" if has_key else "wants a key"
        remedy = f"Ask the operator to list the address and where its key is found in {FILE_NAME}."
    elif status == 404:
        problem, remedy = "does not exist", "Give base_url as the address before /v1, of an OpenAI-compatible server."
    elif 300 <= status < 400:
        problem, remedy = "sends us elsewhere", "Give the final address as base_url; keys do not follow redirects."
    else:
        problem, remedy = "refuses our question", "Check that it is an OpenAI-compatible server."
    return RequestRefusedError(f"{address} {problem} (status {status}).", remedy=remedy, url=address, status=status)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    address = urlsplit(url)
    return address.scheme, address.hostname, address.port or {"http": 80, "https": 443}.get(address.scheme)


def _read_key(entry: Mapping[str, Any], ours: Mapping[str, str]) -> str | None:
    if "key_env" in entry:
        return ours.get(str(entry["key_env"])) or None
    if "key_file" in entry:
        return Path(str(entry["key_file"])).expanduser().read_text().strip() or None
    return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow no redirect: urllib would send the key along."""
        return
