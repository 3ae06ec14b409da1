"""Talk to the service: its address, the token, and its answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, connect_sse

from cli.errors import ServerRefusedError, ServerUnreachableError
from db.addresses import addresses_file
from db.settings import settings

ROOT = "/api/v1"
DEFAULT_URL = "http://127.0.0.1:8642"
TIMEOUT_S = 30.0
SILENCE_S = 45.0
"""A stream of events is broken when it is silent for this long; the service sends a sign of life every 15 s."""


def server_url(given: str | None) -> str:
    """Return the service's address: the given one, or the one that `plumbline up` left, or the default."""
    if given:
        url = given if "://" in given else f"http://{given}"
        return url.rstrip("/")
    try:
        left = json.loads(addresses_file(settings()).read_text())
        return str(left["api_url"]).rstrip("/")
    except (OSError, ValueError, KeyError):
        return DEFAULT_URL


def read_token(given: str | None) -> str | None:
    """Return the token: the given one, or this machine's."""
    if given:
        return given.strip()
    try:
        return (settings().home / "token").read_text().strip()
    except OSError:
        return None


class Client:
    """The service as the commands see it; every failure is a PlumblineError with a remedy."""

    def __init__(self, url: str, token: str | None, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Proxies of the environment are for the world outside; the service is named by its own address.
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=TIMEOUT_S, transport=transport, trust_env=not is_local(url)
        )

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON at a path."""
        return self._request("GET", path, params=_known(query)).json()

    def get_text(self, path: str, **query: Any) -> tuple[str, httpx.Headers]:
        """Return the text at a path with the answer's headers."""
        answer = self._request("GET", path, params=_known(query))
        return answer.text, answer.headers

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Send a body and return the JSON of the answer; `key` makes a repetition harmless."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._request("POST", path, json=body, headers=headers).json()

    def delete(self, path: str) -> None:
        """Remove what is at a path."""
        self._request("DELETE", path)

    @contextmanager
    def events(self, path: str) -> Iterator[Iterator[ServerSentEvent]]:
        """Yield the Server-Sent Events at a path."""
        timeout = httpx.Timeout(TIMEOUT_S, read=SILENCE_S)
        with self._readable_errors(), connect_sse(self._http, "GET", path, timeout=timeout) as source:
            if source.response.status_code != 200:
                source.response.read()
                _check(source.response)
            yield source.iter_sse()

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._readable_errors():
            answer = self._http.request(method, path, **options)
        _check(answer)
        return answer

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServerUnreachableError(
                f"no Plumbline answers at {self.url} ({str(error) or type(error).__name__})",
                remedy="start it with `plumbline up`, or name another with --server or PLUMBLINE_URL",
            ) from None


def is_local(url: str) -> bool:
    """Tell whether an address leads to this machine."""
    return httpx.URL(url).host in ("127.0.0.1", "localhost", "::1")


def _known(query: dict[str, Any]) -> dict[str, Any] | None:
    """Leave out what is None; return None for nothing at all, since httpx would drop the path's own query."""
    return {name: value for name, value in query.items() if value is not None} or None


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        problem = answer.json()
        detail, remedy = str(problem["detail"]), problem.get("remedy")
    except (ValueError, KeyError, TypeError):
        problem = {}
        detail, remedy = f"the service answered {answer.status_code} {answer.reason_phrase}", None
    raise ServerRefusedError(
        detail,
        remedy=remedy or f"look at the service's log; the request was {answer.request.method} {answer.request.url}",
        status=answer.status_code,
        problem_code=problem.get("code"),
        errors=problem.get("errors", []),
    )
