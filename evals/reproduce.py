"""Write a submission as the command that makes it again."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields
from typing import Any

from evals.code_sources import INSTALLED
from evals.spec import EngineSpec, Scalar, Submission, Workload
from evals.workload_kinds import has_items, has_margin


def submit_command(submission: Submission) -> str:
    """Return the `plumbline submit` command line for a submission, quoted for a shell."""
    candidate, baseline = submission.candidate, submission.baseline
    words = ["plumbline", "submit", "--model", submission.model.path]
    if submission.model.revision:
        words += ["--revision", submission.model.revision]
    words += ["--engine", candidate.kind, "--baseline", _baseline_word(submission)]
    words += _what_words(submission)
    words += _shared_words(baseline if candidate.kind == "remote" else candidate)
    words += _candidate_words(candidate)
    words += _side_words(candidate, args="engine-arg", url="engine-url", source="engine-source", prefix="")
    if submission.launches_baseline:
        words += _side_words(
            baseline, args="baseline-arg", url="baseline-url", source="baseline-source", prefix="baseline-"
        )
    if submission.limit is not None:
        words += ["--limit", str(submission.limit)]
    if submission.early_stop:
        words.append("--early-stop")
    if not submission.use_cache:
        words.append("--no-cache")
    return shlex.join([*words, "--wait"])


def _baseline_word(submission: Submission) -> str:
    """Return what stands behind --baseline: an engine, the run whose answers were stored, or a published value."""
    source = submission.baseline_from
    if source is None or source.is_launched:
        return submission.baseline.kind
    if source.published is not None:
        value = source.published
        sure = f"/{value.n}" if value.n is not None else f"+-{value.stderr!r}"
        return f"published:{value.value!r}{sure}" + (f",{value.source}" if value.source else "")
    runs = {result.run_id for result in source.results}
    return f"run:{runs.pop()}" if len(runs) == 1 else "stored"


def _what_words(submission: Submission) -> list[str]:
    if not submission.workloads:
        return ["--suite", submission.suite]
    return [f"--workload={json.dumps(_changed(workload), sort_keys=True)}" for workload in submission.workloads]


def _changed(workload: Workload) -> dict[str, Any]:
    """Return a workload's settings that are not what they are by default."""
    implied = {"metric": not has_items(workload.benchmark), "margin": not has_margin(workload.benchmark)}
    values = {field.name: (getattr(workload, field.name), field.default) for field in fields(workload)}
    changed = {name: value for name, (value, default) in values.items() if value != default and value != {}}
    return {name: value for name, value in changed.items() if not implied.get(name)}


def _shared_words(engine: EngineSpec) -> list[str]:
    words = []
    if engine.dtype != "auto":
        words += ["--dtype", engine.dtype]
    if engine.device != "cpu":
        words += ["--device", engine.device]
    return words


def _candidate_words(engine: EngineSpec) -> list[str]:
    words = []
    if engine.gpus:
        words += ["--gpus", str(engine.gpus)]
    if engine.external_package is not None:
        words += ["--external-package", engine.external_package]
    if engine.external_processor is not None:
        words.append("--external-processor" if engine.external_processor else "--no-external-processor")
    if engine.architectures:
        words += ["--architectures", ",".join(engine.architectures)]
    return words


def _side_words(engine: EngineSpec, *, args: str, url: str, source: str, prefix: str) -> list[str]:
    words = [f"--{args}={name}={_text(value)}" for name, value in engine.args.items()]
    if engine.source != INSTALLED:
        words += [f"--{source}", engine.source]
    if engine.base_url is not None:
        words += [f"--{url}", engine.base_url]
    if engine.served_model is not None:
        words += [f"--{prefix}served-model", engine.served_model]
    for capability in engine.capabilities:
        words += [f"--{prefix}capability", capability]
    return words


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else json.dumps(value)
