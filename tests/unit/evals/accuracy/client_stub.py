"""What stands in for a client where only its answers matter."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class ClientStub:
    """Be entered and left like a client, and know nothing of its server; a subclass answers."""

    def __init__(self) -> None:
        self.refusals = 0
        self.asked: list[int] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def get_json(self, path: str) -> None:
        return None
