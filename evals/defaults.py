"""What a workload is when a client names little more than its benchmark."""

from __future__ import annotations

from dataclasses import replace

from evals.accuracy.definitions import direct_definitions, require_known
from evals.accuracy.direct_rules import why_not_direct
from evals.accuracy.settings_rules import known_metrics
from evals.duel.settings import is_serving
from evals.errors import InvalidSubmissionError
from evals.modalities import shows_pictures
from evals.sgl_eval.benchmarks import check_workload, is_sgl_eval
from evals.spec import Api, Workload
from evals.workload_kinds import has_items, metric_without_items

SERVING_MARGIN = 0.05
"""How much slower a candidate may be where nobody says it: two equal servers need a margin to be found equal."""


def completed(workload: Workload) -> Workload:
    """Return a workload with the deciding metric, endpoint and margin that its benchmark implies, where it names none.

    Raises InvalidSubmissionError for an unknown benchmark, and for one whose metric must be named.
    """
    if not has_items(workload.benchmark):
        margin = SERVING_MARGIN if is_serving(workload.benchmark) and not workload.margin else workload.margin
        return replace(workload, metric=workload.metric or metric_without_items(workload.benchmark), margin=margin)
    if is_sgl_eval(workload.benchmark):
        implied = check_workload(workload).metric
    else:
        require_known(workload.benchmark)
        implied = workload.metric or _default_metric(workload.benchmark)
    chats = is_sgl_eval(workload.benchmark) or shows_pictures(workload.benchmark)
    api = Api.CHAT if chats else workload.api
    return replace(workload, metric=workload.metric or implied, api=api)


def _default_metric(benchmark: str) -> str:
    """Return the metric that decides a known benchmark: the first that its definition names."""
    definitions = direct_definitions(benchmark)
    if definitions is None or any(why_not_direct(definition) for definition in definitions):
        raise InvalidSubmissionError(
            f"{benchmark} does not say which of its metrics decides",
            remedy='name it as lm-eval prints it: "metric,filter", for instance "acc,none"',
            field="metric",
        )
    return known_metrics(definitions[0])[0]
