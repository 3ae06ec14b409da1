"""From a request's schema to the core's Submission, checked against the suites and the engine rules."""

from __future__ import annotations

from api.baselines import baseline_of
from api.engines import engine_spec
from api.schemas import SubmissionRequest, WorkloadRequest
from db.settings import Settings
from evals import engine_rules
from evals.accuracy.settings_rules import check_settings
from evals.baseline import BaselineSource
from evals.baseline_rules import check_baseline
from evals.defaults import completed
from evals.errors import InvalidSubmissionError
from evals.modalities import require_eyes
from evals.plan import load_suite, suite_names, workloads_of
from evals.spec import CUSTOM_SUITE, EngineSpec, ModelSpec, PullRequest, Submission, Workload
from evals.workload_kinds import has_items


def to_submission(request: SubmissionRequest, settings: Settings) -> Submission:
    """Return the submission; raise InvalidSubmissionError or PolicyError that names the field."""
    suite, workloads = _what(request)
    candidate = engine_spec(request.candidate, inherited=None)
    baseline, source = baseline_of(request.baseline, candidate)
    launched = _launched(candidate, baseline, source)
    for side, spec in launched.items():
        engine_rules.check(spec, side=side, code_roots=settings.code_roots, repositories=settings.repositories)
    wanted = request.pull_request
    submission = Submission(
        model=ModelSpec(path=request.model.path, revision=request.model.revision),
        candidate=candidate,
        baseline=baseline,
        suite=suite,
        workloads=workloads,
        limit=request.limit,
        early_stop=request.early_stop,
        use_cache=request.use_cache,
        tags=tuple(request.tags),
        pull_request=PullRequest(**wanted.model_dump()) if wanted else None,
        baseline_from=source,
    )
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
    check_baseline(source, asked)
    return submission


def _launched(candidate: EngineSpec, baseline: EngineSpec, source: BaselineSource | None) -> dict[str, EngineSpec]:
    """Return the engines that may be launched for the run, by the field that names each."""
    if source is None:
        return {"candidate": candidate, "baseline": baseline}
    return {"candidate": candidate} | ({"baseline.backfill": baseline} if source.backfill else {})


def _what(request: SubmissionRequest) -> tuple[str, tuple[Workload, ...]]:
    """Return the suite's name and the workloads that the request names itself."""
    if (request.suite is None) == (not request.workloads):
        raise InvalidSubmissionError(
            "a submission names either a suite or workloads",
            remedy=f"give suite (one of {', '.join(suite_names())}) or workloads",
            field="suite",
        )
    if request.suite is not None:
        load_suite(request.suite)
        return request.suite, ()
    workloads = tuple(_workload(wanted) for wanted in request.workloads)
    names = [workload.name for workload in workloads]
    if len(set(names)) < len(names):
        raise InvalidSubmissionError(
            "two workloads have one name", remedy="give each a name of its own", field="workloads"
        )
    return CUSTOM_SUITE, workloads


def _workload(request: WorkloadRequest) -> Workload:
    settings = request.model_dump(exclude={"name", "metric"})
    if not has_items(request.benchmark) and "margin" not in request.model_fields_set:
        settings["margin"] = 0.0
    name = request.name or request.benchmark
    return completed(Workload(**settings, name=name, metric=request.metric or ""))
