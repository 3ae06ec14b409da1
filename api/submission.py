"""From a request's schema to the core's Submission, checked against the suites and the engine rules."""

from __future__ import annotations

from api.schemas import EngineRequest, SubmissionRequest
from db.settings import Settings
from evals import engine_rules
from evals.plan import load_suite
from evals.spec import EngineSpec, ModelSpec, PullRequest, Submission


def to_submission(request: SubmissionRequest, settings: Settings) -> Submission:
    """Return the submission; raise InvalidSubmissionError or PolicyError that names the field."""
    load_suite(request.suite)
    candidate = _engine(request.candidate, inherited=None)
    baseline = _engine(request.baseline or EngineRequest(engine="hf"), inherited=candidate)
    for side, spec in (("candidate", candidate), ("baseline", baseline)):
        engine_rules.check(spec, side=side, code_roots=settings.code_roots)
    wanted = request.pull_request
    return Submission(
        model=ModelSpec(path=request.model.path, revision=request.model.revision),
        candidate=candidate,
        baseline=baseline,
        suite=request.suite,
        limit=request.limit,
        tags=tuple(request.tags),
        pull_request=PullRequest(**wanted.model_dump()) if wanted else None,
    )


def _engine(request: EngineRequest, *, inherited: EngineSpec | None) -> EngineSpec:
    if request.engine == "remote":
        inherited = None
    spec = EngineSpec(
        kind=request.engine,
        args=dict(request.args),
        dtype=request.dtype or (inherited.dtype if inherited else "auto"),
        device=request.device or (inherited.device if inherited else "cpu"),
        external_package=request.external_package,
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
