"""The five answers that a comparison can have."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The five answers; INCONCLUSIVE means that this n could not decide, never that all is well."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INCOMPARABLE = "incomparable"
    ERROR = "error"
