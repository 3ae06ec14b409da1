"""The causes of death that engines name in their logs, each with the error that explains it.

Lines as SGLang 0.5.23, transformers 5.19, argparse and torch write them; hf_server ends with its error's class name.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from evals.errors import (
    ArchitectureError,
    EngineArgumentError,
    EngineNotInstalledError,
    ModelBrokenError,
    ModelNotFoundError,
    OutOfMemoryError,
    PlumblineError,
    PortTakenError,
)
from workers.engines.options import nearest, unknown_option

Explain = Callable[[str, re.Match[str], frozenset[str]], PlumblineError]

MEMORY_REMEDY = "Use a host with more memory, a smaller model, or fewer tokens in the KV cache (max-total-tokens)."
BIND_ERROR = re.compile(r"address already in use|\bPortInUse\b", re.IGNORECASE)
LONGEST = 400
PASSED_OVER = re.compile(
    r"Ignore import error when loading (?!sglang\.)(?P<module>[\w.]+): (?P<problem>.+)"
    r"(?=[\s\S]*(?:is not a registered model|are not supported|No processor registered))"
)


def unknown_argument(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain argparse's "unrecognized arguments"."""
    return unknown_option(engine, match["argument"], options)


def refused_value(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a value that argparse does not take."""
    return EngineArgumentError(
        f"{engine} refuses the value of --{match['argument']}: {said(match['problem'])}",
        remedy=f"Change the value of {match['argument']!r} in the submission's args.",
        argument=match["argument"],
    )


def refused_arguments(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain arguments that do not go together, or that the engine refuses in other words."""
    named = re.search(r"--([a-z][a-z0-9-]+)", match["problem"])
    guess = nearest(named[1], options) if named else None
    is_typo = named is not None and guess is not None and guess != named[1]
    return EngineArgumentError(
        f"{engine} refuses its arguments: {said(match['problem'])}",
        remedy=f"Did you mean --{guess}?" if is_typo else "Change the submission's args.",
        argument=named[1] if named else None,
    )


def unknown_architecture(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a model class that the engine does not have."""
    return ArchitectureError(
        f"{engine} has no implementation of the model's architecture: {said(match['name'])}.",
        remedy="Use an engine version that has it, or name a package that implements it as external_package.",
        architecture=match["name"],
    )


def broken_package(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a module of an external package that the engine passed over, and the class that is missing for it."""
    return ArchitectureError(
        f"{engine} could not import {match['module']} of the external package: {said(match['problem'])}",
        remedy="Mend the module; the engine passes over modules that do not import.",
        module=match["module"],
    )


def missing_processor(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a multimodal model class without a processor."""
    return ArchitectureError(
        f"{engine} has no multimodal processor for the model's architecture: {said(match['name'])}.",
        remedy="Add a subclass of BaseMultimodalProcessor to the external package that names the class in `models`.",
        architecture=match["name"],
    )


def broken_model(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a config or weights that cannot be read."""
    return ModelBrokenError(
        f"{engine} cannot load the model: {said(match[0])}",
        remedy="Copy the model again from where it came from; config.json and the weights must belong together.",
    )


def missing_model(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a path or hub name that leads to no model."""
    return ModelNotFoundError(
        f"{engine} finds no such model: {said(match[0])}",
        remedy="Name a folder on the worker's host, or download the hub model there first (HF_HOME, HF_HUB_OFFLINE).",
    )


def port_taken(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a port that somebody else listens on."""
    return PortTakenError(f"{engine} found its port taken by another process.", remedy="Run the job again.")


def device_memory(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a GPU whose memory is used up."""
    return OutOfMemoryError(
        f"{engine} ran out of GPU memory: {said(match[0])}",
        remedy="Give the job more GPUs, change mem-fraction-static, or see what else uses the GPU.",
    )


def host_memory(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain a host whose memory is used up."""
    return OutOfMemoryError(f"{engine} ran out of the host's memory: {said(match[0])}", remedy=MEMORY_REMEDY)


def broken_environment(engine: str, match: re.Match[str], options: frozenset[str]) -> PlumblineError:
    """Explain an engine environment from which a package has gone."""
    return EngineNotInstalledError(
        f"The environment of {engine} is not whole: {said(match[0])}",
        remedy=f"On its host run `plumbline engines remove {engine}`, then `plumbline engines install {engine}`.",
    )


def said(text: str) -> str:
    """Return an engine's words on one line of bearable length."""
    return " ".join(text.split())[:LONGEST]


def lines_with(*phrases: str) -> re.Pattern[str]:
    """Return the pattern of whole lines that contain one of these regular expressions."""
    return re.compile(rf"^.*(?:{'|'.join(phrases)}).*$", re.MULTILINE)


CAUSES: tuple[tuple[re.Pattern[str], Explain], ...] = (
    (re.compile(r"unrecognized arguments: --(?P<argument>[\w-]+)"), unknown_argument),
    (re.compile(r"argument (?:-\w, )?--(?P<argument>[\w-]+)[^:\n]*: (?P<problem>.+)"), refused_value),
    (re.compile(r"^(?:[\w.]+: )?(?:[\w. ]+: error|BadArgument): (?P<problem>.+)", re.MULTILINE), refused_arguments),
    (BIND_ERROR, port_taken),
    (
        lines_with("CUDA out of memory", "CUDA error: out of memory", r"torch\.(?:cuda\.)?OutOfMemoryError"),
        device_memory,
    ),
    (lines_with(r"Not enough memory\. Please try"), device_memory),
    (
        lines_with("DefaultCPUAllocator", "Cannot allocate memory", r"\bMemoryError\b", "hf_server: OutOfMemory"),
        host_memory,
    ),
    (PASSED_OVER, broken_package),
    (re.compile(r"No processor registered for architecture: \['(?P<name>\w+)'"), missing_processor),
    (re.compile(r"'(?P<name>\w+)' is not a registered model"), unknown_architecture),
    (re.compile(r"has model type `(?P<name>[^`]+)` but Transformers does not recognize"), unknown_architecture),
    (re.compile(r"hf_server: UnsupportedArchitecture: (?P<name>.+)"), unknown_architecture),
    (re.compile(r"Model architectures? \[?'?(?P<name>\w+)'?\]? (?:is|are) not supported"), unknown_architecture),
    (lines_with("SafetensorError:", r"config\S* .*is not a valid JSON file", "size mismatch for"), broken_model),
    (lines_with("couldn't find them in the cached files", "is not a valid model identifier"), missing_model),
    (lines_with("hf_server: ModelNotFound"), missing_model),
    (lines_with("a package is missing in this environment"), broken_environment),
)
