"""What a workload may ask of its benchmark: pure rules, applied when it is submitted and again before it runs."""

from __future__ import annotations

from collections.abc import Sequence

from evals.accuracy.definitions import Definition, direct_definitions, require_known
from evals.accuracy.direct_rules import own_scoring, why_not_direct
from evals.accuracy.filters import filters_of
from evals.accuracy.judging import metrics_of
from evals.accuracy.official_judge import COMPANIONS
from evals.errors import InvalidSubmissionError
from evals.metrics import METRICS
from evals.repeats import MAJORITY, PASS_AT_ALL
from evals.sgl_eval.benchmarks import check_workload, is_sgl_eval
from evals.spec import Api, DataSource, Workload
from evals.workload_kinds import check_without_items, has_items, may_stop_early

_LEAST = (("limit", 1), ("repeats", 1), ("concurrency", 1), ("max_tokens", 1), ("few_shot", 0))


def check_settings(workload: Workload) -> None:
    """Refuse settings that make no sense, alone or together; raises InvalidSubmissionError that names the field."""
    if not has_items(workload.benchmark):
        check_without_items(workload)
        return
    if workload.options:
        raise _refused("options", f"{workload.benchmark} takes no options", "leave options out")
    _check_numbers(workload)
    _check_margin(workload)
    _check_together(workload)
    if is_sgl_eval(workload.benchmark):
        check_workload(workload)
        return
    definitions = direct_definitions(workload.benchmark)
    if definitions and not any(why_not_direct(definition) for definition in definitions):
        _check_direct(workload, definitions)
        return
    require_known(workload.benchmark)
    if workload.data is not DataSource.HUB:
        raise _refused("data", f"{workload.benchmark} can only be read from the hub", "set data to hub")


def _check_numbers(workload: Workload) -> None:
    for name, least in _LEAST:
        value = getattr(workload, name)
        if value is not None and value < least:
            raise _refused(name, f"{workload.name} has {name} {value}", f"set {name} to {least} or more")


def _check_together(workload: Workload) -> None:
    """Refuse settings that contradict each other."""
    if workload.repeats > 1 and not workload.temperature:
        raise _refused(
            "repeats",
            f"{workload.name} repeats each question {workload.repeats} times without a temperature",
            "set temperature above 0, or repeats to 1: greedy answers are all the same",
        )
    if workload.revision is not None and workload.data is not DataSource.HUB:
        raise _refused("revision", "a revision is one of the hub's", "leave revision out, or set data to hub")
    if workload.early_stop and not may_stop_early(workload.benchmark):
        raise _refused(
            "early_stop",
            f"{workload.benchmark} asks its items in an order of its own",
            "leave early_stop out, or take the benchmark of the same name that Plumbline runs itself",
        )


def known_metrics(definition: Definition) -> list[str]:
    """Return the metrics of a directly run definition, as "metric,filter", the deciding one first."""
    config = definition.config
    scorer = own_scoring(config).scorer
    if scorer:
        return [f"{name},{rules}" for rules in (scorer, *COMPANIONS[scorer]) for name in ("acc", "acc_official")]
    chosen = config["output_type"] == "multiple_choice"
    filters = ["none"] if chosen else [filter_.name for filter_ in filters_of(config)]
    return [f"{metric['metric']},{name}" for name in filters for metric in metrics_of(config)]


def _check_margin(workload: Workload) -> None:
    metric = METRICS.get(_base_metric(workload))
    if metric is not None and metric.unit == "share" and workload.margin >= 1:
        raise _refused(
            "margin",
            f"every candidate keeps to {workload.name}'s margin of {workload.margin:g}, because its scores are shares",
            "name a share: 0.02 means 2 points",
        )


def _base_metric(workload: Workload) -> str:
    """Return the deciding metric's name without its filter, and of several answers without what is made of them."""
    name, _, _ = workload.metric.partition(",")
    return name.removesuffix(MAJORITY).removesuffix(PASS_AT_ALL) if workload.repeats > 1 else name


def _check_direct(workload: Workload, definitions: Sequence[Definition]) -> None:
    configs = [definition.config for definition in definitions]
    if any("doc_to_image" in config for config in configs):
        if workload.api is not Api.CHAT:
            raise _refused(
                "api", f"{workload.benchmark} shows pictures, which completions cannot carry", "set api to chat"
            )
        if workload.few_shot:
            raise _refused(
                "few_shot",
                f"{workload.benchmark} shows pictures, and worked examples are shown without theirs",
                "set few_shot to 0",
            )
    if workload.api is Api.CHAT and any(config["output_type"] == "multiple_choice" for config in configs):
        raise _refused(
            "api",
            f"{workload.benchmark} compares log-probabilities of choices, which chats do not give",
            "set api to completions, or take its generative form",
        )
    for definition in definitions:
        _check_metric(workload, known_metrics(definition))


def _check_metric(workload: Workload, known: Sequence[str]) -> None:
    _, comma, filter_ = workload.metric.partition(",")
    if workload.metric and f"{_base_metric(workload)}{comma}{filter_}" not in known:
        raise _refused(
            "metric",
            f"{workload.benchmark} has no metric {workload.metric!r}",
            f"use one of {', '.join(known)}",
        )


def _refused(field: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=field)
