"""Which of several verdicts counts: a fault that was found outranks what could not be compared."""

from __future__ import annotations

from collections.abc import Iterable

from evals.outcome import Verdict

_ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCOMPARABLE, Verdict.INCONCLUSIVE, Verdict.PASS)


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return fail before incomparable before inconclusive before pass; inconclusive when there is none at all."""
    return min(verdicts, key=_ORDER.index, default=Verdict.INCONCLUSIVE)
