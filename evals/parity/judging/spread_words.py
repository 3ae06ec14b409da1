"""Spreads in words: which one tells most, and why one is no pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.formatting import nats, one_line, plural, quantity
from evals.outcome import Verdict
from evals.parity.findings import ALL, Spread
from evals.parity.judging.severity import worst_of

_PARTS_SHOWN = 4


def telling(spreads: Sequence[Spread]) -> Spread | None:
    """Return of the spreads with the worst verdict the one nearest to or farthest beyond its limit; None if none."""
    judged = [spread for spread in spreads if spread.verdict is not None and spread.limit is not None]
    if not judged:
        return None
    verdict = worst_of(spread.verdict for spread in judged if spread.verdict is not None)
    concerned = [spread for spread in judged if spread.verdict is verdict]
    if verdict is Verdict.PASS:
        return _of_a_pass({spread.name: spread for spread in concerned if spread.group == ALL})
    return max(concerned, key=lambda spread: (spread.group == ALL, _used(spread)))


def _of_a_pass(spreads: Mapping[str, Spread]) -> Spread:
    """Return p99 beside a floor; else the maximum where it is within the tolerance itself, or p90."""
    if spreads["p99"].floor is not None:
        return spreads["p99"]
    return spreads["max"] if spreads["max"].limit == spreads["p90"].limit else spreads["p90"]


def misses(spreads: Sequence[Spread]) -> tuple[str, ...]:
    """Return why spreads are no pass, failures first and the farthest beyond first.

    Kinds of prompts are counted where all prompts together are beyond, and named where only they are.
    """
    missed = [spread for spread in spreads if spread.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)]
    missed.sort(key=lambda spread: (spread.verdict is not Verdict.FAIL, -_used(spread)))
    overall = [spread for spread in missed if spread.group == ALL]
    parts = [spread for spread in missed if spread.group != ALL]
    if not any(spread.verdict is Verdict.FAIL for spread in overall):
        more = len(parts) - _PARTS_SHOWN
        also = (f"{plural(more, 'more statistic')} of kinds of prompts beyond the limit",) if more > 0 else ()
        return (*map(_miss, parts[:_PARTS_SHOWN]), *also, *map(_miss, overall))
    kinds = list(dict.fromkeys(one_line(spread.group, 80) for spread in parts))
    which = (f"beyond the limits of their own: {', '.join(kinds)}",) if kinds else ()
    return (*map(_miss, overall), *which)


def of_whom(spread: Spread) -> str:
    """Return " of the prompts code", " of the prompt code/python", or nothing for all."""
    if spread.group == ALL:
        return ""
    return f" of the {'prompt' if '/' in spread.group else 'prompts'} {one_line(spread.group, 80)}"


def ratio_words(spread: Spread) -> str:
    """Return "2.1 × [1.6, 2.8]"; an absent ratio is a dash."""
    if spread.ratio is None:
        return "–"
    if spread.low is None or spread.high is None:
        return f"{quantity(spread.ratio)} ×"
    return f"{quantity(spread.ratio)} × [{quantity(spread.low)}, {quantity(spread.high)}]"


def _used(spread: Spread) -> float:
    """Return which part of the limit an error takes."""
    found = spread.error if spread.ratio is None else spread.ratio
    return found / spread.limit if spread.limit else 0.0


def _miss(spread: Spread) -> str:
    name = f"{spread.name}{of_whom(spread)}"
    if spread.ratio is None:
        return f"{name}: {nats(spread.error)}, limit {nats(spread.limit)}"
    limit = f"limit {quantity(spread.limit)} ×" if spread.limit is not None else "no limit"
    return f"{name}: {nats(spread.error)}, {ratio_words(spread)} the noise floor of {nats(spread.floor)}, {limit}"
