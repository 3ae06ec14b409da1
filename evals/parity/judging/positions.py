"""All positions of one question flat in arrays, each beside the same position of the noise floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.formatting import one_line, plural
from evals.parity.judging.bootstrap import quantile
from evals.parity.judging.pairing import Bools, Floats, Ints, Lineup, Scores, scores
from evals.parity.judging.tolerance import LEAST_FLOOR


@dataclass(frozen=True, kw_only=True)
class Positions:
    """Hold errors and divergences of n positions of several prompts, arrays of shape (n,), in nats.

    owner: index into prompts. floor, kl_floor and agrees_floor: what the baseline has there, None without a floor.
    """

    prompts: tuple[str, ...]
    owner: Ints
    position: Ints
    ours: Floats
    theirs: Floats
    kl: Floats
    agrees: Bools
    floor: Floats | None
    kl_floor: Floats | None
    agrees_floor: Bools | None
    bounded: int = 0

    @property
    def error(self) -> Floats:
        """Return how far the log-probabilities lie apart."""
        return np.abs(self.ours - self.theirs)

    def __len__(self) -> int:
        return len(self.owner)

    def only(self, wanted: Bools) -> Positions:
        """Return the positions where the mask of shape (n,) is true."""
        return Positions(
            prompts=self.prompts,
            owner=self.owner[wanted],
            position=self.position[wanted],
            ours=self.ours[wanted],
            theirs=self.theirs[wanted],
            kl=self.kl[wanted],
            agrees=self.agrees[wanted],
            floor=None if self.floor is None else self.floor[wanted],
            kl_floor=None if self.kl_floor is None else self.kl_floor[wanted],
            agrees_floor=None if self.agrees_floor is None else self.agrees_floor[wanted],
            bounded=self.bounded,
        )

    def of_group(self, group: str) -> Positions:
        """Return the positions of one group's prompts."""
        inside = np.asarray([group_of(prompt) == group for prompt in self.prompts], dtype=bool)
        return self.only(inside[self.owner])

    def groups(self) -> tuple[str, ...]:
        """Return the kinds of the prompts that have positions, in the order in which they come first."""
        return tuple(dict.fromkeys(group_of(self.prompts[owner]) for owner in np.unique(self.owner)))

    def worst_prompt(self, share: float, least: int) -> tuple[tuple[str, Positions], ...]:
        """Return the prompt of at least so many positions that stands out most by a quantile, if there is one.

        With a floor by the ratio of both quantiles, else by the error itself.
        """
        counts = np.bincount(self.owner, minlength=len(self.prompts))
        large = [self.only(self.owner == owner) for owner in np.flatnonzero(counts >= least)]
        if not large:
            return ()
        worst = max(large, key=lambda one: one.standing_out(share))
        return ((self.prompts[int(worst.owner[0])], worst),)

    def standing_out(self, share: float) -> float:
        """Return a quantile of the error, over the floor's where there is a floor."""
        error = quantile(self.error, share)
        return error if self.floor is None else error / max(quantile(self.floor, share), LEAST_FLOOR)

    def asked(self) -> int:
        """Return of how many prompts there are positions."""
        return len(np.unique(self.owner))


def group_of(prompt: str) -> str:
    """Return the kind of a prompt: its name's part before the stroke."""
    return prompt.partition("/")[0]


def scores_of(lineup: Lineup, compared_k: int) -> dict[str, Scores]:
    """Return each pair's scores by prompt."""
    return {pair.ours.prompt: scores(pair, compared_k) for pair in lineup.pairs}


def flat(found: Mapping[str, Scores], floor: Mapping[str, Scores] | None) -> tuple[Positions, tuple[str, ...]]:
    """Return all positions, and in words what had to be left out because the floor lacks it."""
    missing = [name for name in found if floor is not None and name not in floor]
    kept = {name: one for name, one in found.items() if name not in set(missing)}
    parts = [_beside(one, floor[name] if floor is not None else None) for name, one in kept.items()]
    lost = sum(len(one.positions) for one in kept.values()) - sum(len(part.position) for part in parts)
    words = []
    if missing:
        words.append(
            f"for {len(missing):,} of {plural(len(found), 'prompt')} there is no noise floor "
            f"(first: {one_line(missing[0], 80)})"
        )
    if lost:
        words.append(f"for {plural(lost, 'position')} there is no noise floor")
    return _joined(tuple(kept), parts, with_floor=floor is not None), tuple(words)


@dataclass(frozen=True, kw_only=True)
class _Part:
    position: Ints
    ours: Floats
    theirs: Floats
    kl: Floats
    agrees: Bools
    floor: Floats
    kl_floor: Floats
    agrees_floor: Bools
    bounded: int


def _beside(found: Scores, floor: Scores | None) -> _Part:
    other = found if floor is None else floor
    position, here, there = np.intersect1d(found.positions, other.positions, return_indices=True)
    return _Part(
        position=position,
        ours=found.ours[here],
        theirs=found.theirs[here],
        kl=found.kl[here],
        agrees=found.agrees[here],
        floor=np.abs(other.ours - other.theirs)[there],
        kl_floor=other.kl[there],
        agrees_floor=other.agrees[there],
        bounded=found.bounded,
    )


def _joined(prompts: tuple[str, ...], parts: Sequence[_Part], *, with_floor: bool) -> Positions:
    sizes = [len(part.position) for part in parts]
    owner = np.repeat(np.arange(len(parts), dtype=np.int64), np.asarray(sizes, dtype=np.int64))
    return Positions(
        prompts=prompts,
        owner=owner,
        position=_all([part.position for part in parts], np.int64),
        ours=_all([part.ours for part in parts], np.float64),
        theirs=_all([part.theirs for part in parts], np.float64),
        kl=_all([part.kl for part in parts], np.float64),
        agrees=_all([part.agrees for part in parts], np.bool_),
        floor=_all([part.floor for part in parts], np.float64) if with_floor else None,
        kl_floor=_all([part.kl_floor for part in parts], np.float64) if with_floor else None,
        agrees_floor=_all([part.agrees_floor for part in parts], np.bool_) if with_floor else None,
        bounded=sum(part.bounded for part in parts),
    )


def _all(arrays: Sequence[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate([*arrays, np.empty(0, dtype=kind)]).astype(kind)
