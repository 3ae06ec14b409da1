"""Which variables of the worker reach an engine."""

from __future__ import annotations

import pytest

from workers.environment import cpu_threads, engine_environment

SECRETS = (
    "DATABASE_URL", "REDIS_URL", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE",
    "GITHUB_TOKEN", "PLUMBLINE_HOME", "PLUMBLINE_WEBHOOK_SECRET", "OPENAI_API_KEY", "NVIDIA_API_KEY", "HTTPS_PROXY",
    "PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "SSH_AUTH_SOCK",
)  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_and_our_own_settings_stay_out(name: str) -> None:
    environment = engine_environment({name: "x", "PATH": "/bin"}, additions={}, devices=(), threads=None)
    assert name not in environment
    assert environment["PATH"] == "/bin"


def test_what_engines_need_passes() -> None:
    ours = {"HOME": "/h", "LC_ALL": "C.UTF-8", "CUDA_HOME": "/cuda", "HF_HOME": "/hf", "HF_HUB_OFFLINE": "1"}
    environment = engine_environment(ours, additions={"PYTHONPATH": "/inside"}, devices=(), threads=None)
    assert ours.items() <= environment.items()
    assert environment["PYTHONPATH"] == "/inside"


def test_visible_gpus_come_from_the_hold_alone() -> None:
    ours = {"CUDA_VISIBLE_DEVICES": "0,1", "NVIDIA_VISIBLE_DEVICES": "all"}
    environment = engine_environment(ours, additions={}, devices=("GPU-a", "GPU-b"), threads=None)
    assert environment["CUDA_VISIBLE_DEVICES"] == "GPU-a,GPU-b"
    assert "NVIDIA_VISIBLE_DEVICES" not in environment
    assert engine_environment(ours, additions={}, devices=(), threads=None)["CUDA_VISIBLE_DEVICES"] == ""


def test_engines_on_the_cpu_share_the_cores() -> None:
    assert cpu_threads(cores=2, slots=2) == 1
    assert cpu_threads(cores=1, slots=2) == 1
    assert cpu_threads(cores=16, slots=3) == 5
    environment = engine_environment({"OMP_NUM_THREADS": "64"}, additions={}, devices=(), threads=5)
    assert environment["OMP_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "5"
