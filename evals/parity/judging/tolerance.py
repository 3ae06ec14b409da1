"""How far two log-probabilities may lie apart: a multiple of the noise floor, or a fixed number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from evals.formatting import nats, one_line
from evals.parity.judging.coverage import LEAST_POSITIONS, LEAST_PROMPTS
from evals.parity.settings import ParitySettings

FIXED: Mapping[str, float] = MappingProxyType({"float32": 1e-4, "float16": 0.03, "bfloat16": 0.25})
"""The fixed tolerance for each served dtype (nats).

bfloat16: a correct 1 B model was measured up to 0.084 nats from transformers on an H200 over a few thousand positions;
three times that leaves room for longer prompt sets and larger models. float16 keeps three more bits of the mantissa, so
an eighth of it. float32 keeps sixteen more, which would be 4e-6; sums of a different order over thousands of terms
lose a part of them, and 1e-4 is what the project demands.
"""

UNKNOWN_DTYPE = "bfloat16"
"""What a served dtype that is not known is taken for: most checkpoints are in it."""

LEAST_FLOOR = 2.0**-18
"""No floor counts for less (nats): 32-bit logits between 32 and 64 have this spacing, so that two correct
implementations differ by it; below it a ratio would compare roundings."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """Say what is allowed.

    factor: how many times the noise floor; None when `fixed` nats hold instead. words: how it was found.
    """

    factor: float | None
    fixed: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Near:
    """Say when greedy tokens part at a near tie: at a margin of at most two `allowed` errors (nats).

    doubtful: up to two of these it is left open; nothing is when it is no more than `allowed`.
    """

    allowed: float
    doubtful: float


def tolerance_of(settings: ParitySettings, dtype: str, *, calibrated: bool, notes: Sequence[str]) -> Tolerance:
    """Return the tolerance for a served dtype; notes say why there is no reference."""
    fixed = settings.tolerance if settings.tolerance is not None else FIXED.get(dtype, FIXED[UNKNOWN_DTYPE])
    if calibrated:
        return Tolerance(factor=settings.factor, fixed=fixed, words=_calibrated_words(settings, dtype))
    return Tolerance(factor=None, fixed=fixed, words=_fixed_words(settings, dtype, fixed, notes))


def _calibrated_words(settings: ParitySettings, dtype: str) -> str:
    served = "the served dtype" if dtype not in FIXED else dtype
    return (
        "The tolerance is calibrated. The reference is the baseline's engine in float32; the noise floor is how far "
        f"that engine in {served} is from it at the same positions. The candidate may be {settings.factor:g} times as "
        "far: it passes when the whole 95 % interval (over prompts) of the ratio is within that at p50, p90 and p99, "
        "and fails when a whole interval is beyond it, or when the largest error or a group of prompts is clearly "
        "beyond it."
    )


def _fixed_words(settings: ParitySettings, dtype: str, fixed: float, notes: Sequence[str]) -> str:
    why = "; ".join(one_line(note, 200) for note in notes) or _why_fixed(settings, dtype)
    whose = "set by the workload" if settings.tolerance is not None else f"the one for {_name(dtype)}"
    words = (
        f"A fixed tolerance of {nats(fixed)} was used ({whose}), because {why}. Nine of ten errors must be within it, "
        "the median within a quarter of it, p99 within 10 and the largest within 100 times of it, for the errors of "
        "correct models have long tails. What is 5 times beyond fails, 10 times for a single prompt or kind of "
        "prompts; what lies between is not decided. A pass needs at least "
        f"{LEAST_POSITIONS['prefill']:,} positions of {LEAST_PROMPTS} prompts."
    )
    return words if dtype == "float32" else f"{words} In {_name(dtype)} this is coarse: smaller faults pass unseen."


def _why_fixed(settings: ParitySettings, dtype: str) -> str:
    if dtype == "float32":
        return "both sides serve in float32, where rounding is far below it"
    if not settings.calibrate:
        return "the workload asks for no calibration"
    return "no float32 reference was measured"


def _name(dtype: str) -> str:
    return dtype if dtype in FIXED else f"{UNKNOWN_DTYPE}, for which the dtype {one_line(dtype, 20)!r} is taken"
