"""How much must have been compared before a check may pass."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evals.formatting import plural

LEAST_PROMPTS = 8
"""Fewer prompts are a sample of nothing, with a noise floor or without one."""

LEAST_POSITIONS: Mapping[str, int] = MappingProxyType({"prefill": 1000})
"""Of prompts: ten positions beyond p99. A workload's own prompts have thousands, for a context of 512 tokens too."""

LEAST_OTHERS = 100
"""Of greedy tokens, and of the candidate against itself."""


def too_few(check: str, *, prompts: int, positions: int) -> tuple[str, ...]:
    """Say what a check lacks for a pass; nothing when enough was compared."""
    least = LEAST_POSITIONS.get(check, LEAST_OTHERS)
    if prompts >= LEAST_PROMPTS and positions >= least:
        return ()
    return (
        f"only {plural(positions, 'position')} of {plural(prompts, 'prompt')} could be compared; a pass needs at least "
        f"{least:,} positions of {LEAST_PROMPTS} prompts",
    )
