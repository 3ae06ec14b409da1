"""One connection: bytes out, one answer in, over and over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from evals.transport.faults import ConnectionBrokenError, NoAnswerInTimeError, NotHttpError

MAX_BODY_BYTES = 1 << 28


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Hold an answer as it came; the names of headers are in lower case."""

    status: int
    body: bytes
    headers: dict[bytes, bytes] = field(repr=False)


class Connection(asyncio.Protocol):
    """Send one request at a time and parse its answer; the methods without a docstring are asyncio's and httptools'.

    `reusable` says whether another request may follow. A connection that is closed or broken stays so.
    """

    def __init__(self) -> None:
        self.reusable = True
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._touched = self._body_runs_to_the_end = False

    def send(self, request: bytes, timeout_s: float) -> asyncio.Future[Answer]:
        """Write a request; the future ends with its answer or a TransportError."""
        self._waiting = waiting = self._loop.create_future()
        if self._transport is None or not self.reusable:
            self._fail(ConnectionBrokenError("the connection was closed", untouched=True))
        else:
            self._touched = False
            # A timer of its own costs a request a quarter of what asyncio.timeout does.
            self._timer = self._loop.call_later(timeout_s, self._give_up, timeout_s)
            self._transport.write(request)
        return waiting

    def close(self) -> None:
        """End the connection at once; an answer under way is lost, and the engine may stop working on it."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by inheritance

    def data_received(self, data: bytes) -> None:  # noqa: D102
        self._touched = True
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(error.__context__ if isinstance(error.__context__, NotHttpError) else NotHttpError(str(error)))

    def connection_lost(self, error: Exception | None) -> None:  # noqa: D102
        self.reusable = False
        if error is None and self._body_runs_to_the_end:
            self.on_message_complete()
        reason = f"the connection broke: {error}" if error else "the connection was closed in mid-answer"
        self._fail(ConnectionBrokenError(reason, untouched=not self._touched))

    def on_message_begin(self) -> None:  # noqa: D102
        self._headers, self._body, self._size = {}, [], 0

    def on_header(self, name: bytes, value: bytes) -> None:  # noqa: D102
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:  # noqa: D102
        measured = b"content-length" in self._headers or b"transfer-encoding" in self._headers
        self._body_runs_to_the_end = not measured

    def on_body(self, data: bytes) -> None:  # noqa: D102
        self._size += len(data)
        if self._size > MAX_BODY_BYTES:
            raise NotHttpError(f"an answer of more than {MAX_BODY_BYTES} bytes")
        self._body.append(data)

    def on_message_complete(self) -> None:  # noqa: D102
        self._body_runs_to_the_end = False
        status = self._parser.get_status_code()
        if status < 200:
            return
        waiting = self._take_waiting()
        if waiting is None or self._unsent() or not self._parser.should_keep_alive():
            self.close()
        if waiting is not None and not waiting.done():
            waiting.set_result(Answer(status=status, body=b"".join(self._body), headers=self._headers))

    def _unsent(self) -> bool:
        """Tell whether the answer came before all of the request was taken."""
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def _give_up(self, timeout_s: float) -> None:
        self._fail(NoAnswerInTimeError(f"no complete answer within {timeout_s:g} s"))

    def _fail(self, error: Exception) -> None:
        waiting = self._take_waiting()
        self.close()
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    def _take_waiting(self) -> asyncio.Future[Answer] | None:
        waiting, self._waiting = self._waiting, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return waiting
