"""The benchmarks that sgl-eval answers for, and the settings that it has for them."""

from __future__ import annotations

from dataclasses import dataclass

from evals.errors import InvalidSubmissionError
from evals.spec import Workload

PREFIX = "sgl-eval/"


@dataclass(frozen=True, kw_only=True)
class SglEvalBenchmark:
    """Name one of sgl-eval's benchmarks.

    name: sgl-eval's own. metric: ours, as "metric,filter". has_pictures: whether the model must see.
    """

    name: str
    metric: str
    has_pictures: bool = False


_MATH, _CHOICE = "exact_match,sgl-eval", "acc,sgl-eval"

BENCHMARKS = {
    f"{PREFIX}{benchmark.name}": benchmark
    for benchmark in (
        SglEvalBenchmark(name="gsm8k", metric=_MATH),
        SglEvalBenchmark(name="mmlu", metric=_CHOICE),
        SglEvalBenchmark(name="mmmu_pro", metric=_CHOICE, has_pictures=True),
        SglEvalBenchmark(name="mmmu_pro_vision", metric=_CHOICE, has_pictures=True),
    )
}

_ABSENT = {
    "few_shot": "it asks without examples",
    "top_k": "it leaves top_k to the model",
    "min_p": "it always sends min_p 0",
    "think_end": "it judges what the server calls the answer",
}
"""Settings of a workload that sgl-eval has no counterpart for."""


def is_sgl_eval(benchmark: str) -> bool:
    """Tell whether a benchmark's name asks for sgl-eval."""
    return benchmark.startswith(PREFIX)


def sgl_eval_benchmark(benchmark: str) -> SglEvalBenchmark:
    """Return the benchmark of a name such as "sgl-eval/gsm8k"; raise InvalidSubmissionError."""
    try:
        return BENCHMARKS[benchmark]
    except KeyError:
        raise InvalidSubmissionError(
            f"sgl-eval's benchmark {benchmark!r} is not known here",
            remedy=f"the benchmarks are: {', '.join(BENCHMARKS)}",
            field="benchmark",
        ) from None


def check_workload(workload: Workload) -> SglEvalBenchmark:
    """Return a workload's benchmark; raise InvalidSubmissionError for what sgl-eval cannot do."""
    benchmark = sgl_eval_benchmark(workload.benchmark)
    for name, reason in _ABSENT.items():
        if getattr(workload, name) is not None:
            raise InvalidSubmissionError(
                f"{workload.benchmark} takes no {name}: {reason}", remedy=f"leave {name} out", field=name
            )
    for key in workload.chat_template_args:
        if not key or "=" in key or key != key.strip():
            raise InvalidSubmissionError(
                f"{key!r} cannot be handed to sgl-eval as a name",
                remedy="use names without '=' and without spaces around them",
                field="chat_template_args",
            )
    return benchmark
