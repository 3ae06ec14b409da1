"""Build the JSON body of a submission from what the options of `plumbline submit` say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.options import engine_arguments


@dataclass(frozen=True, kw_only=True)
class Side:
    """Hold what the options say of one engine; None where they say nothing.

    arguments: `key=value` texts, given with the option `--{arguments_option}`. architectures: separated by commas.
    """

    engine: str
    arguments_option: str
    arguments: list[str] | None = None
    url: str | None = None
    served_model: str | None = None
    capabilities: list[str] | None = None
    gpus: int | None = None
    external_package: Path | None = None
    architectures: str | None = None

    def body(self, shared: dict[str, Any]) -> dict[str, Any]:
        """Return the engine's JSON form; shared: the options of both engines, which a remote one has no use for."""
        own = {
            "engine": self.engine,
            "args": engine_arguments(self.arguments or [], f"--{self.arguments_option}"),
            "gpus": self.gpus,
            "external_package": str(self.external_package.expanduser().resolve()) if self.external_package else None,
            "architectures": [name.strip() for name in self.architectures.split(",")] if self.architectures else None,
            "base_url": self.url,
            "served_model": self.served_model,
            "capabilities": self.capabilities or None,
        }
        return given(own if self.engine == "remote" else own | shared)


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
