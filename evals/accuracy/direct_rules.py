"""Which definitions can be run without lm-eval, and by whose rules their answers are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals.accuracy.definitions import Definition
from evals.accuracy.filters import unknown_steps
from evals.accuracy.judging import Judge, judge_of, unknown_metrics
from evals.accuracy.official_judge import COMPANIONS, official_judge
from evals.accuracy.prompts import PromptForm

_KNOWN = frozenset({
    "task", "task_alias", "tag", "dataset_path", "dataset_name", "dataset_kwargs", "training_split",
    "validation_split", "test_split", "fewshot_split", "fewshot_config", "output_type", "doc_to_text",
    "doc_to_target", "doc_to_choice", "description", "target_delimiter", "fewshot_delimiter", "num_fewshot",
    "generation_kwargs", "metric_list", "filter_list", "repeats", "metadata", "should_decontaminate",
    "doc_to_decontamination_query",
})  # fmt: skip
_OUTPUTS = frozenset({"generate_until", "multiple_choice"})


def why_not_direct(definition: Definition) -> list[str]:
    """Return the settings of a definition that only lm-eval itself can honour; empty when it can be run here."""
    config = definition.config
    own = own_scoring(config)
    ours = {name for name, value in (("doc_to_image", own.pictures), ("process_results", own.scorer)) if value}
    reasons = sorted(set(config) - _KNOWN - ours)
    if config.get("output_type") not in _OUTPUTS or config.get("repeats", 1) != 1:
        return [*reasons, "output_type or repeats"]
    reasons += sorted(set(config.get("fewshot_config") or {}) - {"sampler", "split"})
    judged_elsewhere = set() if own.scorer else unknown_steps(config) | unknown_metrics(config)
    return [*reasons, *sorted(judged_elsewhere)]


@dataclass(frozen=True, kw_only=True)
class OwnScoring:
    """What the functions of our own definitions carry beside what lm-eval calls.

    pictures: an item's image files, in the order of their marks. scorer: the name of the official rules that judge.
    """

    pictures: Any = None
    scorer: str | None = None


def own_scoring(config: Mapping[str, Any]) -> OwnScoring:
    """Return what a definition's functions carry (`doc_to_image.pictures`, `process_results.scorer`)."""
    return OwnScoring(
        pictures=getattr(config.get("doc_to_image"), "pictures", None),
        scorer=getattr(config.get("process_results"), "scorer", None),
    )


def judge_for(definition: Definition, form: PromptForm) -> Judge:
    """Return the judge of a definition: the official rules that it names, or its own filters and metrics."""
    scorer = own_scoring(definition.config).scorer
    return official_judge(scorer, *COMPANIONS[scorer]) if scorer else judge_of(definition.config, form)
