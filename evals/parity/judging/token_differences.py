"""How two servers turned the same texts, messages and images into tokens."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evals.parity.findings import TokenDifference
from evals.parity.records import Observation, Record

DIFF_LINES = 40
PROMPT = "prompt"
"""The form of a difference in the prompts themselves, which carry images."""

Spell = Callable[[Sequence[int]], str]


@dataclass(frozen=True, kw_only=True)
class Tokenizations:
    """Hold what differs, of how many texts, and of which texts a side could not say."""

    differences: tuple[TokenDifference, ...]
    compared: int
    unknown: tuple[str, ...]


def tokenizations(candidate: Observation, baseline: Observation, spell: Spell) -> Tokenizations:
    """Compare both servers' own token ids of each text; a prompt that both were sent alike counts as one too."""
    ours, theirs = (
        {(one.prompt, one.form.value): one.token_ids for one in observation.tokenized}
        for observation in (candidate, baseline)
    )
    both = [key for key in ours if key in theirs]
    unknown = [key for key in both if ours[key] is None or theirs[key] is None]
    lonely = [key for key in (*ours, *theirs) if (key in ours) != (key in theirs)]
    differences = [
        difference(*key, first, second, spell)
        for key in both
        if (first := ours[key]) is not None and (second := theirs[key]) is not None and first != second
    ]
    seen = _prompts(candidate, baseline)
    apart = [name for name, ids in seen.items() if ids[0] != ids[1]]
    differences += [difference(name, PROMPT, *seen[name], spell) for name in apart]
    return Tokenizations(
        differences=tuple(differences),
        compared=len(both) - len(unknown) + len(apart),
        unknown=tuple(f"{prompt} as {form}" for prompt, form in (*unknown, *lonely)),
    )


def _prompts(candidate: Observation, baseline: Observation) -> Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the prompts' ids as both servers saw them."""
    theirs: dict[str, Record] = {record.prompt: record for record in baseline.records}
    return {
        record.prompt: (record.prompt_ids, theirs[record.prompt].prompt_ids)
        for record in candidate.records
        if record.prompt in theirs
    }


def difference(prompt: str, form: str, ours: Sequence[int], theirs: Sequence[int], spell: Spell) -> TokenDifference:
    """Return how two sequences of token ids differ, as a unified diff from theirs to ours with a token a line."""
    lines = difflib.unified_diff(
        _lines(theirs, spell), _lines(ours, spell), fromfile="baseline", tofile="candidate", lineterm="", n=3
    )
    shown = list(lines)
    if len(shown) > DIFF_LINES:
        shown = [*shown[:DIFF_LINES], f"… {len(shown) - DIFF_LINES:,} more lines"]
    return TokenDifference(
        prompt=prompt, form=form, candidate_count=len(ours), reference_count=len(theirs), diff=tuple(shown)
    )


def _lines(ids: Sequence[int], spell: Spell) -> list[str]:
    return [f"{token} {spell((token,))!r}" for token in ids]
