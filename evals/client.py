"""The one client that talks to engines: asynchronous, patient with passing faults, clear about final ones."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.protocol import EngineRequest, GenerationRequest
from evals.transport.bodies import decoded, encoded
from evals.transport.connection import Answer
from evals.transport.faults import TransportError
from evals.transport.pool import Pool

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_OVERLOADED = frozenset({429, 503})
_ABSENT = frozenset({404, 405, 501})
_EXCERPT = 500
_LONGEST_PAUSE_S = 10.0
_TOO_MANY = 429
_SLOWEST_TOKEN_S = 0.25
"""How long an engine may take for a token; a long answer gets more time than `timeout_s`."""

_LONGEST_WANTED_PAUSE_S = 60.0
_MANY = 1024

Result = TypeVar("Result")


class EngineClient:
    """Speak to one engine over keep-alive connections; use it as an asynchronous context manager.

    concurrency: the most requests at once, which others wait for; None: far more than any engine can use. tries: how
    often a request is sent before its fault is final. timeout_s: for one try. crowd_s: how long it waits
    besides for an engine that says it has too many (429). `refusals` counts the answers so far
    that said the engine has too much to do (429, 503).
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str = "default",
        concurrency: int | None = None,
        api_key: str | None = None,
        tries: int = 5,
        timeout_s: float = 600.0,
        first_pause_s: float = 0.5,
        crowd_s: float = 600.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.model = model
        self.refusals = 0
        self._concurrency = concurrency or _MANY
        self._key = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._tries = tries
        self._timeout_s = timeout_s
        self._first_pause_s = first_pause_s
        self._crowd_s = crowd_s
        self._pool: Pool | None = None

    async def __aenter__(self) -> Self:
        headers = {"User-Agent": "plumbline", "Accept": "application/json", "Accept-Encoding": "identity"}
        headers |= {"Content-Type": "application/json", **self._key}
        self._pool = Pool(self.base_url, headers=headers, limit=self._concurrency, timeout_s=self._timeout_s)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.close()

    async def ask(self, request: EngineRequest[Result]) -> tuple[Result, int]:
        """Return what the request reads from the engine's answer, and how many tries it took.

        Raises RequestRefusedError for a 4xx that a repetition cannot mend, EngineUnreachableError when every try
        met a passing fault (no connection, 5xx, 429, an answer that is no answer).
        """
        body = encoded(request.payload(self.model))
        patience_s = _SLOWEST_TOKEN_S * request.max_tokens if isinstance(request, GenerationRequest) else 0.0
        return await self._patiently("POST", request.path, body, lambda answer: _read(request, answer), patience_s)

    async def get_json(self, path: str) -> Any | None:
        """Return the JSON at a path, None where the engine has no such path; faults are those of `ask`."""
        return (await self._patiently("GET", path, b"", _optional))[0]

    async def post_status(self, path: str) -> int:
        """Send an empty POST and return the answer's status; raises EngineUnreachableError when there is no answer."""
        return (await self._patiently("POST", path, b"", lambda answer: answer.status))[0]

    async def post_json_or_none(self, path: str, payload: Any) -> Any | None:
        """Return the JSON answer to a payload, None where the engine has no such path; faults are those of `ask`."""
        return (await self._patiently("POST", path, encoded(payload), _optional))[0]

    async def _patiently(
        self, method: str, path: str, body: bytes, read: Callable[[Answer], Result], patience_s: float = 0.0
    ) -> tuple[Result, int]:
        if self._pool is None:
            raise RuntimeError("use EngineClient as an asynchronous context manager")
        fault = ""
        attempt, faults, give_up_at = 0, 0, time.monotonic() + self._crowd_s
        while faults < self._tries:
            attempt += 1
            status = None
            try:
                answer = await self._pool.request(method, path, body, patience_s=patience_s)
                status = answer.status
                self.refusals += status in _OVERLOADED
                return read(answer), attempt
            except (TransportError, _PassingFaultError) as error:
                fault = f"{type(error).__name__}: {error}"
                pause_s = min(self._first_pause_s * 2 ** (min(attempt, 8) - 1), _LONGEST_PAUSE_S)
                if isinstance(error, _PassingFaultError):
                    pause_s = max(pause_s, error.pause_s)
            # Too many requests is no fault of this one: it waits, while fewer are sent, as long as that may take.
            faults += not (status == _TOO_MANY and time.monotonic() < give_up_at)
            if faults < self._tries:
                # Spread out, so that requests which failed together do not come back together.
                await asyncio.sleep(pause_s * random.uniform(1.0, 1.25))
        raise EngineUnreachableError(
            f"{self.base_url}{path} failed {attempt} times, the last time with {fault[:_EXCERPT]}",
            remedy="look at the engine's log; the job is tried again by itself",
        )


def _read(request: EngineRequest[Result], answer: Answer) -> Result:
    _check_status(answer)
    try:
        return request.read(decoded(answer.body))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise _PassingFaultError(f"not a completion: {_excerpt(answer)}") from None


def _optional(answer: Answer) -> Any | None:
    if answer.status in _ABSENT:
        return None
    _check_status(answer)
    try:
        return decoded(answer.body)
    except ValueError:
        raise _PassingFaultError(f"not JSON: {_excerpt(answer)}") from None


def _check_status(answer: Answer) -> None:
    if answer.status < 300:
        return
    # Redirects are not followed: they would carry the prompts, and the key, to an address nobody named.
    if answer.status < 400:
        target = answer.headers.get(b"location", b"an address it does not name")[:_EXCERPT].decode("utf-8", "replace")
        raise RequestRefusedError(
            f"the engine's address answers with HTTP {answer.status} and points to {target}",
            remedy="give the final address as base_url; redirects are not followed",
            status=answer.status,
        )
    if answer.status in _PASSING:
        raise _PassingFaultError(f"HTTP {answer.status}: {_excerpt(answer)}", pause_s=_wanted_pause_s(answer))
    raise RequestRefusedError(
        f"the engine refused a request with HTTP {answer.status}: {_excerpt(answer)}",
        remedy="check the benchmark's settings (context length, sampling, chat template) for this model",
        status=answer.status,
    )


def _wanted_pause_s(answer: Answer) -> float:
    """Return what a Retry-After header asks for, within reason; its other form, a date, is not read."""
    value = answer.headers.get(b"retry-after", b"")
    return min(float(value), _LONGEST_WANTED_PAUSE_S) if value.isdigit() else 0.0


def _excerpt(answer: Answer) -> str:
    return answer.body[: 4 * _EXCERPT].decode("utf-8", "replace")[:_EXCERPT]


class _PassingFaultError(Exception):
    """A fault that may be gone at the next try; pause_s: how long the engine wants to be left alone before it."""

    def __init__(self, message: str, *, pause_s: float = 0.0) -> None:
        super().__init__(message)
        self.pause_s = pause_s
