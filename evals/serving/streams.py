"""One connection that stamps what arrives and looks at next to nothing of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from enum import StrEnum
from typing import cast

from evals.serving.exact import Framing

clock_ns = time.perf_counter_ns
"""One clock for all processes of a machine: on Linux it is CLOCK_MONOTONIC."""

_BLANK = b"\r\n\r\n"
_LAST = b"data: [DONE]\n\n\r\n0\r\n\r\n"
"""How an answer in the usual form ends: OpenAI's last event, and the empty chunk after it. No event can hold this."""

_FEW = 4
"""Over how many reads that end may be spread; uvicorn sends the empty chunk by itself."""

_PLAIN = b"http/1.1 200"
_HEAD_BYTES = 1024


class Ending(StrEnum):
    """How a try ended: with the whole answer, or without it."""

    WHOLE = "whole"
    CUT = "cut"
    STALLED = "stalled"
    TIME_LIMIT = "time limit"
    NOT_HTTP = "not http"


class Stream(asyncio.Protocol):
    """Send one request at a time, stamp every read, and say when the answer has ended; asyncio's methods are bare.

    stamps: clock_ns at which each of `reads` was there. on_end is called once for each request, with the connection
    and how it ended. `usable` says whether another request may follow,
    `answers` how many have ended.
    """

    def __init__(self, on_end: Callable[[Stream, Ending], None]) -> None:
        self.usable = False
        self.busy = False
        self.answers = 0
        self.sent_ns = 0
        self.stamps: list[int] = []
        self.reads: list[bytes] = []
        self._on_end = on_end
        self._transport: asyncio.Transport | None = None
        self._fd = -1
        self._plain = False
        self._framing: Framing | None = None

    def send(self, request: bytes) -> None:
        """Write a request at once; the stamp is taken just before."""
        self.stamps, self.reads = [], []
        self._plain, self._framing = False, None
        self.busy = True
        transport = cast(asyncio.Transport, self._transport)
        self.sent_ns = clock_ns()
        if self._fd >= 0:
            # The event loop would write after all reads that are waiting now; with many streams that is milliseconds.
            try:
                request = request[os.write(self._fd, request) :]
            except BlockingIOError:
                pass
            except OSError:
                return  # the loop will call connection_lost
        if request:
            transport.write(request)

    def end(self, ending: Ending) -> None:
        """End the request, and with it the connection unless the answer is whole."""
        self.busy = False
        whole = ending is Ending.WHOLE and self.usable
        if not whole or cast(asyncio.Transport, self._transport).get_write_buffer_size():
            self.close()
        self._on_end(self, ending)

    def close(self) -> None:
        """Close the connection at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        self._transport = cast(asyncio.Transport, transport)
        self.usable = True
        if transport.get_extra_info("ssl_object") is None:
            self._fd = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:  # noqa: D102
        self.stamps.append(clock_ns())
        self.reads.append(data)
        if not self._plain or data.endswith(_BLANK) or len(data) < len(_BLANK):
            self._look(data)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: D102
        self.usable, self._fd = False, -1
        if self.busy:
            ended = error is None and self._framing is not None and self._framing.ends_with_the_connection
            self.end(Ending.WHOLE if ended else Ending.CUT)

    def _look(self, data: bytes) -> None:
        """Find out whether the answer has ended: by its last bytes where it is plain, else by parsing it."""
        if not self.busy:
            self.close()  # bytes that nobody asked for
            return
        if self._framing is None and (self._plain or self._begins_plainly()):
            alone = not self._plain and len(self.reads) == 1 and self.reads[0].find(_BLANK) == len(data) - len(_BLANK)
            self._plain = True
            if self._ends_as_usual():
                self.end(Ending.WHOLE)
                return
            if alone or not (data.endswith(_BLANK) or len(data) < len(_BLANK)):
                return
        self._parse()

    def _begins_plainly(self) -> bool:
        """Tell whether the first read holds the whole head of a chunked answer that keeps the connection."""
        head, blank, _ = self.reads[0][:_HEAD_BYTES].partition(_BLANK)
        fields = head.lower()
        plain = fields.startswith(_PLAIN) and b"\r\ntransfer-encoding: chunked" in fields
        return bool(blank) and plain and b"\r\nconnection: close" not in fields

    def _ends_as_usual(self) -> bool:
        last = self.reads[-1]
        return (last if len(last) >= len(_LAST) else b"".join(self.reads[-_FEW:])).endswith(_LAST)

    def _parse(self) -> None:
        if self._framing is None:
            self._framing = Framing()
        framing = self._framing
        while framing.fed < len(self.reads):
            framing.feed(self.reads[framing.fed])
        self._plain = False  # so that every read from here on is looked at
        if framing.broken:
            self.end(Ending.NOT_HTTP)
        elif framing.whole:
            self.usable = framing.keeps_alive
            self.end(Ending.WHOLE)
