"""Build the environment variables of an engine's process: an allow-list, so that no secret of ours reaches it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

ALLOWED = frozenset(
    {
        "CURL_CA_BUNDLE", "HF_DATASETS_OFFLINE", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HOME", "LANG",
        "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE",
        "TMPDIR", "TRANSFORMERS_OFFLINE", "TZ", "USER", "XDG_CACHE_HOME",
    }
)  # fmt: skip
ALLOWED_PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "NCCL_", "OMP_", "KMP_", "MKL_")
FROM_THE_HOLD = frozenset({"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"})
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip


def engine_environment(
    ours: Mapping[str, str], *, additions: Mapping[str, str], devices: Sequence[str], threads: int | None
) -> dict[str, str]:
    """Return an engine's environment out of the worker's own.

    additions: what the engine needs besides. devices: UUIDs of the GPUs it may see; () hides all. threads: how many
    CPU threads its numeric libraries may use; None leaves the choice to them.
    """
    environment = {name: value for name, value in ours.items() if is_allowed(name)}
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONFAULTHANDLER"] = "1"
    environment["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
    if threads is not None:
        environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    return environment | dict(additions)


def is_allowed(name: str) -> bool:
    """Tell whether a variable of the worker may reach an engine."""
    if name in FROM_THE_HOLD or SECRET.search(name):
        return False
    return name in ALLOWED or name.startswith(ALLOWED_PREFIXES)


def cpu_threads(*, cores: int, slots: int) -> int:
    """Return each CPU engine's share of the cores, at least one thread."""
    return max(1, cores // slots)
