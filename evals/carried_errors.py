"""Errors on their way from one process to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from evals.errors import PlumblineError


@dataclass(frozen=True, kw_only=True)
class CarriedError:
    """Carry an error from one process to another; errors themselves cannot be pickled."""

    kind: type[PlumblineError]
    message: str
    remedy: str
    details: dict[str, Any]

    @classmethod
    def of(cls, error: PlumblineError) -> Self:
        """Pack an error."""
        return cls(kind=type(error), message=error.message, remedy=error.remedy, details=error.details)

    def unpacked(self) -> PlumblineError:
        """Return an error that says the same."""
        return self.kind(self.message, remedy=self.remedy, **self.details)
