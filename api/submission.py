"""From a request's schema to the core's Submission, checked against the suites and the engine rules."""

from __future__ import annotations

from api.baselines import baseline_of
from api.engines import engine_spec
from api.schemas import SubmissionRequest, WorkloadRequest
from db.settings import Settings
from evals.defaults import completed
from evals.errors import InvalidSubmissionError
from evals.plan import load_suite, suite_names
from evals.spec import CUSTOM_SUITE, ModelSpec, PullRequest, Submission, Workload
from evals.submission_rules import check_submission
from evals.workload_kinds import has_items


def to_submission(request: SubmissionRequest, settings: Settings) -> Submission:
    """Return the submission; raise InvalidSubmissionError or PolicyError that names the field."""
    suite, workloads = _what(request)
    candidate = engine_spec(request.candidate, inherited=None)
    baseline, source = baseline_of(request.baseline, candidate)
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
    check_submission(submission, code_roots=settings.code_roots, repositories=settings.repositories)
    return submission


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
