"""What kinds of workloads there are: benchmarks with items, parity, serving duels, and an engine's own checks."""

from __future__ import annotations

from dataclasses import fields

from evals.duel.settings import SERVING, is_serving, serving_settings
from evals.engine_checks.settings import engine_check_settings
from evals.errors import InvalidSubmissionError
from evals.parity.settings import PARITY, is_parity, parity_settings
from evals.sgl_eval.benchmarks import is_sgl_eval
from evals.spec import Workload

ENGINE_CHECK = "engine-check"
"""How the benchmark's name of an engine's own check begins ("engine-check/offline"), and its metric."""

_OWN_FIELDS = frozenset({"name", "benchmark", "metric", "options"})


def is_engine_check(benchmark: str) -> bool:
    """Tell whether a workload's benchmark is one of the engine's own checks."""
    return benchmark.startswith(f"{ENGINE_CHECK}/")


def has_items(benchmark: str) -> bool:
    """Tell whether a workload's benchmark asks questions of a dataset and judges each answer."""
    return not is_parity(benchmark) and not is_serving(benchmark) and not is_engine_check(benchmark)


def may_stop_early(benchmark: str) -> bool:
    """Tell whether a workload's items can be asked until pass or fail is certain; sgl-eval asks in its own way."""
    return has_items(benchmark) and not is_sgl_eval(benchmark)


def metric_without_items(benchmark: str) -> str:
    """Return what stands as the metric of a workload that has no items."""
    return PARITY if is_parity(benchmark) else SERVING if is_serving(benchmark) else ENGINE_CHECK


def has_margin(benchmark: str) -> bool:
    """Tell whether a workload has a margin that a submission may set."""
    return has_items(benchmark) or is_serving(benchmark)


def check_without_items(workload: Workload) -> None:
    """Refuse what means nothing to a workload without items; raises InvalidSubmissionError that names the field."""
    plain = Workload(name="", benchmark="", metric="", margin=0.0)
    for field in fields(Workload):
        if field.name == "margin" and has_margin(workload.benchmark):
            continue
        if field.name not in _OWN_FIELDS and getattr(workload, field.name) != getattr(plain, field.name):
            raise InvalidSubmissionError(
                f"{workload.name} takes no {field.name}: {workload.benchmark} has no dataset",
                remedy=f"leave {field.name} out; its own settings are its options",
                field=field.name,
            )
    metric = metric_without_items(workload.benchmark)
    if workload.metric != metric:
        raise InvalidSubmissionError(
            f"{workload.benchmark} has no metric {workload.metric!r}", remedy="leave metric out", field="metric"
        )
    if is_parity(workload.benchmark):
        parity_settings(workload)
    elif is_serving(workload.benchmark):
        _check_margin(workload)
        serving_settings(workload)
    else:
        engine_check_settings(workload)


def _check_margin(workload: Workload) -> None:
    if not 0 < workload.margin < 1:
        raise InvalidSubmissionError(
            f"{workload.name} has a margin of {workload.margin}: even two equal servers never keep to none",
            remedy="say how much slower the candidate may be, as a share: 0.05",
            field="margin",
        )
