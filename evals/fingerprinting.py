"""Make a side's fingerprint of a workload out of what was asked for and what its job noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.code_sources import INSTALLED
from evals.fingerprint import Fingerprint
from evals.lineage import Lineage
from evals.spec import Api, EngineSpec, ModelSpec, Workload
from evals.workload_kinds import has_items

_VERSION_OF = {"hf": "transformers"}
_OWN = "the task's own"

_DATASET = ("dataset", "dataset_revision", "dataset_fingerprint", "items_sha256", "worked_examples_sha256")
_SCORER = ("harness", "task_version", "nemo_skills")
_ITEMS = ("items", "skipped_items")
_SAMPLING = ("max_tokens", "temperature", "top_p", "top_k", "min_p")

_WITHOUT_EFFECT = frozenset(
    {"log-level", "log-level-http", "log-requests", "log-requests-format", "log-requests-level", "skip-server-warmup"}
)
"""Arguments of engines that change what they write about themselves, not what they answer or how fast."""


def fingerprint_of(
    model: ModelSpec, engine: EngineSpec, workload: Workload, facts: Mapping[str, Any], found: Mapping[str, Any]
) -> Fingerprint:
    """Return one side's fingerprint; facts: what its job noted of model, engine and host; found: of the workload."""
    versions = facts.get("versions", {})
    asks = has_items(workload.benchmark)
    return Fingerprint(
        model=model_name(model),
        weights=facts.get("model_files"),
        engine=engine.kind,
        engine_version=versions.get(_VERSION_OF.get(engine.kind, "sglang")),
        source=_source(engine, facts),
        dtype=next((dtype for dtype in (facts.get("dtype"), engine.dtype) if dtype not in (None, "auto")), None),
        benchmark=workload.benchmark,
        hardware=None if engine.kind == "remote" else facts.get("hardware_class") or facts.get("hardware"),
        driver=facts.get("driver"),
        client=facts.get("client_version"),
        arguments=_arguments(engine, facts),
        dataset=_named(_DATASET, found) | ({"data": workload.data.value} if asks else {}),
        prompts=_prompts(workload, facts, found) if asks else {},
        sampling=_sampling(workload, found) if asks else {},
        scorer=_named(_SCORER, found) | ({"think_end": workload.think_end} if workload.think_end else {}),
        items=_named(_ITEMS, found),
        load={} if asks else {name: str(value) for name, value in workload.options.items()},
    )


def lineage_of(model: ModelSpec, workload: Workload, engine: str, hardware: str | None) -> Lineage:
    """Return the lineage to which a result belongs; the hardware that nobody knows is a class of its own."""
    return Lineage(
        model=model_name(model),
        workload=workload_key(workload),
        engine=engine,
        hardware=hardware or "unknown",
    )


def model_name(model: ModelSpec) -> str:
    """Return a model as submitted, with its revision: "Qwen/Qwen3-0.6B@main"."""
    return model.path + (f"@{model.revision}" if model.revision else "")


def workload_key(workload: Workload) -> str:
    """Return a workload's name and the beginning of its fingerprint: "gsm8k@0123456789ab"."""
    return f"{workload.name}@{workload.fingerprint()[:12]}"


def _source(engine: EngineSpec, facts: Mapping[str, Any]) -> str | None:
    if engine.kind == "remote":
        return None
    found: str | None = facts.get("source_commit") or facts.get("source_sha256")
    return found or (INSTALLED if engine.source == INSTALLED else None)


def _arguments(engine: EngineSpec, facts: Mapping[str, Any]) -> dict[str, str]:
    given = {name: str(value) for name, value in engine.args.items() if name not in _WITHOUT_EFFECT}
    if engine.architectures:
        given["architectures"] = ",".join(engine.architectures)
    if engine.external_package is not None:
        given["external-package"] = str(facts.get("external_package_sha256", engine.external_package))
    return given


def _named(names: tuple[str, ...], found: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(found[name]) for name in names if found.get(name) is not None}


def _prompts(workload: Workload, facts: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, str]:
    prompts = {"api": workload.api.value, **_named(("prompts_sha256", "few_shot"), found)}
    if workload.chat_template_args:
        prompts["chat_template_args"] = str(dict(sorted(workload.chat_template_args.items())))
    if workload.api is Api.CHAT:
        prompts |= _named(("chat_template_sha256",), facts)
    return prompts


def _sampling(workload: Workload, found: Mapping[str, Any]) -> dict[str, str]:
    """Return with what texts were asked for: as the requests said it, else as the workload does."""
    asked = {name: found.get(name, getattr(workload, name)) for name in _SAMPLING}
    asked |= {"seed": workload.seed, "repeats": workload.repeats}
    told = {name: _OWN if value is None else str(value) for name, value in asked.items()}
    return told | _named(("stop", "generation"), found)
