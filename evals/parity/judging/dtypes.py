"""In which dtype each side really served, and whether that can be compared."""

from __future__ import annotations

from evals.outcome import Verdict
from evals.parity.findings import ParityCheck, ParityResult
from evals.parity.records import SERVED_DTYPE, Observation

FULL = "float32"
"""What the reference is to be served in."""


def served(*observations: Observation) -> str | None:
    """Return the dtype that the first server that tells one says it serves in; None when none tells."""
    told = (observation.notes.get(SERVED_DTYPE) for observation in observations)
    return next((dtype for dtype in told if dtype), None)


def other_dtypes(ours: Observation, theirs: Observation, names: tuple[str, str]) -> tuple[str, ...]:
    """Say that two servers served in different dtypes; nothing when they did not, or one does not tell."""
    first, second = served(ours), served(theirs)
    if first is None or second is None or first == second:
        return ()
    return (
        f"the served dtype differs: {first} for {names[0]}, {second} for {names[1]}; serve both in one dtype "
        "(the error of one says nothing about the other)",
    )


def silent_dtypes(candidate: Observation, baseline: Observation) -> tuple[str, ...]:
    """Say which sides do not tell in which dtype they served, so that nobody could hold them against each other."""
    silent = [name for name, side in (("candidate", candidate), ("baseline", baseline)) if served(side) is None]
    return tuple(f"the {name} does not say in which dtype it serves" for name in silent)


def no_reference(reference: Observation) -> tuple[str, ...]:
    """Say that a reference was not served in float32; nothing when it was, or does not tell."""
    dtype = served(reference)
    return () if dtype in (None, FULL) else (f"it served in {dtype}, not in {FULL}",)


def incomparable(workload: str, reasons: tuple[str, ...]) -> ParityResult:
    """Return the result of a workload whose sides cannot be held against each other at all."""
    check = ParityCheck(
        name="prefill",
        title="prefill",
        verdict=Verdict.INCOMPARABLE,
        value=None,
        unit="nats",
        n=0,
        reasons=reasons,
    )
    return ParityResult(
        workload=workload,
        verdict=Verdict.INCOMPARABLE,
        headline=f"{workload} cannot be compared: {reasons[0]}",
        calibration="nothing was compared",
        checks=(check,),
    )
