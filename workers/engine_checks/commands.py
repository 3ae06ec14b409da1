"""The command lines of SGLang's own checks, made from the one that serves the model.

Text and vision: SGLang 0.5.23's one_batch tokenizes three texts (or those of a file) and runs them through the model
runner; it has neither a processor nor a request with pictures, so that of a vision model it runs the language model
alone, as SGLang's guide for new models does too (its `--model-type` is an option of the transformers script beside it).
What is shown pictures without a server is the offline engine, whose whole path from picture to text is SGLang's own:
engine-check/offline, which puts prompts with pictures where the model takes them (`model_type`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.spec import EngineSpec, ModelSpec
from workers.engines.base import INSIDE, EngineEnvironment
from workers.engines.registry import local_engine
from workers.ports import free_port

ONE_BATCH_MODULES = ("sglang.benchmark.one_batch", "sglang.bench_one_batch")
"""Where SGLang has it, the newest place first (0.5.23; up to 0.5.17)."""

OFFLINE = INSIDE / "sglang_offline" / "generate.py"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Hold what a check runs in; the spec's package and the model's path are folders of this host.

    variables: the engine's whole environment.
    """

    spec: EngineSpec
    model: ModelSpec
    environment: EngineEnvironment
    variables: Mapping[str, str]

    @property
    def serving(self) -> list[str]:
        """Return the command line that would serve the model on a free port."""
        engine = local_engine(self.spec.kind)
        return engine.command(self.spec, self.model, port=free_port(), interpreter=self.environment.interpreter)

    @property
    def arguments(self) -> list[str]:
        """Return the arguments of that command line, without interpreter and module."""
        words = self.serving
        return words[words.index("-m") + 2 :]

    @property
    def is_exact(self) -> bool:
        """Tell whether the model is served in float32, in which near ties do not part equal engines."""
        return self.spec.dtype == "float32" or (self.spec.dtype == "auto" and self.spec.device == "cpu")


def one_batch(candidate: Candidate) -> list[str] | None:
    """Return the command of one_batch's correctness test; None when this SGLang has none."""
    package = candidate.environment.package
    for module in ONE_BATCH_MODULES:
        file = module.removeprefix("sglang.").replace(".", "/") + ".py"
        if package is None or (package / file).is_file():
            return [str(candidate.environment.interpreter), "-m", module, *candidate.arguments, "--correct"]
    return None


def unittest_file(candidate: Candidate, test: str) -> Path | None:
    """Return the file of a unittest in the engine's checkout; None without a checkout or such a file."""
    tree = candidate.environment.tree
    name = f"{test.partition('.')[0]}.py"
    return next(iter(sorted((tree / "test").rglob(name))), None) if tree is not None else None


def unittest(candidate: Candidate, test: str) -> list[str]:
    """Return the command of a unittest, whose folder must be on PYTHONPATH."""
    return [str(candidate.environment.interpreter), "-m", "unittest", "-v", test]


def offline(candidate: Candidate, asked: Path, answers: Path) -> list[str]:
    """Return the command that asks the offline engine."""
    return [str(candidate.environment.interpreter), str(OFFLINE), str(asked), str(answers)]


def with_path(variables: Mapping[str, str], folders: Sequence[Path]) -> dict[str, str]:
    """Return an environment with more folders behind those of PYTHONPATH."""
    path = ":".join([*filter(None, [variables.get("PYTHONPATH")]), *map(str, folders)])
    return {**variables, "PYTHONPATH": path}
