"""Which of an engine's own command-line arguments a submission may set: all that neither reach the host nor the prompt.

Engines read their command line with argparse, which takes any unambiguous beginning of an option for the option.
"""

from __future__ import annotations

import math
import re

from evals.errors import InvalidSubmissionError
from evals.spec import Scalar

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

PROMPT_ARGUMENTS = frozenset(
    {
        "chat-template", "completion-template", "default-chat-template-kwargs", "hf-chat-template-name",
        "tokenizer-path", "trust-request-chat-template",
    }
)  # fmt: skip
"""Arguments that would give one side of a comparison another prompt, some of them out of the host's files."""

RESERVED_ARGUMENTS = PROMPT_ARGUMENTS | frozenset(
    {
        "base-gpu-id", "delete-ckpt-after-loading", "disaggregation-mode", "dllm-algorithm",
        "enable-custom-logit-processor", "enable-http-worker-reuseport", "enable-ssl-refresh", "enable-trace",
        "encoder-only", "forward-pass-metrics-ipc-name", "gpu-id-step", "grpc-mode", "help", "hf-token",
        "init-expert-location", "log-requests-target", "nnodes", "node-rank", "quantize-and-serve",
        "served-model-name", "smg-grpc-mode", "speculative-token-map", "token", "use-ray", "version", "warmups",
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

WORDED_ARGUMENTS = frozenset(
    {
        "admin-api-key", "api-key", "config", "crash-dump-folder", "custom-weight-loader",
        "debug-tensor-dump-input-file", "debug-tensor-dump-output-folder", "decrypted-config-file",
        "decrypted-draft-config-file", "dist-init-addr", "download-dir", "encoder-urls", "export-metrics-to-file-dir",
        "fastapi-root-path", "file-storage-path", "forward-hooks", "grpc-port", "hicache-storage-backend-extra-config",
        "host", "kt-weight-path", "kv-events-config", "lmcache-config-file", "lora-paths", "model-config-parser",
        "model-loader-extra-config", "modelopt-checkpoint-restore-path", "modelopt-checkpoint-save-path",
        "modelopt-export-path", "msprobe-dump-config", "nccl-init-addr", "nccl-port", "otlp-traces-endpoint",
        "pdmux-config-path", "ple-offload-dir", "port", "quantization-param-path", "radix-eviction-policy-config",
        "remote-instance-weight-loader-backend", "sidecar-args", "spec-trace-dir", "speculative-adaptive-config",
        "speculative-ngram-external-corpus-path", "ssl-ca-certs", "ssl-certfile", "ssl-keyfile-password",
        "tool-server", "trace-modules", "uno-lora-path", "weight-cache-socket",
    }
)  # fmt: skip
"""Options of SGLang 0.5.23 and of hf_server with such words; their abbreviations need not contain one."""

HARMLESS_ARGUMENTS = frozenset(
    {
        "cuda-graph-config", "disaggregation-decode-host-receive-threshold", "hicache-host-memory-fraction",
        "hicache-host-memory-mode", "hicache-storage-backend", "log-level", "log-level-http", "log-requests",
        "log-requests-format", "log-requests-level", "lora-target-modules", "mamba-max-states-per-path",
        "media-url-max-file-size-mb", "mm-process-config", "quantization", "radix-eviction-policy",
        "skip-server-warmup", "speculative-adaptive", "speculative-draft-model-path", "weight-loader-disable-mmap",
        "weight-loader-drop-cache-after-load", "weight-loader-prefetch-checkpoints",
        "weight-loader-prefetch-num-threads",
    }
)  # fmt: skip
"""Arguments that contain a reserved word or begin a reserved name, and still name no address, code or file to write."""

_ABBREVIABLE = sorted(RESERVED_ARGUMENTS | WORDED_ARGUMENTS | CODE_ARGUMENTS | OWN_FIELDS.keys())
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


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
            f"A submission may not set --{name}: it concerns the prompt, or addresses, files, secrets or code of "
            "the host.",
            "Leave it out; the operator decides about it.",
        )
    if full := abbreviated(name):
        raise _invalid(
            field,
            f"An engine would take --{name} for --{full}, which a submission may not set.",
            "Leave it out, or write the name of another argument in full.",
        )
    _check_value(name, value, field)


def is_reserved(name: str) -> bool:
    """Tell whether only Plumbline and the operator may set an engine's argument."""
    if name in HARMLESS_ARGUMENTS:
        return False
    return name in RESERVED_ARGUMENTS or name in CODE_ARGUMENTS or bool(RESERVED_WORDS & set(name.split("-")))


def abbreviated(name: str) -> str | None:
    """Return an argument out of a submission's reach that a name is the beginning of, or None."""
    if name in HARMLESS_ARGUMENTS:
        return None
    return next((full for full in _ABBREVIABLE if full != name and full.startswith(name)), None)


def _check_value(name: str, value: Scalar, field: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise _invalid(field, f"--{name} has the value {value}.", "Give a finite number.")
    if isinstance(value, str) and ("\x00" in value or "\n" in value or "\r" in value):
        raise _invalid(field, f"The value of --{name} contains a control character.", "Write it on one line.")


def _invalid(field: str, message: str, remedy: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(message, remedy=remedy, field=field)
