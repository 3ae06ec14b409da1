"""What a submission may ask for, whoever makes it: one set of rules for the API and for commands on pull requests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from evals import engine_rules
from evals.accuracy.settings_rules import check_settings
from evals.baseline_rules import check_baseline
from evals.errors import InvalidSubmissionError
from evals.modalities import require_eyes
from evals.plan import workloads_of
from evals.spec import EngineSpec, ModelSpec, Submission
from evals.workload_kinds import has_items

ONE_LINE = r"^[^\u0000-\u001f\u007f]+$"
NO_OPTION = r"^[^\u0000-\u001f\u007f-][^\u0000-\u001f\u007f]*$"
"""A text that an engine cannot take for an option."""

REVISION = r"^[A-Za-z0-9._/][A-Za-z0-9._/-]{0,127}$"
MOST_PATH = 1024


def check_submission(
    submission: Submission, *, code_roots: Sequence[Path] = (), repositories: Sequence[str] = ()
) -> None:
    """Refuse what engines cannot do, workloads cannot ask, or the operator does not permit.

    code_roots, repositories: see `evals.engine_rules.check`. Raises InvalidSubmissionError or PolicyError that names
    the field.
    """
    launched = launched_engines(submission)
    for side, spec in launched.items():
        engine_rules.check(spec, side=side, code_roots=code_roots, repositories=repositories)
    asked = workloads_of(submission)
    if submission.limit is not None and not any(has_items(workload.benchmark) for workload in asked):
        raise InvalidSubmissionError(
            "a limit cuts datasets, and nothing that is asked for has one", remedy="leave limit out", field="limit"
        )
    if submission.early_stop and not any(workload.early_stop for workload in asked):
        raise InvalidSubmissionError(
            "nothing that is asked for can stop early", remedy="leave early_stop out", field="early_stop"
        )
    for workload in asked:
        check_settings(workload)
        for side, spec in launched.items():
            require_eyes(submission.model, spec, workload, side=side)
    check_baseline(submission.baseline_from, asked)


def check_model(model: ModelSpec) -> None:
    """Refuse a model's path or revision that is no such text; raises InvalidSubmissionError that names the field."""
    if len(model.path) > MOST_PATH or not re.fullmatch(NO_OPTION, model.path):
        raise InvalidSubmissionError(
            "the model's path is no path and no hub's name", remedy="name a model as owner/name", field="model.path"
        )
    if model.revision is not None and not re.fullmatch(REVISION, model.revision):
        raise InvalidSubmissionError(
            f"{model.revision!r} is no revision", remedy="name a branch, a tag or a commit", field="model.revision"
        )


def launched_engines(submission: Submission) -> dict[str, EngineSpec]:
    """Return the engines that may be launched for the run, by the field that names each."""
    source = submission.baseline_from
    if source is None:
        return {"candidate": submission.candidate, "baseline": submission.baseline}
    backfilled = source.backfill or source.is_launched
    return {"candidate": submission.candidate} | ({"baseline.backfill": submission.baseline} if backfilled else {})
