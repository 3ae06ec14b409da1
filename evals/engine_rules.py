"""What a submission may ask of an engine: pure rules, applied when it is accepted and again by the worker.

check(spec, side="candidate", code_roots=settings.code_roots, repositories=settings.repositories)

raises InvalidSubmissionError or PolicyError.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evals.argument_rules import check_argument
from evals.code_rules import check_model_code, check_source
from evals.code_sources import INSTALLED
from evals.errors import InvalidSubmissionError
from evals.server_addresses import check_server_address
from evals.spec import EngineSpec

KINDS = ("sglang", "hf", "remote")
DEVICES = ("cpu", "cuda")
DTYPES = ("auto", "float32", "bfloat16", "float16")
CAPABILITIES = ("completions", "chat", "images", "prompt_logprobs", "streaming")

PARALLELISM = {"tp-size": "tensor-parallel-size", "pp-size": "pipeline-parallel-size", "dp-size": "data-parallel-size"}


def check(
    spec: EngineSpec,
    *,
    side: str = "candidate",
    code_roots: Sequence[Path] = (),
    repositories: Sequence[str] = (),
    trust_remote_code: bool = False,
) -> None:
    """Refuse what an engine cannot do and what a submission may not ask for.

    side: "candidate" or "baseline", the field's name in errors. code_roots: the folders from which the operator lets
    engines load packages and wheels; repositories: what submitted code may be fetched from. Raises
    InvalidSubmissionError (`details["field"]`) or PolicyError.
    """
    if spec.kind not in KINDS:
        raise _invalid(f"{side}.kind", f"There is no engine {spec.kind!r}.", f"Use one of {', '.join(KINDS)}.")
    if spec.kind == "remote":
        _check_remote(spec, side)
        return
    _check_local(spec, side)
    check_source(spec, side=side, code_roots=code_roots, repositories=repositories)
    check_model_code(spec, side=side, code_roots=code_roots, repositories=repositories)
    for name, value in spec.args.items():
        check_argument(name, value, field=f"{side}.args.{name}", trust_remote_code=trust_remote_code)
    _check_parallelism(spec, side)


def parallel_size(spec: EngineSpec) -> int:
    """Return how many devices the parallelism arguments ask for (1 when none is set)."""
    size = 1
    for short, long in PARALLELISM.items():
        size *= int(spec.args.get(short, spec.args.get(long, 1)))
    return size


def _check_local(spec: EngineSpec, side: str) -> None:
    if spec.device not in DEVICES:
        raise _invalid(f"{side}.device", f"There is no device {spec.device!r}.", f"Use one of {', '.join(DEVICES)}.")
    if spec.dtype not in DTYPES:
        raise _invalid(f"{side}.dtype", f"There is no dtype {spec.dtype!r}.", f"Use one of {', '.join(DTYPES)}.")
    if spec.device == "cuda" and spec.gpus < 1:
        raise _invalid(f"{side}.gpus", "An engine on device cuda holds at least one GPU.", "Set gpus to 1 or more.")
    if spec.device == "cpu" and spec.gpus != 0:
        raise _invalid(f"{side}.gpus", "An engine on device cpu holds no GPU.", "Set gpus to 0, or device to cuda.")
    if spec.base_url or spec.served_model or spec.capabilities:
        raise _invalid(
            f"{side}.base_url",
            f"base_url, served_model and capabilities describe a remote engine, not {spec.kind}.",
            "Leave them out, or set kind to remote.",
        )


def _check_parallelism(spec: EngineSpec, side: str) -> None:
    for names in PARALLELISM.items():
        for name in names:
            value = spec.args.get(name, 1)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise _invalid(f"{side}.args.{name}", f"--{name} is {value!r}.", "Give a whole number from 1.")
    size = parallel_size(spec)
    if spec.device == "cuda" and size > spec.gpus:
        raise _invalid(
            f"{side}.gpus", f"The arguments need {size} GPUs and the job holds {spec.gpus}.", f"Set gpus to {size}."
        )


def _check_remote(spec: EngineSpec, side: str) -> None:
    ours = {
        "args": spec.args,
        "source": spec.source != INSTALLED,
        "external_package": spec.external_package,
        "architectures": spec.architectures,
        "gpus": spec.gpus,
        "device": spec.device != "cpu",
    }
    for field, is_set in ours.items():
        if is_set:
            raise _invalid(
                f"{side}.{field}",
                "A remote engine is already running: it takes no arguments, packages, device or GPUs of this host.",
                f"Leave out {field}, or set kind to an engine that is started here.",
            )
    check_server_address(spec.base_url or "", field=f"{side}.base_url")
    unknown = sorted(set(spec.capabilities) - set(CAPABILITIES))
    if unknown:
        raise _invalid(
            f"{side}.capabilities",
            f"There is no capability {unknown[0]!r}.",
            f"Use some of {', '.join(CAPABILITIES)}.",
        )


def _invalid(field: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=field)
