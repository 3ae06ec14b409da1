"""Build the JSON body of a submission from what the options of `plumbline submit` say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.options import engine_arguments
from evals.errors import InvalidSubmissionError
from evals.workload_kinds import has_items


@dataclass(frozen=True, kw_only=True)
class Side:
    """Hold what the options say of one engine; None where they say nothing.

    arguments: `key=value` texts, given with the option `--{arguments_option}`. architectures: separated by commas.
    """

    engine: str
    arguments_option: str
    arguments: list[str] | None = None
    url: str | None = None
    served_model: str | None = None
    capabilities: list[str] | None = None
    gpus: int | None = None
    source: str | None = None
    external_package: str | None = None
    external_processor: bool | None = None
    architectures: str | None = None

    def body(self, shared: dict[str, Any]) -> dict[str, Any]:
        """Return the engine's JSON form; shared: the options of both engines, which a remote one has no use for."""
        own = {
            "engine": self.engine,
            "args": engine_arguments(self.arguments or [], f"--{self.arguments_option}"),
            "gpus": self.gpus,
            "source": _absolute(self.source, "wheel:"),
            "external_package": _absolute(self.external_package, ""),
            "external_processor": self.external_processor,
            "architectures": [name.strip() for name in self.architectures.split(",")] if self.architectures else None,
            "base_url": self.url,
            "served_model": self.served_model,
            "capabilities": self.capabilities or None,
        }
        return given(own if self.engine == "remote" else own | shared)


def _absolute(text: str | None, prefix: str) -> str | None:
    """Return a text whose path, behind the prefix, is absolute; other texts, such as addresses, as they are."""
    if text is None or not text.startswith(prefix) or text.startswith("git+"):
        return text
    return prefix + str(Path(text.removeprefix(prefix)).expanduser().resolve())


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def what_to_measure(
    suite: str | None, benchmarks: list[str], settings: list[str], workloads: list[str]
) -> dict[str, Any]:
    """Return the part of a submission that says what is measured: a suite, or workloads.

    settings: `key=value` texts for all benchmarks; those without a dataset take them as their options. workloads:
    JSON texts. Raises InvalidSubmissionError for settings that have nothing to apply to, and for a text that is no
    JSON object.
    """
    if settings and not benchmarks:
        raise InvalidSubmissionError("--set changes no suite", remedy="name what to measure with --benchmark")
    if not benchmarks and not workloads:
        return {"suite": suite or "demo"}
    chosen = {name.replace("-", "_"): value for name, value in engine_arguments(settings, "--set").items()}
    named = [_named(benchmark, chosen) for benchmark in benchmarks]
    return given({"suite": suite, "workloads": [*named, *(_workload(text) for text in workloads)]})


def _named(benchmark: str, settings: dict[str, Any]) -> dict[str, Any]:
    if has_items(benchmark) or not settings:
        return {"benchmark": benchmark, **settings}
    return {"benchmark": benchmark, "options": settings}


def _workload(text: str) -> dict[str, Any]:
    try:
        workload = json.loads(text)
    except ValueError:
        workload = None
    if not isinstance(workload, dict):
        raise InvalidSubmissionError(
            f"--workload {text!r} is no JSON object", remedy='write --workload \'{"benchmark": "arc_easy"}\''
        )
    return workload
