"""Judge whether two servers serve the same model, out of what was heard from them."""

from __future__ import annotations

from collections.abc import Sequence

from evals.parity.findings import ParityResult
from evals.parity.judging.asked import not_compared
from evals.parity.judging.dtypes import incomparable, no_reference, other_dtypes, silent_dtypes
from evals.parity.judging.prefill import Spell
from evals.parity.judging.severity import worst_of
from evals.parity.judging.sides import room_words, with_room
from evals.parity.judging.summary import coverage_of, headline_of, left_out_of
from evals.parity.judging.workload_checks import BASELINE, CANDIDATE, CHUNKED, REFERENCE, WorkloadChecks
from evals.parity.records import Observation
from evals.parity.settings import ParitySettings


def ids_in_words(ids: Sequence[int]) -> str:
    """Return token ids for a reader who has no tokenizer."""
    return " ".join(f"<{token}>" for token in ids)


def judge_parity(
    workload: str,
    settings: ParitySettings,
    *,
    candidate: Observation,
    baseline: Observation,
    reference: Observation | None,
    chunked: Observation | None,
    dtype: str,
    notes: Sequence[str] = (),
    spell: Spell = ids_in_words,
    chunk_notes: Sequence[str] | None = (),
) -> ParityResult:
    """Return what a parity workload found.

    dtype: the served one; sides that say they served in different ones are incomparable. With a reference (the
    baseline's engine in float32) errors are the candidate's against it, and the baseline's are the noise floor;
    without, the candidate is held against the baseline under a fixed tolerance. chunked: the candidate with small
    prefill chunks. notes: why there is no reference. spell: texts of token ids. chunk_notes: why there is no chunked
    one, which is inconclusive; None where there was to be none.
    """
    differing = other_dtypes(candidate, baseline, (CANDIDATE, BASELINE))
    if differing:
        return incomparable(workload, differing)
    if reference is not None and (unfit := no_reference(reference)):
        reference, notes = None, (*notes, *(f"{REFERENCE} cannot be used: {reason}" for reason in unfit))
    heard = {CANDIDATE: candidate, BASELINE: baseline, REFERENCE: reference, CHUNKED: chunked}
    (candidate, baseline, *others), lost = with_room([candidate, baseline, *([reference] if reference else [])])
    reference = others[0] if others else None
    made = WorkloadChecks(settings, candidate, baseline, reference, dtype, notes, spell, lost)
    checks = made.checks(chunked, chunk_notes)
    verdict = worst_of(check.verdict for check in checks)
    return ParityResult(
        workload=workload,
        verdict=verdict,
        headline=headline_of(verdict, checks),
        calibration=made.tolerance.words,
        checks=tuple(checks),
        coverage=(
            *coverage_of(candidate, checks),
            *room_words(lost),
            *not_compared(settings, checks),
            *silent_dtypes(candidate, baseline),
        ),
        left_out=left_out_of(heard),
    )
