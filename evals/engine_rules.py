"""What a submission may ask of an engine: pure rules, applied when it is accepted and again by the worker.

check(spec, side="candidate", code_roots=settings.code_roots)    raises InvalidSubmissionError or PolicyError
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from evals.errors import InvalidSubmissionError, PolicyError
from evals.spec import EngineSpec, Scalar

KINDS = ("sglang", "hf", "remote")
DEVICES = ("cpu", "cuda")
DTYPES = ("auto", "float32", "bfloat16", "float16")
CAPABILITIES = ("completions", "chat", "images", "prompt_logprobs", "streaming")

OWN_FIELDS = {
    "device": "device",
    "dtype": "dtype",
    "model": "model.path",
    "model-path": "model.path",
    "revision": "model.revision",
    "json-model-override-args": "architectures",
}
"""Arguments that have a field of their own in a submission."""

CODE_ARGUMENTS = frozenset({"trust-remote-code"})

RESERVED_ARGUMENTS = frozenset(
    {
        "base-gpu-id", "delete-ckpt-after-loading", "disaggregation-mode", "dllm-algorithm",
        "enable-custom-logit-processor", "enable-http-worker-reuseport", "enable-ssl-refresh", "enable-trace",
        "encoder-only", "forward-pass-metrics-ipc-name", "gpu-id-step", "grpc-mode", "help", "hf-token",
        "log-requests-target", "nnodes", "node-rank", "quantize-and-serve", "served-model-name", "smg-grpc-mode",
        "speculative-token-map", "token",
        "trust-request-chat-template", "use-ray", "version", "warmups",
    }
)  # fmt: skip
RESERVED_WORDS = frozenset(
    {
        "addr", "certfile", "certs", "code", "config", "dir", "endpoint", "endpoints", "file", "folder", "hook",
        "hooks", "host", "ip", "key", "keyfile", "loader", "log", "logger", "module", "modules", "package",
        "password", "path", "paths", "plugin", "plugins", "port", "ports", "remote", "script", "server", "sidecar",
        "socket", "url", "urls",
    }
)  # fmt: skip
"""Words in an argument's name that mark addresses, files, secrets and code, in versions still to come too."""

HARMLESS_ARGUMENTS = frozenset(
    {
        "cuda-graph-config", "disaggregation-decode-host-receive-threshold", "hicache-host-memory-fraction",
        "hicache-host-memory-mode", "log-level", "log-level-http", "log-requests", "log-requests-format",
        "log-requests-level", "lora-target-modules", "mamba-max-states-per-path", "media-url-max-file-size-mb",
        "mm-process-config", "skip-server-warmup",
        "speculative-draft-model-path", "tokenizer-path", "weight-loader-disable-mmap",
        "weight-loader-drop-cache-after-load", "weight-loader-prefetch-checkpoints",
        "weight-loader-prefetch-num-threads",
    }
)  # fmt: skip
"""Arguments that contain a reserved word and still name neither an address nor code nor a file to write."""

PARALLELISM = {"tp-size": "tensor-parallel-size", "pp-size": "pipeline-parallel-size", "dp-size": "data-parallel-size"}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def check(
    spec: EngineSpec, *, side: str = "candidate", code_roots: Sequence[Path] = (), trust_remote_code: bool = False
) -> None:
    """Refuse what an engine cannot do and what a submission may not ask for.

    side: "candidate" or "baseline", the field's name in errors. code_roots: the folders from which the operator
    lets engines load packages. Raises InvalidSubmissionError (`details["field"]`) or PolicyError.
    """
    if spec.kind not in KINDS:
        raise _invalid(f"{side}.kind", f"There is no engine {spec.kind!r}.", f"Use one of {', '.join(KINDS)}.")
    if spec.kind == "remote":
        _check_remote(spec, side)
        return
    _check_local(spec, side)
    _check_model_code(spec, side, code_roots)
    for name, value in spec.args.items():
        check_argument(name, value, field=f"{side}.args.{name}", trust_remote_code=trust_remote_code)
    _check_parallelism(spec, side)


