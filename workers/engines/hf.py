"""Hugging Face transformers, behind our own small server `inside/hf_server`: the reference implementation."""

from __future__ import annotations

from pathlib import Path

from evals.spec import EngineSpec, ModelSpec, Scalar
from workers.engines.base import INSIDE, flags
from workers.engines.dtypes import launch_dtype
from workers.ports import LOOPBACK


class HuggingFace:
    """Serve a model with `python -m hf_server` in an environment that has torch and transformers."""

    kind = "hf"
    main_package = "transformers"
    ready_path = "/health"
    capabilities = frozenset({"completions", "chat", "images", "prompt_logprobs", "streaming"})

    def command(self, spec: EngineSpec, model: ModelSpec, *, port: int, interpreter: Path) -> list[str]:
        """Return the command line that serves the model on the loopback port."""
        fixed: dict[str, Scalar] = {"model-path": model.path, "host": LOOPBACK, "port": port}
        fixed |= {"dtype": launch_dtype(spec, model), "device": spec.device}
        if model.revision is not None:
            fixed["revision"] = model.revision
        return [str(interpreter), "-m", "hf_server", *flags(fixed | spec.args)]

    def environment(self, spec: EngineSpec) -> dict[str, str]:
        """Return the variables this engine needs beside the allowed ones."""
        return {"PYTHONPATH": str(INSIDE)}

    def import_check(self, device: str) -> str:
        """Return Python code that fails when an environment of this engine is broken."""
        return "import torch, transformers, hf_server"

    def help_command(self, interpreter: Path) -> list[str]:
        """Return the command that prints all options."""
        return [str(interpreter), "-m", "hf_server", "--help"]
