"""All engines that run on a worker's host; a new one is a module beside this one and a line here."""

from __future__ import annotations

from evals.errors import InvalidSubmissionError
from workers.engines.base import Engine
from workers.engines.hf import HuggingFace
from workers.engines.sglang import SGLang

LOCAL_ENGINES: dict[str, Engine] = {engine.kind: engine for engine in (SGLang(), HuggingFace())}


def local_engine(kind: str) -> Engine:
    """Return the engine of this kind; raise InvalidSubmissionError when none is started here."""
    try:
        return LOCAL_ENGINES[kind]
    except KeyError:
        raise InvalidSubmissionError(
            f"No engine {kind!r} is started on a worker's host.",
            remedy=f"Use one of {', '.join(sorted(LOCAL_ENGINES))}.",
            field="kind",
        ) from None