def check_argument(name: str, value: Scalar, *, field: str, trust_remote_code: bool = False) -> None:
    """Refuse one command-line argument that a submission may not set."""
    if not _NAME.fullmatch(name):
        raise _invalid(field, f"{name!r} is no argument name.", "Write it in lower case without leading dashes.")
    if name in OWN_FIELDS:
        raise _invalid(field, f"--{name} is set by Plumbline.", f"Use the submission's field {OWN_FIELDS[name]!r}.")
    if name in CODE_ARGUMENTS and trust_remote_code:
        return
    if is_reserved(name):
        raise _invalid(
            field,
            f"A submission may not set --{name}: it concerns addresses, files, secrets or code of the host.",
            "Leave it out; the operator decides about it.",
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise _invalid(field, f"--{name} has the value {value}.", "Give a finite number.")
    if isinstance(value, str) and ("\x00" in value or "\n" in value or "\r" in value):
        raise _invalid(field, f"The value of --{name} contains a control character.", "Write it on one line.")


def is_reserved(name: str) -> bool:
    """Tell whether only Plumbline and the operator may set an engine's argument."""
    if name in HARMLESS_ARGUMENTS:
        return False
    return name in RESERVED_ARGUMENTS or name in CODE_ARGUMENTS or bool(RESERVED_WORDS & set(name.split("-")))


def parallel_size(spec: EngineSpec) -> int:
    """Return how many devices the parallelism arguments ask for (1 when none is set)."""
    size = 1
    for short, long in PARALLELISM.items():
        size *= int(spec.args.get(short, spec.args.get(long, 1)))
    return size


def inside(path: Path, roots: Sequence[Path]) -> bool:
    """Tell whether an absolute path lies in one of the folders, by its letters alone: links are the worker's matter."""
    plain = Path(os.path.normpath(path))
    return plain.is_absolute() and any(plain.is_relative_to(root) for root in roots)


def _check_local(spec: EngineSpec, side: str) -> None:
    if spec.device not in DEVICES:
        raise _invalid(f"{side}.device", f"There is no device {spec.device!r}.", f"Use one of {', '.join(DEVICES)}.")
    if spec.dtype not in DTYPES:
        raise _invalid(f"{side}.dtype", f"There is no dtype {spec.dtype!r}.", f"Use one of {', '.join(DTYPES)}.")
    if spec.device == "cuda" and spec.gpus < 1:
        raise _invalid(f"{side}.gpus", "An engine on device cuda holds at least one GPU.", "Set gpus to 1 or more.")
    if spec.device == "cpu" and spec.gpus != 0:
        raise _invalid(f"{side}.gpus", "An engine on device cpu holds no GPU.", "Set gpus to 0, or device to cuda.")
    if spec.source != "installed":
        raise _invalid(f"{side}.source", f"There is no source {spec.source!r}.", "Use installed.")
    if spec.base_url or spec.served_model or spec.capabilities:
        raise _invalid(
            f"{side}.base_url",
            f"base_url, served_model and capabilities describe a remote engine, not {spec.kind}.",
            "Leave them out, or set kind to remote.",
        )


def _check_model_code(spec: EngineSpec, side: str, code_roots: Sequence[Path]) -> None:
    if spec.kind != "sglang" and (spec.external_package or spec.architectures):
        raise _invalid(
            f"{side}.external_package",
            f"Engine {spec.kind} loads no external model package.",
            "Leave out external_package and architectures, or set kind to sglang.",
        )
    for name in spec.architectures:
        if not name.isidentifier():
            raise _invalid(f"{side}.architectures", f"{name!r} is no class name.", "Name the model classes.")
    if spec.external_package is None:
        return
    package = Path(spec.external_package)
    if not package.name.isidentifier():
        raise _invalid(f"{side}.external_package", f"{package.name!r} is no package name.", "Name a package's folder.")
    if not inside(package, code_roots):
        raise PolicyError(
            f"{package} lies in no folder whose code a submission may load.",
            remedy="Ask the operator to add its parent folder to PLUMBLINE_EXTERNAL_CODE_ROOTS, or move it there.",
            field=f"{side}.external_package",
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
    if spec.args or spec.external_package or spec.architectures or spec.gpus:
        raise _invalid(
            f"{side}.args",
            "A remote engine is already running: it takes no arguments, packages or GPUs of this host.",
            "Leave out args, external_package, architectures and gpus.",
        )
    address = urlsplit(spec.base_url or "")
    if address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
        raise _invalid(
            f"{side}.base_url", f"{spec.base_url!r} is no server's address.", "Write http://host:port or https://host."
        )
    if address.username is not None or address.password is not None:
        raise _invalid(
            f"{side}.base_url",
            "The address contains a password, which would be stored and shown.",
            "Remove it; the operator names keys for remote engines in remotes.toml.",
        )
    if _is_link_local(address):
        raise PolicyError(
            f"{address.hostname} is an address of the host's own infrastructure.",
            remedy="Name the server that runs the engine.",
            field=f"{side}.base_url",
        )
    unknown = sorted(set(spec.capabilities) - set(CAPABILITIES))
    if unknown:
        raise _invalid(
            f"{side}.capabilities",
            f"There is no capability {unknown[0]!r}.",
            f"Use some of {', '.join(CAPABILITIES)}.",
        )


def _is_link_local(address: SplitResult) -> bool:
    try:
        return ipaddress.ip_address(address.hostname or "").is_link_local
    except ValueError:
        return False


def _invalid(field: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=field)
