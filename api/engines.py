"""From a request's engine to the one that the core knows."""

from __future__ import annotations

from api.engine_schemas import EngineRequest
from evals import engine_rules
from evals.code_sources import INSTALLED
from evals.spec import EngineSpec


def engine_spec(request: EngineRequest, *, inherited: EngineSpec | None) -> EngineSpec:
    """Return the engine that a request describes; inherited: the one that gives device and dtype by default."""
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
