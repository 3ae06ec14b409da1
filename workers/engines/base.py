"""What every engine module offers, and what is known of an installed engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from evals.spec import EngineSpec, ModelSpec, Scalar

INSIDE = Path(__file__).resolve().parent / "inside"
"""The folder with our code that runs inside engines' own Python environments."""


@dataclass(frozen=True, kw_only=True)
class EngineEnvironment:
    """Name an engine's interpreter, its package versions, and the options its command line knows.

    options: names without dashes; empty when they are not known, and then a submission may set none. package: the
    folder of the engine's own code. python_path: folders that come before the environment's packages. tree: the whole
    checkout of an engine that was fetched. origin: what is known of another source than the installed one, as facts
    of a job. stamp: another one after each install.
    """

    engine: str
    device: str
    interpreter: Path
    versions: Mapping[str, str] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    package: Path | None = None
    python_path: tuple[Path, ...] = ()
    tree: Path | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    stamp: str = ""

    def completed(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return an engine's variables with this environment's folders first in PYTHONPATH."""
        path = [*map(str, self.python_path), *filter(None, [variables.get("PYTHONPATH")])]
        return {**variables, **({"PYTHONPATH": ":".join(path)} if path else {})}


class Engine(Protocol):
    """Say how one kind of engine is started and when it is ready; pure, starts nothing.

    main_package: the Python package whose version is the engine's.
    """

    kind: str
    main_package: str
    ready_path: str
    capabilities: frozenset[str]

    def command(self, spec: EngineSpec, model: ModelSpec, *, port: int, interpreter: Path) -> list[str]:
        """Return the command line that serves the model on the loopback port."""
        ...

    def environment(self, spec: EngineSpec) -> dict[str, str]:
        """Return the variables this engine needs beside the allowed ones."""
        ...

    def import_check(self, device: str) -> str:
        """Return Python code that fails when an environment of this engine is broken."""
        ...

    def help_command(self, interpreter: Path) -> list[str]:
        """Return the command that prints all options."""
        ...


def package_folder(environment: Path, package: str) -> Path | None:
    """Return the folder of a package in a Python environment, where somebody may edit it in place."""
    return next(iter(sorted(environment.glob(f"lib/python*/site-packages/{package}"))), None)


def flags(args: Mapping[str, Scalar]) -> list[str]:
    """Return command-line arguments: `--name=value`, a bare `--name` for True, nothing for False.

    One word each, so that a value that begins with a dash stays a value.
    """
    return [f"--{name}" if value is True else f"--{name}={value}" for name, value in args.items() if value is not False]
