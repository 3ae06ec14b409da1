"""Compare greedy tokens: where two sides part first, and whether that is a near tie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, isnan

from evals.parity.findings import Divergence
from evals.parity.judging.pairing import Lineup, Pair
from evals.parity.judging.tolerance import Near
from evals.parity.records import Record, Scored

END = "(end of the text)"


@dataclass(frozen=True, kw_only=True)
class Decodes:
    """Hold where two sides' greedy tokens part, and of how many prompts and tokens they were compared.

    broken: prompts in which our side's log-probability of a token it chose is no finite number.
    """

    divergences: tuple[Divergence, ...]
    prompts: int
    tokens: int
    broken: tuple[str, ...] = ()

    @property
    def far(self) -> tuple[Divergence, ...]:
        """Return the divergences that are no near ties."""
        return tuple(one for one in self.divergences if not one.benign and not one.open)

    @property
    def open(self) -> tuple[Divergence, ...]:
        """Return the divergences of which nobody can say whether they are near ties."""
        return tuple(one for one in self.divergences if one.open)


def decodes(lineup: Lineup, near: Near, spell: Callable[[Sequence[int]], str]) -> Decodes:
    """Return the first divergence of every pair that parts; theirs is the reference.

    A divergence is a near tie when the margin between both tokens is at most twice what is allowed: each of the two
    may be off by as much.
    """
    pairs = [pair for pair in lineup.pairs if pair.ours.decode.token_ids or pair.theirs.decode.token_ids]
    found = [divergence(pair, near, spell) for pair in pairs]
    return Decodes(
        divergences=tuple(one for one in found if one is not None),
        prompts=len(pairs),
        tokens=sum(min(len(pair.ours.decode.token_ids), len(pair.theirs.decode.token_ids)) for pair in pairs),
        broken=tuple(pair.ours.prompt for pair in pairs if not all(map(isfinite, pair.ours.decode.logprobs))),
    )


def divergence(pair: Pair, near: Near, spell: Callable[[Sequence[int]], str]) -> Divergence | None:
    """Return where a pair's greedy tokens part first, None when they do not."""
    ours, theirs = pair.ours.decode.token_ids, pair.theirs.decode.token_ids
    place = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
    if place is None:
        if len(ours) == len(theirs) or _ended_alike(pair.ours, pair.theirs):
            return None
        place = min(len(ours), len(theirs))
    margin, at_least = _margin(pair.theirs.decode, place, ours[place] if place < len(ours) else None)
    return Divergence(
        prompt=pair.ours.prompt,
        position=place,
        candidate_token=spell(ours[place : place + 1]) if place < len(ours) else END,
        reference_token=spell(theirs[place : place + 1]) if place < len(theirs) else END,
        common_text=spell(ours[:place]),
        margin=margin,
        at_least=at_least,
        allowed=near.allowed,
        benign=not at_least and margin <= 2 * near.allowed,
        open=(at_least or margin > 2 * near.allowed) and margin <= 2 * near.doubtful,
    )


def margin_noise(lineup: Lineup) -> list[float]:
    """Return how far our margins between the reference's first two tokens are off, as long as greedy tokens agree."""
    return [noise for pair in lineup.pairs for noise in _noise_of(pair.ours.decode, pair.theirs.decode)]


def _noise_of(ours: Scored, theirs: Scored) -> Iterator[float]:
    for place, (mine, other) in enumerate(zip(ours.token_ids, theirs.token_ids, strict=False)):
        leads = [_lead(side, place, theirs.top_ids[place][:2]) for side in (ours, theirs)]
        if leads[0] is not None and leads[1] is not None:
            yield abs(leads[0] - leads[1])
        if mine != other:
            return


def _lead(scored: Scored, place: int, ids: Sequence[int]) -> float | None:
    """Return by how much the first of two tokens is more probable (nats); None where that is not known."""
    known = dict(zip(scored.top_ids[place], scored.top_logprobs[place], strict=True))
    found = [known[token] for token in ids if token in known and isfinite(known[token])]
    return found[0] - found[1] if len(found) == 2 else None


def _ended_alike(ours: Record, theirs: Record) -> bool:
    """Tell whether one side only recorded the end token that the other left out.

    One token more is the end of the text only where a server says so, and where the other's text does not end with it.
    """
    if not ours.finish_reason == theirs.finish_reason == "stop":
        return False
    shorter, longer = sorted((ours, theirs), key=lambda record: len(record.decode.token_ids))
    *before, last = longer.decode.token_ids
    ends = {record.end_token for record in (ours, theirs)} - {None}
    return len(before) == len(shorter.decode.token_ids) and ends == {last} and before[-1:] != [last]


def _margin(reference: Scored, place: int, token: int | None) -> tuple[float, bool]:
    """Return how much more probable the reference's own token is (nats), and whether that is only a lower bound.

    A reference that gives NaN there says nothing, so that the divergence stays open.
    """
    if place >= len(reference.token_ids):
        return 0.0, True
    known = dict(zip(reference.top_ids[place], reference.top_logprobs[place], strict=True))
    own = reference.logprobs[place]
    if any(map(isnan, (own, *known.values()))):
        return 0.0, True
    other = known.get(token) if token is not None else None
    if other is not None and isfinite(own - other):
        return max(own - other, 0.0), False
    # The end of a text is a token too, but which one is not known.
    least = min(known.values(), default=own) if token is not None else own
    return (max(own - least, 0.0), True) if isfinite(own - least) else (0.0, True)
