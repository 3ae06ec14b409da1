"""Where an answer ends, and what its pieces are, by HTTP's own rules."""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser


class Framing:
    """Parse one answer, read by read; httptools' methods are bare.

    pieces: the body as it came with the last read. whole, broken: whether the answer has ended, and whether it is
    none. keeps_alive: whether the connection may be used again.
    """

    def __init__(self) -> None:
        self.fed = 0
        self.whole = self.broken = self.keeps_alive = False
        self.pieces: list[bytes] = []
        self.status: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self._measured = False
        self._parser = HttpResponseParser(self)

    @property
    def ends_with_the_connection(self) -> bool:
        """Tell whether nothing but the connection's end says where the body ends."""
        return self.status is not None and not self._measured and not self.broken

    def feed(self, read: bytes) -> list[bytes]:
        """Take a read and return the pieces of the body in it."""
        self.fed += 1
        self.pieces = []
        if self.whole:
            self.broken = bool(read)
            return []
        try:
            self._parser.feed_data(read)
        except (HttpParserError, HttpParserUpgrade):
            self.broken = True
        return self.pieces

    def on_header(self, name: bytes, value: bytes) -> None:  # noqa: D102
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:  # noqa: D102
        self.status = self._parser.get_status_code()
        self._measured = b"content-length" in self.headers or b"transfer-encoding" in self.headers

    def on_body(self, data: bytes) -> None:  # noqa: D102
        self.pieces.append(data)

    def on_message_complete(self) -> None:  # noqa: D102
        if self.status is None or self.status >= 200:
            self.whole, self.keeps_alive = True, self._parser.should_keep_alive()
