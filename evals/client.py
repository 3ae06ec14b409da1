"""The one client that talks to engines: asynchronous, patient with passing faults, clear about final ones."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

import aiohttp

from evals.errors import EngineUnreachableError, RequestRefusedError
from evals.protocol import Completion, GenerationRequest, read_completion

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_EXCERPT = 500


class EngineClient:
    """Speak to one engine over keep-alive connections; use it as an asynchronous context manager.

    tries: how often a request is sent before its fault is final. timeout_s: for one try.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str = "default",
        concurrency: int = 16,
        api_key: str | None = None,
        tries: int = 5,
        timeout_s: float = 600.0,
        first_pause_s: float = 0.5,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.model = model
        self._concurrency = concurrency
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._tries = tries
        self._timeout_s = timeout_s
        self._first_pause_s = first_pause_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._concurrency),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            headers=self._headers,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def generate(self, request: GenerationRequest) -> tuple[Completion, int]:
        """Return an answer and how many tries it took.

        Raises RequestRefusedError for a 4xx that a repetition cannot mend, EngineUnreachableError when every try
        met a passing fault (no connection, 5xx, 429, an answer that is no answer).
        """
        fault = ""
        for attempt in range(1, self._tries + 1):
            try:
                return await self._once(request), attempt
            except (aiohttp.ClientError, TimeoutError, _PassingFaultError) as error:
                fault = f"{type(error).__name__}: {error}"
            if attempt < self._tries:
                await asyncio.sleep(min(self._first_pause_s * 2 ** (attempt - 1), 10.0))
        raise EngineUnreachableError(
            f"{self.base_url}{request.path} failed {self._tries} times, the last time with {fault[:_EXCERPT]}",
            remedy="look at the engine's log; the job is tried again by itself",
        )

    async def _once(self, request: GenerationRequest) -> Completion:
        if self._session is None:
            raise RuntimeError("use EngineClient as an asynchronous context manager")
        # Redirects are not followed: they would carry the prompts, and the key, to an address nobody named.
        async with self._session.post(
            self.base_url + request.path, json=request.payload(self.model), allow_redirects=False
        ) as answer:
            if 300 <= answer.status < 400:
                raise _elsewhere(answer)
            text = await answer.text()
            if answer.status in _PASSING:
                raise _PassingFaultError(f"HTTP {answer.status}: {text[:_EXCERPT]}")
            if answer.status >= 400:
                raise RequestRefusedError(
                    f"the engine refused a request with HTTP {answer.status}: {text[:_EXCERPT]}",
                    remedy="check the benchmark's settings (context length, sampling, chat template) for this model",
                    status=answer.status,
                )
        return _read(request, text)


def _elsewhere(answer: aiohttp.ClientResponse) -> RequestRefusedError:
    target = answer.headers.get("Location", "an address it does not name")[:_EXCERPT]
    return RequestRefusedError(
        f"the engine's address answers with HTTP {answer.status} and points to {target}",
        remedy="give the final address as base_url; redirects are not followed",
        status=answer.status,
    )


def _read(request: GenerationRequest, text: str) -> Completion:
    try:
        body: Any = json.loads(text)
        return read_completion(request.api, body)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise _PassingFaultError(f"not a completion: {text[:_EXCERPT]}") from None


class _PassingFaultError(Exception):
    """A fault that may be gone at the next try."""
