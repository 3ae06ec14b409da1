"""SGLang: its command line, environment and readiness.

On a CPU our `inside/sglang_cpu` stands in for the kernels that only a GPU build has; without `max-total-tokens` the KV
pool would follow the machine's memory, and without `sleep-on-idle` an idle server keeps a core busy.
"""

from __future__ import annotations

import json
from pathlib import Path

from evals.code_sources import INSTALLED
from evals.engine_rules import PARALLELISM
from evals.spec import EngineSpec, ModelSpec, Scalar
from workers.engines.base import INSIDE, flags
from workers.engines.dtypes import launch_dtype
from workers.external_models import external_variables
from workers.ports import LOOPBACK

CPU_DEFAULTS: dict[str, Scalar] = {"max-total-tokens": 16384, "sleep-on-idle": True}
DEFAULTS: dict[str, Scalar] = {"random-seed": 1234}


class SGLang:
    """Serve a model with `python -m sglang.launch_server`; /health answers 503 until the server is warm."""

    kind = "sglang"
    main_package = "sglang"
    ready_path = "/health"
    capabilities = frozenset({"completions", "chat", "images", "prompt_logprobs", "streaming"})

    def command(self, spec: EngineSpec, model: ModelSpec, *, port: int, interpreter: Path) -> list[str]:
        """Return the command line that serves the model on the loopback port."""
        fixed: dict[str, Scalar] = {"model-path": model.path, "host": LOOPBACK, "port": port, "device": spec.device}
        if model.revision is not None:
            fixed["revision"] = model.revision
        fixed["dtype"] = launch_dtype(spec, model)
        if spec.architectures:
            fixed["json-model-override-args"] = json.dumps({"architectures": list(spec.architectures)})
        return [str(interpreter), "-m", "sglang.launch_server", *flags(fixed | self._defaults(spec) | spec.args)]

    def environment(self, spec: EngineSpec) -> dict[str, str]:
        """Return the variables this engine needs beside the allowed ones."""
        variables = external_variables(spec)
        path = []
        if spec.device == "cpu":
            variables["SGLANG_USE_CPU_ENGINE"] = "1"
            path.append(str(INSIDE / "sglang_cpu"))
        if spec.external_package is not None:
            path.append(str(Path(spec.external_package).parent))
        if spec.source != INSTALLED:
            # In a checkout SGLang would compile Rust modules as it starts; those that fit were put there before.
            variables["SGLANG_RUST_BUILD_MODE"] = "never"
        if path:
            variables["PYTHONPATH"] = ":".join(path)
        return variables

    def import_check(self, device: str) -> str:
        """Return Python code that fails when an environment of this engine is broken."""
        # The GPU build loads CUDA libraries as it is imported, which a host without a driver has not.
        return "import torch, transformers, sglang" + (", sglang.srt.server_args" if device == "cpu" else "")

    def help_command(self, interpreter: Path) -> list[str]:
        """Return the command that prints all options."""
        return [str(interpreter), "-m", "sglang.launch_server", "--help"]

    def _defaults(self, spec: EngineSpec) -> dict[str, Scalar]:
        defaults = DEFAULTS | (CPU_DEFAULTS if spec.device == "cpu" else {})
        parallel = {*PARALLELISM.keys(), *PARALLELISM.values()}
        if spec.gpus > 1 and not parallel & spec.args.keys():
            defaults = defaults | {"tp-size": spec.gpus}
        return defaults
