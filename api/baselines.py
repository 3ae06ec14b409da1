"""From a request's baseline to the engine and the source that the core knows."""

from __future__ import annotations

from api.engine_schemas import BaselineRequest, EngineRequest
from api.engines import engine_spec
from evals.baseline import PUBLISHED_ENGINE, BaselineKind, BaselineSource, PublishedValue
from evals.errors import InvalidSubmissionError
from evals.spec import EngineSpec

_SOURCES = ("engine", "stored", "run", "published")
_NO_ENGINE = frozenset({"stored", "run", "published", "backfill"})


def baseline_of(request: BaselineRequest | None, candidate: EngineSpec) -> tuple[EngineSpec, BaselineSource | None]:
    """Return the baseline's engine, and its source unless the engine is simply launched.

    Of a stored baseline it is the engine that is launched if nothing is stored, or one of the kind that is looked for.
    Raises InvalidSubmissionError that names the field.
    """
    if request is None:
        return engine_spec(EngineRequest(engine="hf"), inherited=candidate), None
    _check(request)
    if request.engine is not None:
        own = {name: getattr(request, name) for name in request.model_fields_set - _NO_ENGINE}
        return engine_spec(EngineRequest(**own), inherited=candidate), None
    if request.run is not None:
        return candidate, BaselineSource(kind=BaselineKind.RUN, run_id=request.run)
    if request.published is not None:
        value = PublishedValue(**request.published.model_dump())
        return EngineSpec(kind=PUBLISHED_ENGINE), BaselineSource(kind=BaselineKind.PUBLISHED, published=value)
    if request.backfill is None:
        return candidate, BaselineSource(kind=BaselineKind.STORED)
    return engine_spec(request.backfill, inherited=candidate), BaselineSource(kind=BaselineKind.STORED, backfill=True)


def _check(request: BaselineRequest) -> None:
    named = [name for name in _SOURCES if getattr(request, name)]
    if len(named) != 1:
        raise InvalidSubmissionError(
            "a baseline comes from one source" + (f", not from {' and '.join(named)}" if named else ""),
            remedy="give one of engine, stored, run or published",
            field=f"baseline.{named[-1] if named else 'engine'}",
        )
    if request.backfill is not None and not request.stored:
        raise InvalidSubmissionError(
            "backfill says what to launch where nothing is stored",
            remedy='write {"stored": true, "backfill": {...}}, or leave it out',
            field="baseline.backfill",
        )
    alien = sorted(request.model_fields_set - {*_SOURCES, "backfill"})
    if request.engine is None and alien:
        raise InvalidSubmissionError(
            f"{alien[0]} describes an engine, and {named[0]} launches none",
            remedy=f"leave {alien[0]} out, or name an engine",
            field=f"baseline.{alien[0]}",
        )
