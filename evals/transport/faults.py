"""What can go wrong between two machines; none of it says that the request itself was bad."""

from __future__ import annotations


class TransportError(Exception):
    """A request got no answer."""


class NoConnectionError(TransportError):
    """No connection came about: nobody listens, the name is unknown, or the certificate is not trusted."""


class ConnectionBrokenError(TransportError):
    """The connection ended before the answer did; `untouched` says that not one byte of an answer had come."""

    def __init__(self, message: str, *, untouched: bool = False) -> None:
        super().__init__(message)
        self.untouched = untouched


class NoAnswerInTimeError(TransportError):
    """The answer was not complete when the time was up."""


class NotHttpError(TransportError):
    """What came back is no HTTP answer, or one that is too large to be meant."""
