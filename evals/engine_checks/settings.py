"""The engine checks' names and options, read out of a workload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from evals.errors import InvalidSubmissionError
from evals.spec import Scalar, Workload

ONE_BATCH = "engine-check/one-batch"
UNITTEST = "engine-check/unittest"
OFFLINE = "engine-check/offline"

MODEL_TYPES = ("auto", "text", "vlm")
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    ONE_BATCH: ("timeout_s",),
    UNITTEST: ("timeout_s", "test", "only_run"),
    OFFLINE: ("timeout_s", "model_type", "max_tokens"),
}
_TEST = re.compile(r"test_\w+(\.\w+){0,2}")
_NO_PICTURES = f"it takes no pictures: name {OFFLINE} with model_type vlm for those"
_LONGEST_S = 6 * 3600
_MOST_TOKENS = 1024


@dataclass(frozen=True, kw_only=True)
class EngineCheckSettings:
    """Say how a check is run.

    timeout_s: after which it is ended. model_type: "vlm" puts prompts with pictures too, and decides nothing without
    them; "auto" puts them to models that take them. max_tokens: how many greedy tokens are compared. test: module,
    class and method of one of SGLang's unittests. only_run: the model that the test is to pick from its list, as that
    list spells it; None takes the job's model.
    """

    timeout_s: float = 1800.0
    model_type: str = "auto"
    max_tokens: int = 32
    test: str = "test_generation_models.TestGenerationModels.test_others"
    only_run: str | None = None


def engine_check_settings(workload: Workload) -> EngineCheckSettings:
    """Return a check's settings; raise InvalidSubmissionError for an unknown check, option or value."""
    known = _OPTIONS.get(workload.benchmark)
    if known is None:
        raise _invalid("benchmark", f"there is no engine check {workload.benchmark!r}", f"use {', '.join(_OPTIONS)}")
    for name, value in workload.options.items():
        if name not in known:
            more = f"; {_NO_PICTURES}" if (workload.benchmark, name) == (ONE_BATCH, "model_type") else ""
            remedy = f"use some of {', '.join(known)}{more}"
            raise _invalid("options", f"{workload.benchmark} has no option {name!r}", remedy)
        _check(name, value)
    return EngineCheckSettings(**workload.options)  # type: ignore[arg-type]  # checked just now


def _check(name: str, value: Scalar) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "timeout_s":
            fits, wanted = number and 0 < float(value) <= _LONGEST_S, f"seconds up to {_LONGEST_S:,}"
        case "max_tokens":
            fits, wanted = number and isinstance(value, int) and 0 < value <= _MOST_TOKENS, f"1 to {_MOST_TOKENS:,}"
        case "model_type":
            fits, wanted = value in MODEL_TYPES, " or ".join(MODEL_TYPES)
        case "test":
            fits, wanted = isinstance(value, str) and bool(_TEST.fullmatch(value)), "test_module.Class.test_method"
        case _:
            fits, wanted = isinstance(value, str) and value.isprintable() and bool(value), "a model's name"
    if not fits:
        raise _invalid("options", f"the option {name} is {value!r}", f"give {wanted}")


def _invalid(field: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=field)
