"""From a request's schema to the core's Submission, checked against the suites and the engine rules."""

from __future__ import annotations

from api.schemas import EngineRequest, SubmissionRequest, WorkloadRequest
from db.settings import Settings
from evals import engine_rules
from evals.accuracy.settings_rules import check_settings
from evals.code_sources import INSTALLED
from evals.defaults import completed
from evals.errors import InvalidSubmissionError
from evals.modalities import require_eyes
from evals.plan import load_suite, suite_names, workloads_of
from evals.spec import CUSTOM_SUITE, EngineSpec, ModelSpec, PullRequest, Submission, Workload
from evals.workload_kinds import has_items


def to_submission(request: SubmissionRequest, settings: Settings) -> Submission:
    """Return the submission; raise InvalidSubmissionError or PolicyError that names the field."""
    suite, workloads = _what(request)
    candidate = _engine(request.candidate, inherited=None)
    baseline = _engine(request.baseline or EngineRequest(engine="hf"), inherited=candidate)
    for side, spec in (("candidate", candidate), ("baseline", baseline)):
        engine_rules.check(spec, side=side, code_roots=settings.code_roots, repositories=settings.repositories)
    wanted = request.pull_request
    submission = Submission(
        model=ModelSpec(path=request.model.path, revision=request.model.revision),
        candidate=candidate,
        baseline=baseline,
        suite=suite,
        workloads=workloads,
        limit=request.limit,
        use_cache=request.use_cache,
        tags=tuple(request.tags),
        pull_request=PullRequest(**wanted.model_dump()) if wanted else None,
    )
    asked = workloads_of(submission)
    if submission.limit is not None and not any(has_items(workload.benchmark) for workload in asked):
        raise InvalidSubmissionError(
            "a limit cuts datasets, and nothing that is asked for has one", remedy="leave limit out", field="limit"
        )
    for workload in asked:
        check_settings(workload)
        require_eyes(submission.model, candidate, workload, side="candidate")
        require_eyes(submission.model, baseline, workload, side="baseline")
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


def _engine(request: EngineRequest, *, inherited: EngineSpec | None) -> EngineSpec:
    if request.engine == "remote":
        inherited = None
    spec = EngineSpec(
        kind=request.engine,
        args=dict(request.args),
        dtype=request.dtype or (inherited.dtype if inherited else "auto"),
        device=request.device or (inherited.device if inherited else "cpu"),
        source=request.source or INSTALLED,
        external_package=request.external_package,
        external_processor=request.external_processor,
        architectures=tuple(request.architectures),
        base_url=request.base_url,
        served_model=request.served_model,
        capabilities=tuple(request.capabilities),
    )
    gpus = request.gpus if request.gpus is not None else _default_gpus(spec)
    return EngineSpec(**{**vars(spec), "gpus": gpus})


def _default_gpus(spec: EngineSpec) -> int:
    if spec.device != "cuda" or spec.kind == "remote":
        return 0
    names = {name for pair in engine_rules.PARALLELISM.items() for name in pair}
    sizes = [value for name, value in spec.args.items() if name in names]
    whole = all(isinstance(value, int) and not isinstance(value, bool) and value >= 1 for value in sizes)
    return engine_rules.parallel_size(spec) if whole else 1
