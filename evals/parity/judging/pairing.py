"""Lay two servers' records of the same prompts side by side, position by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.formatting import one_line, plural
from evals.parity.judging.closeness import closeness
from evals.parity.records import Mode, Observation, Record

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Hold one prompt's two records, and the positions that both of them scored (indices into prompt_ids)."""

    ours: Record
    theirs: Record
    positions: Ints


@dataclass(frozen=True, kw_only=True)
class Lineup:
    """Hold the pairs of two sides, and why other prompts are not comparable."""

    pairs: tuple[Pair, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Hold what one pair says about n positions, arrays of shape (n,), ours and theirs in nats.

    kl: Kullback-Leibler divergence of theirs from ours (theirs is the reference). agrees: whether both put the same
    token first. bounded: how many probabilities had to be bounded because a side had not recorded them.
    """

    prompt: str
    positions: Ints
    ours: Floats
    theirs: Floats
    kl: Floats
    agrees: Bools
    bounded: int


def records_of(observation: Observation, mode: Mode = Mode.ALONE) -> dict[str, Record]:
    """Return a server's records under one mode by prompt."""
    return {record.prompt: record for record in observation.records if record.mode is mode}


def line_up(
    ours: Mapping[str, Record], theirs: Mapping[str, Record], names: tuple[str, str], *, partly: bool = False
) -> Lineup:
    """Pair two sides' records by prompt; names are the sides' in words.

    partly: whether ours may lack prompts and positions (a mode that was not asked for all of them).
    """
    unequal = [name for name in ours if name in theirs and ours[name].prompt_ids != theirs[name].prompt_ids]
    common = [name for name in ours if name in theirs and name not in set(unequal)]
    pairs = [Pair(ours=ours[name], theirs=theirs[name], positions=_common(ours[name], theirs[name])) for name in common]
    reasons = _reason(f"{names[0]} and {names[1]} saw different tokens", unequal, len(ours))
    if not partly:
        short = [pair.ours.prompt for pair in pairs if len(pair.positions) < _most(pair)]
        reasons += _reason(f"{names[0]} and {names[1]} scored different positions", short, len(pairs))
    return Lineup(pairs=tuple(pairs), reasons=reasons)


def scores(pair: Pair, compared_k: int) -> Scores:
    """Return what a pair says about its positions; compared_k: of how many top tokens the union is compared."""
    ours, theirs = (_at(record, pair.positions) for record in (pair.ours, pair.theirs))
    close = closeness(theirs.top_ids, theirs.top_logprobs, ours.top_ids, ours.top_logprobs, compared_k)
    return Scores(
        prompt=pair.ours.prompt,
        positions=pair.positions,
        ours=ours.logprobs,
        theirs=theirs.logprobs,
        kl=close.kl,
        agrees=close.agrees,
        bounded=close.bounded,
    )


def scored(record: Record) -> Ints:
    """Return the positions of a record's prompt that have a log-probability which says something."""
    positions = np.arange(record.start, record.start + len(record.prefill.token_ids), dtype=np.int64)
    return np.setdiff1d(positions, np.asarray(record.unscored, dtype=np.int64))


def _common(ours: Record, theirs: Record) -> Ints:
    unscored = np.asarray((*ours.unscored, *theirs.unscored), dtype=np.int64)
    return np.setdiff1d(np.intersect1d(scored(ours), scored(theirs)), unscored)


def _most(pair: Pair) -> int:
    """Return how many positions the side with more of them scored, without those that either side marks."""
    marked = np.asarray((*pair.ours.unscored, *pair.theirs.unscored), dtype=np.int64)
    return max(len(np.setdiff1d(scored(record), marked)) for record in (pair.ours, pair.theirs))


@dataclass(frozen=True, kw_only=True)
class _Rows:
    logprobs: Floats
    top_ids: Ints
    top_logprobs: Floats


def _at(record: Record, positions: Ints) -> _Rows:
    """Return a record's rows at these positions; rows with fewer top tokens than others are filled with id -1.

    A row in which any number is NaN has none at all, so that the side is blamed that gave it.
    """
    rows = positions - record.start
    prefill = record.prefill
    top_logprobs = _filled([prefill.top_logprobs[row] for row in rows], -np.inf)
    logprobs = np.asarray(prefill.logprobs, dtype=np.float64)[rows]
    return _Rows(
        logprobs=np.where(np.isnan(top_logprobs).any(axis=1), np.nan, logprobs),
        top_ids=_filled([prefill.top_ids[row] for row in rows], -1).astype(np.int64),
        top_logprobs=top_logprobs,
    )


def _filled(rows: Sequence[Sequence[float]], missing: float) -> Floats:
    width = max((len(row) for row in rows), default=0)
    filled = np.full((len(rows), width), missing, dtype=np.float64)
    for index, row in enumerate(rows):
        filled[index, : len(row)] = row
    return filled


def _reason(what: str, prompts: Sequence[str], of: int) -> tuple[str, ...]:
    if not prompts:
        return ()
    return (f"{what} in {len(prompts):,} of {plural(of, 'prompt')} (first: {one_line(prompts[0], 80)})",)
